delete from outbox where topic = 'index_prompt_card';
do $$
declare
  known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
    where conname = 'outbox_topic_known' and conrelid = 'outbox'::regclass);
begin
  alter table outbox drop constraint outbox_topic_known;
  execute format('alter table outbox add constraint outbox_topic_known check (%s)',
    replace(known, $or$ OR (topic = 'index_prompt_card'::text)$or$, ''));
end $$;
delete from search.documents where content_type = 'prompt_card';
revoke select (tenant_id, id, deleted_at) on workspaces from workflows_search;
drop trigger workspaces_index_cards on workspaces;
drop function index_cards_of_workspace();
drop function prompt_cards_holding(jsonb, jsonb);
drop table test_executions, prompt_test_runs, prompt_test_sets, prompt_versions, prompt_cards;
