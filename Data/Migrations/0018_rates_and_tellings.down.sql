create or replace function workflows.enqueue(
    workflow text, input jsonb default '{}', idempotency_key text default null, correlation_id text default null, priority text default null)
  returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  tenants_of_role uuid[] := array(select c.tenant_id from workflows.clients c join tenants t on t.tenant_id = c.tenant_id and t.status = 'active'
                                  where c.role_name = session_user);
  tenant uuid := tenants_of_role[1];
  wanted text := coalesce(enqueue.workflow, '');
  found_ids uuid[];
  target record;
  body jsonb := coalesce(enqueue.input, '{}');
  execution uuid := new_uuid_v7();
  request bytea;
  earlier record;
  most int;
  admission text := 'queued';
begin
  if cardinality(tenants_of_role) <> 1 then
    raise exception 'The role % may not start workflows.', session_user
      using errcode = 'WF010', hint = 'The owner of the database maps it to a tenant: select workflows.grant_client(role, tenant)';
  end if;
  if wanted ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    found_ids := array[wanted::uuid];
  else
    found_ids := array(select w.id from workflows w where w.tenant_id = tenant and lower(w.name) = lower(wanted) and w.deleted_at is null limit 2);
  end if;
  if cardinality(found_ids) > 1 then
    raise exception 'There is more than one workflow named %.', wanted using errcode = 'WF011', hint = 'Name it by its id.';
  end if;
  select w.id, w.published_version, w.enabled, v.definition -> 'settings' as settings into target
  from workflows w
  left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.number = w.published_version
  where w.tenant_id = tenant and w.id = found_ids[1] and w.deleted_at is null;
  if not found then
    raise exception 'There is no workflow %.', wanted using errcode = 'WF011';
  elsif target.published_version is null or not target.enabled then
    raise exception 'The workflow % is not published, or switched off.', wanted using errcode = 'WF011';
  end if;
  -- The key of a limit is an expression on the input, which only the platform can evaluate: without it the execution would run outside its limit.
  if target.settings -> 'concurrency' ->> 'key' is not null then
    raise exception 'The workflow % limits concurrency by a key and cannot be started from SQL.', wanted
      using errcode = 'WF011', hint = 'Start it through the API, or limit it without a key.';
  end if;
  if octet_length(body::text) > 1048576 then
    raise exception 'An input has at most 1048576 bytes.' using errcode = 'WF012';
  elsif length(enqueue.correlation_id) not between 1 and 256 then
    raise exception 'A correlation id has 1 to 256 characters.' using errcode = 'WF012';
  elsif length(enqueue.idempotency_key) not between 1 and 200 then
    raise exception 'An idempotency key has 1 to 200 characters.' using errcode = 'WF012';
  elsif enqueue.priority not in ('high', 'normal', 'low') then
    raise exception 'The priority is high, normal or low.' using errcode = 'WF012';
  end if;
  if enqueue.idempotency_key is not null then
    request := sha256(convert_to(concat_ws('|', body, enqueue.correlation_id, enqueue.priority), 'UTF8'));
    insert into idempotency_keys as k (tenant_id, scope, key, request_hash, response, created_at, expires_at)
    values (tenant, 'sql:' || target.id, enqueue.idempotency_key, request, jsonb_build_object('executionId', execution), now(), now() + interval '24 hours')
    on conflict (tenant_id, scope, key) do update
      set request_hash = excluded.request_hash, response = excluded.response, created_at = excluded.created_at, expires_at = excluded.expires_at
      where k.expires_at <= now();
    if not found then
      select k.request_hash, (k.response ->> 'executionId')::uuid as id into strict earlier
      from idempotency_keys k where k.tenant_id = tenant and k.scope = 'sql:' || target.id and k.key = enqueue.idempotency_key;
      if earlier.request_hash <> request then
        raise exception 'The idempotency key was used for another request.' using errcode = 'WF013';
      end if;
      return earlier.id;
    end if;
  end if;
  most := (target.settings -> 'concurrency' ->> 'limit')::int;
  if most is not null then
    select a.status into strict admission
    from admit_executions(tenant, array[target.id], array[''], array[most], array[coalesce(target.settings ->> 'overlapPolicy', 'queue')]) a;
    if admission = 'skipped' then
      raise exception 'As many executions of % run as its concurrency limit allows.', wanted using errcode = 'WF014';
    end if;
  end if;
  insert into executions (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, created_by, queued_at,
    concurrency_key, concurrency_limit)
  values (tenant, execution, target.id, target.published_version, admission,
    case coalesce(enqueue.priority, target.settings ->> 'priority') when 'high' then 1 when 'low' then -1 else 0 end,
    'sql', jsonb_build_object('type', 'sql', 'id', session_user), enqueue.correlation_id, body, 'sql:' || session_user, now(),
    case when most is not null then '' end, most);
  return execution;
end $$;

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

drop index executions_unadmitted;
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
