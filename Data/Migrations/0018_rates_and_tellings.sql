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

-- Rate limits. The next start under a key goes at the first moment at which fewer than the limit have gone within the period before it: a moment per start,
-- numbered, so that the one which bounds the next is found by its number. Rows go when their period is over. A start whose moment is yet to come is inserted as
-- 'held' with it.
create table rate_slots (
  tenant_id    uuid not null,
  workflow_id  uuid not null,
  key          text not null,
  n            bigint not null,
  at           timestamptz not null,
  expires_at   timestamptz not null,

  primary key (tenant_id, workflow_id, key, n)
);
create index rate_slots_expiry on rate_slots (expires_at);
call protect_tenant_table('rate_slots');
grant select, insert, delete on rate_slots to workflows_api;
call open_to_worker('rate_slots', 'select, insert, update, delete');
call open_to_auth('rate_slots', 'select, insert, delete');

alter table executions add column not_before timestamptz;
create index executions_delayed on executions (not_before) where status = 'held' and concurrency_key is null and not_before is not null;

-- admit_executions for starts of which some have a rate limit: rates are 'limit/seconds/key', or null. not_before is given with 'held' when it is the rate that holds the
-- start; keys are null where only the rate is limited. The lock of a rate is taken with those of the concurrency keys.
create function admit_limited(tenant uuid, workflows uuid[], keys text[], limits int[], policies text[], rates text[])
  returns table (place int, status text, not_before timestamptz)
  language plpgsql volatile as $$
declare
  results text[] := array_fill('queued'::text, array[cardinality(workflows)]);
  moments timestamptz[] := array_fill(null::timestamptz, array[cardinality(workflows)]);
  numbers bigint[] := array_fill(null::bigint, array[cardinality(workflows)]);
  due int[];
  answer record;
  most int;
  period interval;
  rate_key text;
  latest record;
  bound timestamptz;
  moment timestamptz;
begin
  perform hold_slots(array_fill(tenant, array[2 * cardinality(workflows)]), workflows || workflows,
    keys || array(select E'\x01rate/' || substring(r.rate from '^[^/]*/[^/]*/(.*)$') from unnest(rates) with ordinality as r (rate, n) order by r.n));
  for i in 1 .. cardinality(workflows) loop
    continue when rates[i] is null;
    most := split_part(rates[i], '/', 1)::int;
    period := make_interval(secs => split_part(rates[i], '/', 2)::float8);
    rate_key := substring(rates[i] from '^[^/]*/[^/]*/(.*)$');
    select s.n, s.at into latest from rate_slots s
    where s.tenant_id = tenant and s.workflow_id = workflows[i] and s.key = rate_key order by s.n desc limit 1;
    select s.at into bound from rate_slots s
    where s.tenant_id = tenant and s.workflow_id = workflows[i] and s.key = rate_key and s.n <= latest.n - most + 1 order by s.n desc limit 1;
    moment := greatest(clock_timestamp(), latest.at, bound + period);
    if moment > clock_timestamp() then
      results[i] := case when policies[i] = 'skip' then 'skipped' else 'held' end;
    end if;
    continue when results[i] = 'skipped';
    numbers[i] := coalesce(latest.n, 0) + 1;
    insert into rate_slots (tenant_id, workflow_id, key, n, at, expires_at) values (tenant, workflows[i], rate_key, numbers[i], moment, moment + period);
    moments[i] := case when results[i] = 'held' then moment end;
  end loop;
  due := array(select p.place from generate_subscripts(workflows, 1) as p (place) where results[p.place] = 'queued' and keys[p.place] is not null order by 1);
  for answer in
    select a.place, a.status
    from admit_executions(tenant, array(select workflows[o] from unnest(due) o), array(select keys[o] from unnest(due) o),
      array(select limits[o] from unnest(due) o), array(select policies[o] from unnest(due) o)) a
    where cardinality(due) > 0
  loop
    results[due[answer.place]] := answer.status;
    if answer.status = 'skipped' then
      delete from rate_slots s
      where s.tenant_id = tenant and s.workflow_id = workflows[due[answer.place]] and s.n = numbers[due[answer.place]]
        and s.key = substring(rates[due[answer.place]] from '^[^/]*/[^/]*/(.*)$');
    end if;
  end loop;
  return query select p.place, results[p.place], moments[p.place] from generate_subscripts(workflows, 1) as p (place);
