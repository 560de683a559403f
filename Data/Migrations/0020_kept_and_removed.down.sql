revoke delete on job_runs, job_run_items, dead_letters from workflows_worker;
drop function forget_ended_sessions(timestamptz, int);
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
drop function expire_executions(int);
drop function forget_executions(uuid, uuid[]);
drop function outlives(uuid, uuid, timestamptz, int);
drop index workflows_retention;
drop function retention_days(jsonb);
drop function workflows.grant_client(text, uuid, int);
create function workflows.grant_client(role_name text, tenant uuid) returns void
  language plpgsql as $$
begin
  delete from workflows.clients c where c.role_name = grant_client.role_name;
  insert into workflows.clients (tenant_id, role_name) values (tenant, grant_client.role_name);
  execute format('grant workflows_client to %I', role_name);
end $$;
revoke execute on function workflows.grant_client(text, uuid) from public;
drop index groups_folded_name_unique, roles_folded_name_unique;
drop function folded_name(text);
drop index users_user_name_unique;
alter table tenants drop constraint tenants_slug_unique;
alter table tenants add constraint tenants_slug_unique unique (tenant_id, slug);
alter table approval_tasks drop column error, drop column set_aside_at, drop column failures;
alter table job_runs drop column retry_at, drop column failures, drop column error;
alter table schedules drop column retry_at, drop column failures, drop column disabled_reason;
