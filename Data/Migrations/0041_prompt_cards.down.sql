drop function workspaces_of_person(uuid, uuid);
drop function prompt_cards_holding(jsonb, jsonb);
drop table test_executions, prompt_test_runs, prompt_test_sets, prompt_versions, prompt_cards;