end $$;

-- The same for starts of several tenants in one transaction: all locks first, in their order.
create function admit_limited_starts(tenants uuid[], workflows uuid[], keys text[], limits int[], policies text[], rates text[])
  returns table (place int, status text, not_before timestamptz)
  language plpgsql volatile as $$
begin
  perform hold_slots(tenants || tenants, workflows || workflows,
    keys || array(select E'\x01rate/' || substring(r.rate from '^[^/]*/[^/]*/(.*)$') from unnest(rates) with ordinality as r (rate, n) order by r.n));
  return query
    select g.places[a.place], a.status, a.not_before
    from (
      select s.tenant_id, array_agg(s.place::int order by s.place) as places, array_agg(s.workflow_id order by s.place) as workflows,
        array_agg(s.key order by s.place) as keys, array_agg(s.max_active order by s.place) as limits, array_agg(s.policy order by s.place) as policies,
        array_agg(s.rate order by s.place) as rates
      from unnest(tenants, workflows, keys, limits, policies, rates) with ordinality as s (tenant_id, workflow_id, key, max_active, policy, rate, place)
      group by s.tenant_id
    ) g
    cross join lateral admit_limited(g.tenant_id, g.workflows, g.keys, g.limits, g.policies, g.rates) a;
end $$;

-- What the rate still holds neither counts for a concurrency limit nor is queued by it, nor does it overtake anybody.
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
      and (e.not_before is null or e.not_before <= now())
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
    and (e.not_before is null or e.not_before <= now())
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
        and (e.not_before is null or e.not_before <= now())
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
          and (e.not_before is null or e.not_before <= now())
        order by e.id desc limit 1
      ) h;
    end if;
    return query select p.* from promote_held(slot.tenant_id, slot.workflow_id, slot.key) p;
  end loop;
end $$;

-- What SQL started and whose keys are still to be worked out: held, without a key, with a moment that never comes.
create index executions_unadmitted on executions (tenant_id, id) where status = 'held' and not_before = 'infinity';

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
  rate text;
  admission text := 'queued';
  moment timestamptz;
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
  rate := concat_ws('/', target.settings -> 'rateLimit' ->> 'limit', target.settings -> 'rateLimit' ->> 'perSeconds', '');
  if coalesce(target.settings -> 'concurrency' ->> 'key', target.settings -> 'rateLimit' ->> 'key') is not null then
    -- The key of a limit is an expression on the input, which only the platform can evaluate: a worker does, and admits the execution (EnqueuedAdmission).
    admission := 'held';
    moment := 'infinity';
    most := null;
  elsif most is not null or rate <> '' then
    select a.status, a.not_before into strict admission, moment
    from admit_limited(tenant, array[target.id], array[case when most is not null then '' end], array[most],
      array[coalesce(target.settings ->> 'overlapPolicy', 'queue')], array[nullif(rate, '')]) a;
    if admission = 'skipped' then
      raise exception 'As many executions of % run, or have been started, as its limits allow.', wanted using errcode = 'WF014';
    end if;
  end if;
  insert into executions (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, created_by, queued_at,
    concurrency_key, concurrency_limit, not_before)
  values (tenant, execution, target.id, target.published_version, admission,
    case coalesce(enqueue.priority, target.settings ->> 'priority') when 'high' then 1 when 'low' then -1 else 0 end,
    'sql', jsonb_build_object('type', 'sql', 'id', session_user), enqueue.correlation_id, body, 'sql:' || session_user, now(),
    case when most is not null then '' end, most, moment);
  return execution;
end $$;
