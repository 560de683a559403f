revoke execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) from workflows_api;
alter table event_matches drop column notified;
