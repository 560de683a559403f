-- Rights on single objects of the hierarchy. Who has a role that sees everything of the tenant needs none. Everybody else works under the role workflows_member, whose
-- policies show what was granted to them, to a group of theirs, or is theirs: with all that lies below it, and above it what leads there. The role of the API switches to
-- it for the transaction of such a caller; the migration runner makes it, and gives it the grants of workflows_api (mirror_member_grants).
alter table roles add column only_granted boolean not null default false;
alter table api_keys add column only_granted boolean not null default false;

-- The built-in role of those who see what was granted to them. Where a tenant has a role of that name, it keeps it.
insert into roles (tenant_id, id, name, permissions, built_in, only_granted, version, created_at, updated_at)
select t.tenant_id, new_uuid_v7(), 'member', '{}', true, true, 1, now(), now() from tenants t
where t.tenant_id <> '00000000-0000-7000-8000-000000000001'
on conflict (tenant_id, name) do nothing;

create table object_permissions (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  object_type  text not null,
  object_id    uuid not null,
  user_id      uuid,
  group_id     uuid,
  level        text not null,
  granted_by   uuid,
  granted_at   timestamptz not null,
  expires_at   timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, group_id) references groups on delete cascade,
  constraint object_permissions_type_known check (object_type in ('workspace', 'folder', 'job', 'workflow')),
  constraint object_permissions_level_known check (level in ('view', 'edit', 'admin')),
  constraint object_permissions_user_or_group check (num_nonnulls(user_id, group_id) = 1)
);
create unique index object_permissions_grantee_unique
  on object_permissions (tenant_id, object_type, object_id, coalesce(user_id, group_id));
create index object_permissions_by_user on object_permissions (tenant_id, user_id, object_type) where user_id is not null;
create index object_permissions_by_group on object_permissions (tenant_id, group_id, object_type) where group_id is not null;

create index folders_by_workspace on folders (tenant_id, workspace_id);
create index jobs_by_folder on jobs (tenant_id, folder_id);
create index workflows_by_job on workflows (tenant_id, job_id);
create index workspaces_of_owner on workspaces (tenant_id, owner_id) where owner_id is not null;
create index folders_of_owner on folders (tenant_id, owner_id) where owner_id is not null;
create index jobs_of_owner on jobs (tenant_id, owner_id) where owner_id is not null;
create index workflows_of_owner on workflows (tenant_id, owner_id) where owner_id is not null;

-- The person of this transaction; null when nothing was set, and then nothing is granted.
create function current_person() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.user_id', true), '')::uuid;

create function level_rank(level text) returns int
  language sql immutable strict parallel safe
  return case level when 'view' then 1 when 'edit' then 2 when 'admin' then 3 else 0 end;

-- What was granted to the person with at least this rank, or is theirs: workspaces, then folders, jobs, workflows, and what lies below, down to this
-- depth (1 to 4). Policies call it once per table of each statement. Its plans are made once per connection: making them anew for each person cost more
-- than two thirds of its time, and they are by index whoever asks.
create function open_tree(
  least_rank int, depth int, out workspaces uuid[], out folders uuid[], out jobs uuid[], out workflows uuid[])
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  tenant uuid := current_tenant();
  person uuid := current_person();
begin
  select coalesce(array_agg(distinct g.id) filter (where g.kind = 'workspace'), '{}'), coalesce(array_agg(distinct g.id) filter (where g.kind = 'folder'), '{}'),
    coalesce(array_agg(distinct g.id) filter (where g.kind = 'job'), '{}'), coalesce(array_agg(distinct g.id) filter (where g.kind = 'workflow'), '{}')
  into workspaces, folders, jobs, workflows
  from (
    select p.object_type as kind, p.object_id as id from object_permissions p
    where p.tenant_id = tenant and p.user_id = person and level_rank(p.level) >= least_rank and (p.expires_at is null or p.expires_at > now())
    union all
    select p.object_type, p.object_id from user_groups m
    join object_permissions p on p.tenant_id = m.tenant_id and p.group_id = m.group_id
      and level_rank(p.level) >= least_rank and (p.expires_at is null or p.expires_at > now())
    where m.tenant_id = tenant and m.user_id = person
    union all
    select 'workspace', o.id from workspaces o where o.tenant_id = tenant and o.owner_id = person
    union all
    select 'folder', o.id from folders o where o.tenant_id = tenant and o.owner_id = person
    union all
    select 'job', o.id from jobs o where o.tenant_id = tenant and o.owner_id = person
    union all
    select 'workflow', o.id from workflows o where o.tenant_id = tenant and o.owner_id = person) g;
  if depth >= 2 and (workspaces <> '{}' or folders <> '{}') then
    folders := array(
      with recursive tree as (
        select f.id from folders f where f.tenant_id = tenant and f.workspace_id = any (open_tree.workspaces)
        union
        select f.id from folders f where f.tenant_id = tenant and f.id = any (open_tree.folders)
        union
        select c.id from tree t join folders c on c.tenant_id = tenant and c.parent_id = t.id
      )
      select t.id from tree t);
  end if;
  if depth >= 3 and folders <> '{}' then
    jobs := array(
      select j.id from jobs j where j.tenant_id = tenant and j.folder_id = any (open_tree.folders)
      union
      select unnest(open_tree.jobs));
  end if;
  if depth >= 4 and jobs <> '{}' then
    workflows := array(
      select w.id from workflows w where w.tenant_id = tenant and w.job_id = any (open_tree.jobs)
      union
      select unnest(open_tree.workflows));
  end if;
