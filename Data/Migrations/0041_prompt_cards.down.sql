revoke select (tenant_id, id, deleted_at) on workspaces from workflows_search;
drop trigger workspaces_index_cards on workspaces;
drop function index_cards_of_workspace();
drop function workspaces_of_person(uuid, uuid);
drop function prompt_cards_holding(jsonb, jsonb);
drop table test_executions, prompt_test_runs, prompt_test_sets, prompt_versions, prompt_cards;
