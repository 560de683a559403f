-- Limits on what runs at once, and what an operator reads of executions.

-- What a start must know of the published definition without reading it: its settings (priority, concurrency, overlapPolicy). Written in the
-- transaction that publishes.
alter table workflows add column start_settings jsonb;
update workflows w set start_settings = v.definition -> 'settings'
from workflow_versions v
where v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.number = w.published_version;

-- How many with an equal key (of the same workflow) may be active at once, as it was when this one was accepted; null = no limit.
alter table executions add column concurrency_limit int;
alter table executions add constraint executions_limited_iff_keyed check ((concurrency_key is null) = (concurrency_limit is null));

-- A failure that a person has looked at and closed without running it again.
alter table executions add column resolved_at timestamptz;
alter table executions add column resolved_by text;
alter table executions add column resolution text;
alter table executions add constraint executions_resolved_whole check ((resolved_at is null) = (resolved_by is null));

-- By priority, too: the sweep takes of each in turn without reading the others.
drop index executions_queued;
create index executions_queued on executions (tenant_id, priority, id) where status = 'queued';

-- Only limited, paused, cancelled and forked executions pay for these.
create index executions_limited on executions (tenant_id, workflow_id, concurrency_key, id)
  where concurrency_key is not null and status in ('queued', 'running', 'waiting', 'paused');
create index executions_held on executions (tenant_id, workflow_id, concurrency_key, id) where status = 'held';
create index executions_paused on executions (tenant_id, id) where status = 'paused';
create index executions_cancelled on executions (tenant_id, id) where status = 'cancelled';
create index executions_by_origin on executions (tenant_id, forked_from, id) where forked_from is not null;
create index dead_letters_by_workflow on dead_letters (tenant_id, workflow_id, id);

-- A slot is counted, never kept: how many are active under a key follows from the executions themselves, read under the lock of that key. So no crash
-- leaks one. The lock is one of 256, so that a transaction over many keys does not fill the lock table; two keys that share one only wait for each other.
-- Lock order: worker lease, timers, waits, these, executions by (tenant, id).
create function hold_slots(tenants uuid[], workflows uuid[], keys text[]) returns void
  language plpgsql volatile as $$
declare
  slot int;
begin
  for slot in
    select distinct (hashtextextended(concat_ws('/', s.tenant_id, s.workflow_id, s.key), 0) & 255)::int
    from unnest(tenants, workflows, keys) as s (tenant_id, workflow_id, key) where s.key is not null order by 1
  loop
    perform pg_advisory_xact_lock(1466524786, slot);
  end loop;
end $$;

-- The locks of these executions' keys; before their rows are changed.
create function hold_slots_of(tenants uuid[], ids uuid[]) returns void
  language plpgsql volatile as $$
begin
  perform hold_slots(array_agg(e.tenant_id), array_agg(e.workflow_id), array_agg(e.concurrency_key))
  from unnest(tenants, ids) as k (tenant_id, id)
  join executions e on e.tenant_id = k.tenant_id and e.id = k.id
  where e.concurrency_key is not null;
end $$;

-- Decides for starts of one tenant that have a concurrency limit, in their order: 'queued' while fewer than the limit are active under the key; else by policy 'held'
-- (queue, cancelOldest) or 'skipped' (skip: do not insert it). The caller inserts the rows with that status in the same transaction, until whose end nobody else is
-- admitted under these keys. With cancelOldest the oldest of the others that are too many are asked to end.
create function admit_executions(tenant uuid, workflows uuid[], keys text[], limits int[], policies text[])
  returns table (place int, status text)
  language plpgsql volatile as $$
begin
  perform hold_slots(array_fill(tenant, array[cardinality(workflows)]), workflows, keys);
  return query
    with wanted as (
      select w.workflow_id, w.key, w.max_active, w.policy, w.place::int as place, row_number() over (partition by w.workflow_id, w.key order by w.place) as turn
      from unnest(workflows, keys, limits, policies) with ordinality as w (workflow_id, key, max_active, policy, place)
    ),
    slots as (
      select s.workflow_id, s.key, a.active
      from (select distinct w.workflow_id, w.key from wanted w) s
      cross join lateral (
        select count(*) as active from executions e
        where e.tenant_id = tenant and e.workflow_id = s.workflow_id and e.concurrency_key = s.key
          and e.status in ('queued', 'running', 'waiting', 'paused')
      ) a
    )
    select w.place, case when s.active + w.turn <= w.max_active then 'queued' when w.policy = 'skip' then 'skipped' else 'held' end
    from wanted w join slots s on s.workflow_id = w.workflow_id and s.key = w.key;
  if 'cancelOldest' = any (policies) then
    perform overtake_executions(tenant, s.workflow_id, s.key, s.max_active, s.newcomers)
    from (
      select w.workflow_id, w.key, max(w.max_active) as max_active, count(*)::int as newcomers
      from unnest(workflows, keys, limits, policies) as w (workflow_id, key, max_active, policy)
      where w.policy = 'cancelOldest' group by w.workflow_id, w.key order by w.workflow_id, w.key
    ) s;
  end if;