end $$;

-- The objects whose content is the person's to see (1), edit (2) or administer (3): granted, or below what is.
create function open_workspaces(least_rank int) returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return (select t.workspaces from open_tree(least_rank, 1) t);
end $$;

create function open_folders(least_rank int) returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return (select t.folders from open_tree(least_rank, 2) t);
end $$;

create function open_jobs(least_rank int) returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return (select t.jobs from open_tree(least_rank, 3) t);
end $$;

create function open_workflows(least_rank int) returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return (select t.workflows from open_tree(least_rank, 4) t);
end $$;

-- With what leads to them: a container of something open is seen by its name, and nothing else in it.
create function seen_jobs() returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  tenant uuid := current_tenant();
  found record;
begin
  select t.jobs, t.workflows into found from open_tree(1, 3) t; -- so deep, the workflows are those that were granted themselves
  return array(
    select unnest(found.jobs)
    union
    select w.job_id from workflows w where w.tenant_id = tenant and w.id = any (found.workflows));
end $$;

create function seen_folders() returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  tenant uuid := current_tenant();
  below uuid[] := seen_jobs();
  folders_open uuid[] := open_folders(1);
begin
  return array(
    with recursive up as (
      select j.folder_id as id from jobs j where j.tenant_id = tenant and j.id = any (below)
      union
      select unnest(folders_open)
      union
      select f.parent_id from up u join folders f on f.tenant_id = tenant and f.id = u.id
      where f.parent_id is not null
    )
    select u.id from up u);
end $$;

create function seen_workspaces() returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  tenant uuid := current_tenant();
  below uuid[] := seen_folders();
begin
  return array(
    select unnest(open_workspaces(1))
    union
    select f.workspace_id from folders f where f.tenant_id = tenant and f.id = any (below));
end $$;

-- All of it, for lists of mixed objects.
create function open_objects(least_rank int) returns uuid[]
  language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return (select t.workspaces || t.folders || t.jobs || t.workflows from open_tree(least_rank, 4) t);
end $$;

-- Whether every job of a package is among these. A package without jobs is everybody's.
create function package_within(package uuid, among uuid[]) returns boolean
  language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return package is not null and not exists (
    select from job_package_steps s
    where s.tenant_id = current_tenant() and s.package_id = package and s.job_id <> all (among));
end $$;

-- Whether an approval is asked of the person, in whatever way, or was decided by them.
create function concerns_person(request uuid) returns boolean
  language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (
    select from approval_assignees a
    where a.tenant_id = current_tenant() and a.request_id = request and (
      (a.kind = 'user' and (a.principal_id = current_person() or a.delegated_from = current_person()))
      or (a.kind = 'group' and exists (
        select from user_groups g
        where g.tenant_id = a.tenant_id and g.user_id = current_person() and g.group_id = a.principal_id))
      or (a.kind = 'role' and exists (
        select from user_roles r
        where r.tenant_id = a.tenant_id and r.user_id = current_person() and r.role_id = a.principal_id))
      or (a.kind = 'user' and exists (
        select from substitutions s
        where s.tenant_id = a.tenant_id and s.substitute_id = current_person() and s.user_id = a.principal_id
          and now() between s.starts_at and s.ends_at))))
    or exists (
      select from approval_decisions d
      where d.tenant_id = current_tenant() and d.request_id = request and d.user_id = current_person());
end $$;

