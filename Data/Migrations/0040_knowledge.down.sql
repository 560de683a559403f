drop function workspaces_of_person(uuid, uuid);
drop trigger workspace_articles_follow on workspaces;
drop function leave_articles_of_workspace_to_index();
delete from outbox where topic = 'index_article';
delete from search.documents where content_type = 'knowledge_article';
drop table own_embeddings, own_embedding_types, knowledge_files, knowledge_versions, knowledge_articles;
drop function leave_article_to_index();
alter table outbox drop constraint outbox_topic_known;
alter table outbox add constraint outbox_topic_known
  check (topic in ('index_workflow', 'index_execution', 'remove_workflow'));
revoke select on workspaces from workflows_search;
revoke insert on outbox from workflows_search;
