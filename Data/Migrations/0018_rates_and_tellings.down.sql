-- What a rate holds goes at once: nobody would ever queue it.
update executions set status = 'queued', queued_at = now() where status = 'held' and concurrency_key is null;
drop function admit_limited_starts(uuid[], uuid[], text[], int[], text[], text[]);
drop function admit_limited(uuid, uuid[], text[], int[], text[], text[]);
create or replace function overtake_executions(tenant uuid, workflow uuid, key text, max_active int, newcomers int) returns int
  language plpgsql volatile as $$
declare
  overtaken int;
begin
  with others as (
    select e.id from executions e
    where e.tenant_id = tenant and e.workflow_id = workflow and e.concurrency_key = overtake_executions.key
      and e.status in ('queued', 'running', 'waiting', 'paused') and e.stop_request is distinct from 'cancel'
    union all
    select e.id from executions e
    where e.tenant_id = tenant and e.workflow_id = workflow and e.concurrency_key = overtake_executions.key and e.status = 'held'
  ),
  unwanted as (
    select o.id from others o order by o.id desc offset greatest(overtake_executions.max_active - newcomers, 0)
  ),
  locked as (
    select e.tenant_id, e.id from unwanted u join executions e on e.tenant_id = tenant and e.id = u.id
    where e.finished_at is null order by e.tenant_id, e.id for update of e skip locked
  )
  update executions e
  set stop_request = 'cancel', stop_reason = 'Overtaken by a younger execution.', wakes = e.wakes + 1,
      status = case when e.status in ('waiting', 'paused', 'held') then 'queued' else e.status end,
      queued_at = case when e.status in ('waiting', 'paused', 'held') then now() else e.queued_at end
  from locked l where e.tenant_id = l.tenant_id and e.id = l.id;
  get diagnostics overtaken = row_count;
  return overtaken;
end $$;

create or replace function promote_held(tenant uuid, workflow uuid, key text)
  returns table (tenant_id uuid, id uuid, priority smallint, status text)
  language plpgsql volatile as $$
declare
  max_active int;
  active int;
begin
  select e.concurrency_limit into max_active from executions e
  where e.tenant_id = tenant and e.workflow_id = workflow and e.concurrency_key = promote_held.key and e.status = 'held'
  order by e.id desc limit 1;
  if max_active is null then
    return;
  end if;
  select count(*) into active from executions e
  where e.tenant_id = tenant and e.workflow_id = workflow and e.concurrency_key = promote_held.key
    and e.status in ('queued', 'running', 'waiting', 'paused');
  return query
    with oldest as (
      select e.tenant_id, e.id from executions e
      where e.tenant_id = tenant and e.workflow_id = workflow and e.concurrency_key = promote_held.key and e.status = 'held'
      order by e.id limit greatest(max_active - active, 0) for update skip locked
    )
    update executions e set status = 'queued', queued_at = now()
    from oldest o where e.tenant_id = o.tenant_id and e.id = o.id
    returning e.tenant_id, e.id, e.priority, e.status;
end $$;

create or replace function settle_slots(tenants uuid[], workflows uuid[], keys text[])
  returns table (tenant_id uuid, id uuid, priority smallint, status text)
  language plpgsql volatile as $$
declare
  slot record;
begin
  for slot in
    select k.tenant_id, k.workflow_id, k.key, w.start_settings ->> 'overlapPolicy' as policy
    from unnest(tenants, workflows, keys) as k (tenant_id, workflow_id, key)
    join workflows w on w.tenant_id = k.tenant_id and w.id = k.workflow_id
  loop
    continue when not pg_try_advisory_xact_lock(
      1466524786, (hashtextextended(concat_ws('/', slot.tenant_id, slot.workflow_id, slot.key), 0) & 255)::int);
    if slot.policy = 'cancelOldest' then
      perform overtake_executions(slot.tenant_id, slot.workflow_id, slot.key, h.concurrency_limit, 0)
      from (
        select e.concurrency_limit from executions e
        where e.tenant_id = slot.tenant_id and e.workflow_id = slot.workflow_id and e.concurrency_key = slot.key and e.status = 'held'
        order by e.id desc limit 1
      ) h;
    end if;
    return query select p.* from promote_held(slot.tenant_id, slot.workflow_id, slot.key) p;
  end loop;
end $$;

drop index executions_delayed;
alter table executions drop column not_before;
drop table rate_slots;

drop trigger approval_requests_opened on approval_requests;
drop trigger approval_requests_ended on approval_requests;
drop function tell_of_approval_change();
drop function tell_of_approval(uuid, uuid, text, text, jsonb);
revoke execute on function new_uuid_v7() from workflows_api, workflows_worker;
revoke execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) from workflows_api;
alter table event_matches drop column notified;
