do $$
declare
  target record;
begin
  for target in
    select policyname as policy, format('%I.%I', schemaname, tablename)::regclass as name from pg_policies
    where policyname in ('member_sees', 'member_makes', 'member_changes', 'member_removes')
  loop
    execute format('drop policy %I on %s', target.policy, target.name);
  end loop;
  for target in select format('%I.%I', schemaname, tablename)::regclass as name from pg_policies where policyname = 'tenant_isolation' loop
    execute format('alter policy tenant_isolation on %s to workflows_api, workflows_search', target.name);
  end loop;
end $$;
create or replace procedure protect_tenant_table(target regclass)
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant_isolation on %s to workflows_api, workflows_search
       using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()))', target);
end $$;
revoke all on all tables in schema public from workflows_member;
revoke all on all functions in schema public from workflows_member;
revoke usage on schema public from workflows_member;
drop procedure mirror_member_grants();
drop procedure protect_objects(regclass, text, text, text);
drop function find_key(bytea);
drop function workflows_of_person(uuid, uuid);
drop function object_rank(text, uuid);
drop function concerns_person(uuid);
drop function package_within(uuid, uuid[]);
drop function open_objects(int);
drop function seen_workspaces();
drop function seen_folders();
drop function seen_jobs();
drop function open_workflows(int);
drop function open_jobs(int);
drop function open_folders(int);
drop function open_workspaces(int);
drop function open_tree(int, int);
drop function level_rank(text);
drop function current_person();
drop table object_permissions;
drop index workflows_of_owner;
drop index jobs_of_owner;
drop index folders_of_owner;
drop index workspaces_of_owner;
drop index workflows_by_job;
drop index jobs_by_folder;
drop index folders_by_workspace;
do $$
declare
  target text;
begin
  foreach target in array array['folders', 'jobs', 'job_package_steps', 'job_runs', 'schedules', 'dead_letters', 'approval_assignees', 'substitutions'] loop
    execute format('drop policy auth_access on %I', target);
    execute format('revoke select on %I from workflows_auth', target);
  end loop;
end $$;
delete from user_roles u using roles r where r.tenant_id = u.tenant_id and r.id = u.role_id and r.built_in and r.only_granted;
delete from roles where built_in and only_granted;
alter table api_keys drop column only_granted;
alter table roles drop column only_granted;