end $$;

-- The same for starts of several tenants in one transaction: all locks first, in their order.
create function admit_starts(tenants uuid[], workflows uuid[], keys text[], limits int[], policies text[])
  returns table (place int, status text)
  language plpgsql volatile as $$
begin
  perform hold_slots(tenants, workflows, keys);
  return query
    select g.places[a.place], a.status
    from (
      select s.tenant_id, array_agg(s.place::int order by s.place) as places, array_agg(s.workflow_id order by s.place) as workflows,
        array_agg(s.key order by s.place) as keys, array_agg(s.max_active order by s.place) as limits, array_agg(s.policy order by s.place) as policies
      from unnest(tenants, workflows, keys, limits, policies) with ordinality as s (tenant_id, workflow_id, key, max_active, policy, place)
      group by s.tenant_id
    ) g
    cross join lateral admit_executions(g.tenant_id, g.workflows, g.keys, g.limits, g.policies) a;
end $$;

-- Asks all but the youngest to end, so that no more than max_active remain together with the newcomers. Under the lock of the key. What is not running is queued for
-- it: a worker ends it with everything that belongs to an end. Rows that somebody else holds at the moment are left to the next look (settle_slots).
create function overtake_executions(tenant uuid, workflow uuid, key text, max_active int, newcomers int) returns int
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

-- Queues those that are held under a key as far as fewer than the limit are active. Under the lock of the key. The limit is the youngest's: a workflow that was
-- published with another one since means all of them.
create function promote_held(tenant uuid, workflow uuid, key text)
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

-- After these executions ended, in the same transaction and under hold_slots_of.
create function release_slots(tenants uuid[], ids uuid[])
  returns table (tenant_id uuid, id uuid, priority smallint, status text)
  language sql volatile
begin atomic
  select p.tenant_id, p.id, p.priority, p.status
  from (
    select distinct e.tenant_id, e.workflow_id, e.concurrency_key
    from unnest(tenants, ids) as k (tenant_id, id)
    join executions e on e.tenant_id = k.tenant_id and e.id = k.id
    where e.concurrency_key is not null
    order by 1, 2, 3
  ) s
  cross join lateral promote_held(s.tenant_id, s.workflow_id, s.concurrency_key) p;
end;

-- The net below all this: looks at these keys, under which executions are held, and queues what may go. Needed only where the transaction that freed the place could not
-- lock the row to queue. A key whose lock is taken is left to the next round: one after the other in no order would invite deadlocks.
create function settle_slots(tenants uuid[], workflows uuid[], keys text[])
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

-- How long executions take, by the hour in which they ended. A bucket is a range of durations, 19 % wide (four per doubling), so that percentiles follow from
-- sums over rows: never from the executions themselves. Kept for a year.
create table workflow_performance (
  tenant_id     uuid not null,
  workflow_id   uuid not null,
  hour          timestamptz not null,
  trigger_type  text not null,
  status        text not null,
  bucket        smallint not null,
  executions    bigint not null,
  total_ms      bigint not null,

  primary key (tenant_id, workflow_id, hour, trigger_type, status, bucket)
);
create index workflow_performance_by_hour on workflow_performance (tenant_id, hour);
create index workflow_performance_expiry on workflow_performance (hour);

-- What each checkpoint adds to it: written by the statement that ends executions, so each end counts once; taken away by the one that adds it up. Without it, every
-- checkpoint would update the same few rows, and wait for the others' locks.
create table performance_deltas (
  tenant_id     uuid not null,
  id            uuid not null,
  workflow_id   uuid not null,
  hour          timestamptz not null,
  trigger_type  text not null,
  status        text not null,
  bucket        smallint not null,
  executions    bigint not null,
  total_ms      bigint not null,

  primary key (tenant_id, id)
);
alter table performance_deltas set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

create function duration_bucket(ms bigint) returns smallint
  language sql immutable parallel safe
  return least(127, floor(4 * log(2.0, greatest(ms, 1)::numeric)))::smallint;

