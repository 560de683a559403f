-- How many users the action notify of a rule told.
alter table event_matches add column notified int;

-- Routing happens in the API, too, and finds there whom a rule tells.
grant execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) to workflows_api;