-- The person's rank on one object: the greatest of those granted on it and on what it lies in. 0 = it only leads to something open; null = they do not see it.
create function object_rank(kind text, object uuid) returns int
  language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  found_rank int;
  of_workspace uuid; of_folder uuid; of_job uuid; of_workflow uuid;
begin
  case kind
    when 'workspace' then of_workspace := object;
    when 'folder' then of_folder := object;
    when 'job' then of_job := object;
    when 'workflow' then of_workflow := object;
    when 'execution' then
      select e.workflow_id into of_workflow from executions e where e.tenant_id = current_tenant() and e.id = object;
    when 'dead_letter' then
      select d.workflow_id into of_workflow from dead_letters d where d.tenant_id = current_tenant() and d.id = object;
    when 'package' then
      select min(coalesce(object_rank('job', s.job_id), 0)) into found_rank
      from job_package_steps s where s.tenant_id = current_tenant() and s.package_id = object;
      return nullif(coalesce(found_rank, 3), 0); -- one without jobs is everybody's
    when 'run' then
      return (select case when r.job_id is not null then object_rank('job', r.job_id) else object_rank('package', r.package_id) end
        from job_runs r where r.tenant_id = current_tenant() and r.id = object);
    when 'schedule' then
      return (select case when s.workflow_id is not null then object_rank('workflow', s.workflow_id)
          when s.job_id is not null then object_rank('job', s.job_id) else object_rank('package', s.package_id) end
        from schedules s where s.tenant_id = current_tenant() and s.id = object);
  end case;
  if of_workflow is not null then
    select w.job_id into of_job from workflows w where w.tenant_id = current_tenant() and w.id = of_workflow;
  end if;
  if of_job is not null then
    select j.folder_id into of_folder from jobs j where j.tenant_id = current_tenant() and j.id = of_job;
  end if;
  if of_folder is not null then
    select f.workspace_id into of_workspace from folders f where f.tenant_id = current_tenant() and f.id = of_folder;
  end if;
  with recursive up as (
    select f.id, f.parent_id, f.owner_id from folders f where f.tenant_id = current_tenant() and f.id = of_folder
    union
    select f.id, f.parent_id, f.owner_id from up u join folders f on f.tenant_id = current_tenant() and f.id = u.parent_id
  ),
  chain as (
    select 'folder' as object_type, u.id, u.owner_id from up u
    union all
    select 'workspace', w.id, w.owner_id from workspaces w where w.tenant_id = current_tenant() and w.id = of_workspace
    union all
    select 'job', j.id, j.owner_id from jobs j where j.tenant_id = current_tenant() and j.id = of_job
    union all
    select 'workflow', w.id, w.owner_id from workflows w where w.tenant_id = current_tenant() and w.id = of_workflow
  )
  select max(x.rank) into found_rank from (
    select 3 as rank from chain c where c.owner_id = current_person()
    union all
    select level_rank(p.level) from chain c
    join object_permissions p on p.tenant_id = current_tenant() and p.object_type = c.object_type and p.object_id = c.id
      and (p.expires_at is null or p.expires_at > now())
      and (p.user_id = current_person() or exists (
        select from user_groups g
        where g.tenant_id = current_tenant() and g.user_id = current_person() and g.group_id = p.group_id))) x;
  if found_rank is null and (
    (kind = 'workspace' and object = any (seen_workspaces())) or (kind = 'folder' and object = any (seen_folders()))
    or (kind = 'job' and object = any (seen_jobs()))) then
    return 0;
  end if;
  return found_rank;
end $$;

-- The workflows that a person may see, for the search service.
create function workflows_of_person(of_tenant uuid, person uuid) returns uuid[]
  language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant_id', of_tenant::text, true), set_config('app.user_id', person::text, true);
  return open_workflows(1);
end $$;

-- What a key stands for, and of whose grants it lives when it sees no more than those.
create function find_key(key_hash bytea)
  returns table (tenant_id uuid, id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz, tenant_status text,
    only_granted boolean, created_by uuid)
  language sql stable security definer set search_path = public, pg_temp
as $$
  select f.tenant_id, f.id, f.scopes, f.expires_at, f.revoked_at, f.tenant_status, k.only_granted, k.created_by
  from find_api_key(key_hash) f join api_keys k on k.tenant_id = f.tenant_id and k.id = f.id
$$;

-- From here on the tenant's boundary holds for workflows_member, too; tables that come later get it with theirs.
create or replace procedure protect_tenant_table(target regclass)
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant_isolation on %s to workflows_api, workflows_search, workflows_member
       using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()))', target);
end $$;

