-- How many users the action notify of a rule told.
alter table event_matches add column notified int;

-- Routing happens in the API, too, and finds there whom a rule tells.
grant execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) to workflows_api;

-- The events of approvals (docs/events.md), each stored by the transaction in which the thing happens and named after it: at most once. hops keeps a chain
-- of executions that ask and are started by the asking from going on for ever: it ends where a chain of rules does (Engine.Limits.RuleHops).
create function tell_of_approval(of_tenant uuid, request uuid, happened text, occasion text, more jsonb) returns void
  language plpgsql as $$
declare
  asked approval_requests;
  began jsonb;
  hops int;
  event uuid;
begin
  select * into asked from approval_requests r where r.tenant_id = of_tenant and r.id = request;
  select e.trigger -> 'event' into began from executions e where e.tenant_id = of_tenant and e.id = asked.execution_id;
  hops := 1 + case when jsonb_typeof(began -> 'hops') = 'number' and (began ->> 'hops')::numeric between 0 and 1000 then (began ->> 'hops')::int else 0 end;
  if asked.id is null or hops > 10 then
    return;
  end if;
  insert into event_dedupe (tenant_id, source, event_id, id, expires_at)
  values (of_tenant, '/approvals', request || ':' || occasion, new_uuid_v7(), now() + interval '7 days')
  on conflict do nothing
  returning id into event;
  if event is null then
    return;
  end if;
  insert into events (tenant_id, id, event_id, source, type, subject, correlation_key, time, data_content_type, data, extensions, received_at)
  values (of_tenant, event, request || ':' || occasion, '/approvals', 'approval.' || happened, request::text, request::text, now(), 'application/json',
    jsonb_strip_nulls(jsonb_build_object(
      'requestId', asked.id, 'title', asked.title, 'workflowId', asked.workflow_id, 'executionId', asked.execution_id, 'nodeId', asked.node_id,
      'dueAt', to_char(asked.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'expiresAt', to_char(asked.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) || more,
    jsonb_build_object('hops', hops), now());
  insert into events_to_route (tenant_id, id) values (of_tenant, event);
end $$;
grant execute on function new_uuid_v7() to workflows_api, workflows_worker;

create function tell_of_approval_change() returns trigger
  language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform tell_of_approval(new.tenant_id, new.id, 'requested', 'requested', '{}');
  elsif new.status in ('approved', 'rejected') then
    perform tell_of_approval(new.tenant_id, new.id, 'decided', 'closed',
      approval_result(new.tenant_id, new.id, new.status) - 'requestId');
  else
    perform tell_of_approval(new.tenant_id, new.id, new.status, 'closed', jsonb_build_object('outcome', new.status));
  end if;
  return null;
end $$;
create trigger approval_requests_opened after insert on approval_requests
  for each row execute function tell_of_approval_change();
create trigger approval_requests_ended after update of status on approval_requests
  for each row when (old.status = 'open' and new.status <> 'open')
  execute function tell_of_approval_change();
