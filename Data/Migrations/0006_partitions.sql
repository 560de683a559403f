-- Monthly partitions over UUIDv7 keys, made ahead and retired by the platform itself. The functions run with their owner's rights,
-- since the worker that calls them owns no table; they take names from the catalog only, never from the caller.

create procedure make_partition(target text, month timestamptz)
  language plpgsql as $$
declare
  first timestamptz := date_trunc('month', month, 'UTC');
  name text := target || to_char(first at time zone 'UTC', '_YYYY_MM');
begin
  if to_regclass(name) is not null then
    return;
  end if;
  -- Made apart and then attached: CREATE ... PARTITION OF would lock the parent against every reader and writer.
  execute format('create table %I (like %I including defaults including constraints)', name, target);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)',
    target, name, uuid_at(first), uuid_at(first + interval '1 month'));
end $$;

-- The partitioned tables of the platform and the month each of their partitions starts with.
create view partitions as
  select parent.relname::text as table_name,
         child.oid as partition,
         child.relname::text as partition_name,
         to_timestamp(right(child.relname, 7), 'YYYY_MM') as starts_at
  from pg_inherits i
  join pg_class parent on parent.oid = i.inhparent and parent.relkind = 'p'
  join pg_class child on child.oid = i.inhrelid and child.relname ~ '_\d{4}_\d{2}$'
  where parent.relnamespace = 'public'::regnamespace;

create function make_partitions_ahead(at_time timestamptz, months int) returns int
  language plpgsql security definer set search_path = public as $$
declare
  target text;
  made int := 0;
  step int;
begin
  if months not between 1 and 24 then
    raise exception 'months must lie between 1 and 24, not %', months using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  for target in select relname from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace order by relname loop
    for step in 0 .. months loop
      if to_regclass(target || to_char(date_trunc('month', at_time + step * interval '1 month', 'UTC') at time zone 'UTC', '_YYYY_MM')) is null then
        call make_partition(target, at_time + step * interval '1 month');
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;

-- Drops the partitions of one table that ended before the instant. Executions that are not finished, and their steps, are carried into a
-- fresh partition of the same range first: an execution may wait for longer than the retention.
create function retire_partitions(target text, ended_before timestamptz) returns int
  language plpgsql security definer set search_path = public as $$
declare
  old record;
  unfinished text := '';
  stays boolean;
  retired int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  if target = 'executions' then
    unfinished := 'status in (''queued'', ''running'', ''waiting'')';
  elsif target = 'step_executions' then
    unfinished := 'exists (select from executions e where e.tenant_id = step_executions.tenant_id and e.id = step_executions.execution_id
                           and e.status in (''queued'', ''running'', ''waiting''))';
  end if;
  for old in
    select * from partitions where table_name = target and starts_at + interval '1 month' <= ended_before order by starts_at
  loop
    stays := false;
    if unfinished <> '' then
      execute format('select exists (select from %I as %I where %s)', old.partition_name, target, unfinished) into stays;
    end if;
    if stays then
      execute format('select exists (select from %I as %I where not %s)', old.partition_name, target, unfinished) into stays;
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

-- Rows in a default partition mean that no partition was ready for them: a health warning.
create function rows_without_partition() returns table (table_name text, has_rows boolean)
  language plpgsql stable security definer set search_path = public as $$
begin
  for table_name in select relname from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace loop
    execute format('select exists (select from %I)', table_name || '_default') into has_rows;
    return next;
  end loop;
end $$;

create table executions_default partition of executions default;
create table step_executions_default partition of step_executions default;
create table events_default partition of events default;
create table event_matches_default partition of event_matches default;
create table user_activity_default partition of user_activity default;

-- A busy table is inserted into far more than it is updated: vacuum for the visibility map by inserts, analyze early.
do $$
declare
  target text;
begin
  foreach target in array array['waits', 'timers', 'outbox', 'events_to_route'] loop
    execute format('alter table %I set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000)', target);
  end loop;
end $$;

revoke execute on function make_partitions_ahead(timestamptz, int), retire_partitions(text, timestamptz), rows_without_partition() from public;
grant execute on function make_partitions_ahead(timestamptz, int), retire_partitions(text, timestamptz), rows_without_partition() to workflows_worker;
grant execute on function rows_without_partition() to workflows_api;
