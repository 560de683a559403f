drop trigger approval_requests_opened on approval_requests;
drop trigger approval_requests_ended on approval_requests;
drop function tell_of_approval_change();
drop function tell_of_approval(uuid, uuid, text, text, jsonb);
revoke execute on function new_uuid_v7() from workflows_api, workflows_worker;
revoke execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) from workflows_api;
alter table event_matches drop column notified;
