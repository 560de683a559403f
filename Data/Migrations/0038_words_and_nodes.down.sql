alter table search.corpora drop column analysis;
drop index search.documents_nodes;
delete from search.documents where content_type = 'node';
alter table search.documents drop constraint documents_type_known;
alter table search.documents add constraint documents_type_known
  check (content_type in ('workflow', 'execution', 'knowledge_article', 'prompt_card', 'conversation'));
drop table search.words;