-- What happened to an execution beside its steps: retries that are scheduled, a change of its worker, what nodes wrote. Daily partitions, kept for a week.
create table execution_logs (
  tenant_id     uuid not null,
  id            uuid not null,
  execution_id  uuid not null,
  level         text not null,
  node_id       text,
  message       text not null,
  metadata      jsonb,
  at            timestamptz not null,

  primary key (tenant_id, id),
  constraint execution_logs_level_known check (level in ('debug', 'info', 'warning', 'error'))
) partition by range (id);
create index execution_logs_by_execution on execution_logs (tenant_id, execution_id, id);
create table execution_logs_default partition of execution_logs default;

call protect_tenant_table('workflow_performance');
call protect_tenant_table('performance_deltas');
call protect_tenant_table('execution_logs');
grant select on workflow_performance, execution_logs to workflows_api;
call open_to_worker('workflow_performance', 'select, insert, update, delete');
call open_to_worker('performance_deltas', 'select, insert, update, delete');
call open_to_worker('execution_logs', 'select, insert');

create procedure make_day_partition(target text, day timestamptz)
  language plpgsql as $$
declare
  first timestamptz := date_trunc('day', day, 'UTC');
  name text := target || to_char(first at time zone 'UTC', '_YYYY_MM_DD');
begin
  if to_regclass(name) is null then
    execute format('create table %I (like %I including defaults including constraints)', name, target);
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', target, name, uuid_at(first), uuid_at(first + interval '1 day'));
  end if;
end $$;

-- Tables with a partition per day are those that are named here; all others have one per month.
create or replace function make_partitions_ahead(at_time timestamptz, months int) returns int
  language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  target text;
  made int := 0;
  step int;
begin
  if months not between 1 and 24 then
    raise exception 'months must lie between 1 and 24, not %', months using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  for step in 0 .. 7 loop
    if to_regclass('execution_logs' || to_char(date_trunc('day', at_time + step * interval '1 day', 'UTC') at time zone 'UTC', '_YYYY_MM_DD')) is null then
      call make_day_partition('execution_logs', at_time + step * interval '1 day');
      made := made + 1;
    end if;
  end loop;
  for target in
    select relname from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace and relname <> 'execution_logs' order by relname
  loop
    for step in 0 .. months loop
      if to_regclass(target || to_char(date_trunc('month', at_time + step * interval '1 month', 'UTC') at time zone 'UTC', '_YYYY_MM')) is null then
        call make_partition(target, at_time + step * interval '1 month');
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;

create function retire_day_partitions(target text, ended_before timestamptz) returns int
  language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  old text;
  retired int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  for old in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass(target) and c.relname ~ '_\d{4}_\d{2}_\d{2}$'
      and (to_date(right(c.relname, 10), 'YYYY_MM_DD') + 1)::timestamp at time zone 'UTC' <= ended_before
  loop
    execute format('drop table %I', old);
    retired := retired + 1;
  end loop;
  return retired;
end $$;

-- As before, and what is paused or held stays, too: it is not finished.
create or replace function retire_partitions(target text, ended_before timestamptz) returns int
  language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  old record;
  unfinished text := '';
  stays boolean;
  retired int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  if target = 'executions' then
    unfinished := 'finished_at is null';
  elsif target = 'step_executions' then
    unfinished := 'exists (select from executions e where e.tenant_id = step_executions.tenant_id and e.id = step_executions.execution_id
                           and e.finished_at is null)';
  end if;
  for old in
    select * from partitions where table_name = target and starts_at + interval '1 month' <= ended_before order by starts_at
  loop
    stays := false;
    if unfinished <> '' then
      execute format('select exists (select from %I as %I where %s)', old.partition_name, target, unfinished) into stays;
    end if;
    if stays then
      execute format('select exists (select from %I as %I where not (%s))', old.partition_name, target, unfinished) into stays;
      continue when not stays;   -- nothing in it may go yet
      execute format('alter table %I detach partition %I', target, old.partition_name);
      execute format('alter table %I rename to %I', old.partition_name, old.partition_name || '_retired');
      execute format('create table %I (like %I including defaults including constraints)', old.partition_name, target);
      execute format('insert into %I select * from %I as %I where %s',
        old.partition_name, old.partition_name || '_retired', target, unfinished);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)',
        target, old.partition_name, uuid_at(old.starts_at), uuid_at(old.starts_at + interval '1 month'));
      execute format('drop table %I', old.partition_name || '_retired');
    else
      execute format('drop table %I', old.partition_name);
    end if;
    retired := retired + 1;
  end loop;
  return retired;
end $$;

revoke execute on function retire_day_partitions(text, timestamptz) from public;
grant execute on function retire_day_partitions(text, timestamptz) to workflows_worker;

-- A rerun writes the steps that it takes over.
grant insert on step_executions to workflows_api;
