revoke insert on step_executions from workflows_api;
drop function retire_day_partitions(text, timestamptz);
drop procedure make_day_partition(text, timestamptz);
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

drop table execution_logs, performance_deltas, workflow_performance;
drop function duration_bucket(bigint);
drop function settle_slots(uuid[], uuid[], text[]);
drop function release_slots(uuid[], uuid[]);
drop function promote_held(uuid, uuid, text);
drop function overtake_executions(uuid, uuid, text, int, int);
drop function admit_starts(uuid[], uuid[], text[], int[], text[]);
drop function admit_executions(uuid, uuid[], text[], int[], text[]);
drop function hold_slots_of(uuid[], uuid[]);
drop function hold_slots(uuid[], uuid[], text[]);
drop index executions_queued;
create index executions_queued on executions (tenant_id, id) where status = 'queued';
drop index dead_letters_by_workflow, executions_by_origin, executions_cancelled, executions_paused, executions_held, executions_limited;
alter table executions drop constraint executions_resolved_whole, drop constraint executions_limited_iff_keyed;
alter table executions drop column resolution, drop column resolved_by, drop column resolved_at, drop column concurrency_limit;
alter table workflows drop column start_settings;