-- What of a table a person of granted rights sees, and what they may make of it.
create procedure protect_objects(target regclass, seen text, changed text, made text default null)
  language plpgsql as $$
begin
  execute format('create policy member_sees on %s as restrictive for select to workflows_member using (%s)', target, seen);
  execute format('create policy member_makes on %s as restrictive for insert to workflows_member with check (%s)', target, coalesce(made, changed));
  -- Rows are locked by who may see them (the update's own filter), and changed by who may change them.
  execute format('create policy member_changes on %s as restrictive for update to workflows_member using (%s) with check (%s)', target, seen, changed);
  execute format('create policy member_removes on %s as restrictive for delete to workflows_member using (%s)', target, changed);
end $$;

-- Gives workflows_member what workflows_api has: called by the migration runner after each migration.
create procedure mirror_member_grants()
  language plpgsql as $$
declare
  missing record;
begin
  for missing in
    select format('grant %s on %s to workflows_member', a.privilege_type, c.oid::regclass) as statement
    from pg_class c cross join lateral aclexplode(c.relacl) a
    where c.relnamespace in ('public'::regnamespace, 'workflows'::regnamespace) and a.grantee = 'workflows_api'::regrole
      and c.relkind in ('r', 'p', 'v', 'S') and not has_table_privilege('workflows_member', c.oid, a.privilege_type)
    union all
    select format('grant %s (%I) on %s to workflows_member', a.privilege_type, t.attname, t.attrelid::regclass)
    from pg_attribute t join pg_class c on c.oid = t.attrelid cross join lateral aclexplode(t.attacl) a
    where c.relnamespace in ('public'::regnamespace, 'workflows'::regnamespace) and a.grantee = 'workflows_api'::regrole
      and not has_column_privilege('workflows_member', t.attrelid, t.attnum, a.privilege_type)
    union all
    select format('grant execute on function %s to workflows_member', p.oid::regprocedure)
    from pg_proc p cross join lateral aclexplode(p.proacl) a
    where p.pronamespace in ('public'::regnamespace, 'workflows'::regnamespace) and a.grantee = 'workflows_api'::regrole
      and p.prokind = 'f' and not has_function_privilege('workflows_member', p.oid, 'execute')
  loop
    execute missing.statement;
  end loop;
end $$;

do $$
declare
  target record;
begin
  for target in select format('%I.%I', schemaname, tablename)::regclass as name from pg_policies where policyname = 'tenant_isolation' loop
    execute format('alter policy tenant_isolation on %s to workflows_api, workflows_search, workflows_member', target.name);
  end loop;
end $$;
grant usage on schema public to workflows_member;
call protect_tenant_table('object_permissions');
grant select, insert, update, delete on object_permissions to workflows_api;

call open_to_auth('object_permissions', 'select');
call open_to_auth('folders', 'select');
call open_to_auth('jobs', 'select');
call open_to_auth('job_package_steps', 'select');
call open_to_auth('job_runs', 'select');
call open_to_auth('schedules', 'select');
call open_to_auth('dead_letters', 'select');
call open_to_auth('approval_assignees', 'select');
call open_to_auth('substitutions', 'select');

do $$
declare
  named text;
begin
  foreach named in array array[
    'open_tree(int, int)', 'open_workspaces(int)', 'open_folders(int)', 'open_jobs(int)', 'open_workflows(int)', 'open_objects(int)',
    'seen_workspaces()', 'seen_folders()', 'seen_jobs()', 'package_within(uuid, uuid[])', 'concerns_person(uuid)', 'object_rank(text, uuid)',
    'workflows_of_person(uuid, uuid)', 'find_key(bytea)']
  loop
    execute format('alter function %s owner to workflows_auth', named);
    execute format('revoke execute on function %s from public', named);
    execute format('grant execute on function %s to workflows_auth', named);
    execute format('grant execute on function %s to %s', named,
      case when named like 'workflows_of_person%' then 'workflows_search' else 'workflows_api' end);
  end loop;
end $$;

call protect_objects('workspaces', 'id = any ((select seen_workspaces())::uuid[])', 'id = any ((select open_workspaces(2))::uuid[])',
  'owner_id = (select current_person())');
call protect_objects('folders', 'id = any ((select seen_folders())::uuid[])', 'id = any ((select open_folders(2))::uuid[])',
  'parent_id = any ((select open_folders(2))::uuid[]) or workspace_id = any ((select open_workspaces(2))::uuid[])');
call protect_objects('jobs', 'id = any ((select seen_jobs())::uuid[])', 'id = any ((select open_jobs(2))::uuid[])',
  'folder_id = any ((select open_folders(2))::uuid[])');
call protect_objects('workflows', 'id = any ((select open_workflows(1))::uuid[])', 'id = any ((select open_workflows(2))::uuid[])',
  'job_id = any ((select open_jobs(2))::uuid[])');

do $$
declare
  target text;
begin
  foreach target in array array['workflow_versions', 'workflow_triggers', 'workflow_dependencies', 'executions', 'dead_letters', 'workflow_performance'] loop
    call protect_objects(target::regclass, 'workflow_id = any ((select open_workflows(1))::uuid[])', 'workflow_id = any ((select open_workflows(2))::uuid[])');
  end loop;
  foreach target in array array['step_executions', 'waits', 'timers', 'execution_logs'] loop
    call protect_objects(target::regclass,
      format('exists (select from executions e where e.tenant_id = %1$s.tenant_id and e.id = %1$s.execution_id)', target),
      format('exists (select from executions e where e.tenant_id = %1$s.tenant_id and e.id = %1$s.execution_id'
        ' and e.workflow_id = any ((select open_workflows(2))::uuid[]))', target));
  end loop;
end $$;
call protect_objects('variables', 'workflow_id is null or workflow_id = any ((select open_workflows(1))::uuid[])',
  'workflow_id = any ((select open_workflows(2))::uuid[])');
call protect_objects('event_matches', 'workflow_id is null or workflow_id = any ((select open_workflows(1))::uuid[])', 'true');

call protect_objects('job_packages', 'package_within(id, (select open_jobs(1)))', 'package_within(id, (select open_jobs(2)))', 'true');
call protect_objects('job_package_steps', 'job_id = any ((select open_jobs(1))::uuid[])', 'job_id = any ((select open_jobs(2))::uuid[])');
call protect_objects('job_runs', 'job_id = any ((select open_jobs(1))::uuid[]) or package_within(package_id, (select open_jobs(1)))',
  'job_id = any ((select open_jobs(2))::uuid[]) or package_within(package_id, (select open_jobs(2)))');
call protect_objects('job_run_items', 'exists (select from job_runs r where r.tenant_id = job_run_items.tenant_id and r.id = job_run_items.run_id)',
  'workflow_id = any ((select open_workflows(2))::uuid[]) or job_id = any ((select open_jobs(2))::uuid[])');
call protect_objects('schedules',
  'workflow_id = any ((select open_workflows(1))::uuid[]) or job_id = any ((select open_jobs(1))::uuid[]) or package_within(package_id, (select open_jobs(1)))',
  'workflow_id = any ((select open_workflows(2))::uuid[]) or job_id = any ((select open_jobs(2))::uuid[]) or package_within(package_id, (select open_jobs(2)))');
call protect_objects('schedule_fires',
  'exists (select from schedules s where s.tenant_id = schedule_fires.tenant_id and s.id = schedule_fires.schedule_id)', 'false');

call protect_objects('approval_requests', 'workflow_id = any ((select open_workflows(1))::uuid[]) or concerns_person(id)',
  'workflow_id = any ((select open_workflows(2))::uuid[]) or concerns_person(id)');
do $$
declare
  target text;
begin
  foreach target in array array['approval_assignees', 'approval_decisions', 'approval_comments', 'approval_tasks'] loop
    call protect_objects(target::regclass,
      format('exists (select from approval_requests r where r.tenant_id = %1$s.tenant_id and r.id = %1$s.request_id)', target),
      format('exists (select from approval_requests r where r.tenant_id = %1$s.tenant_id and r.id = %1$s.request_id)', target));
  end loop;
end $$;

call protect_objects('context_entries',
  'scope = ''tenant'' or scope_id = any ((select open_objects(1))::uuid[])'
  ' or (scope = ''execution'' and exists (select from executions e where e.tenant_id = context_entries.tenant_id and e.id = context_entries.scope_id))',
  'scope = ''tenant'' or scope_id = any ((select open_objects(2))::uuid[])'
  ' or (scope = ''execution'' and exists (select from executions e where e.tenant_id = context_entries.tenant_id and e.id = context_entries.scope_id'
  ' and e.workflow_id = any ((select open_workflows(2))::uuid[])))');
call protect_objects('user_activity', 'actor_id = (select current_person()) or object_id = any ((select open_objects(1))::uuid[])', 'true');
call protect_objects('object_permissions', 'user_id = (select current_person()) or object_id = any ((select open_objects(1))::uuid[])',
  'object_id = any ((select open_objects(3))::uuid[])');
