-- What is set aside says why; what is over leaves in time; names that look alike are one name; a client of SQL has its share of connections.

-- Batches over several tenants leave out the one that fails: for a while at first, and when it fails again and again for good, with its reason.
alter table schedules add column disabled_reason text;
alter table schedules add column failures int not null default 0;
alter table schedules add column retry_at timestamptz;
alter table job_runs add column error jsonb;
alter table job_runs add column failures int not null default 0;
alter table job_runs add column retry_at timestamptz;
alter table approval_tasks add column failures int not null default 0;
alter table approval_tasks add column set_aside_at timestamptz;
alter table approval_tasks add column error text;

-- A slug names one tenant. Where several have it, the oldest keeps it and the others get a number; their webhook addresses change with it.
do $$
declare
  double record;
  wanted text;
  n int;
begin
  for double in
    select t.tenant_id, t.slug from (
      select tenant_id, slug, row_number() over (partition by slug order by created_at, tenant_id) as place from tenants) t
    where t.place > 1 order by t.slug, t.place
  loop
    n := 2;
    loop
      wanted := left(double.slug, 56) || '-' || n;
      exit when not exists (select from tenants t where t.slug = wanted);
      n := n + 1;
    end loop;
    update tenants set slug = wanted, version = version + 1, updated_at = now() where tenant_id = double.tenant_id;
    raise warning 'The slug % was that of several tenants: tenant % is % now.', double.slug, double.tenant_id, wanted;
  end loop;
end $$;
alter table tenants drop constraint tenants_slug_unique;
alter table tenants add constraint tenants_slug_unique unique (slug);

-- A username names one user of a tenant, in whatever case.
do $$
declare
  double record;
  wanted text;
  n int;
begin
  for double in
    select u.tenant_id, u.id, u.username from (
      select tenant_id, id, username, row_number() over (partition by tenant_id, lower(username) order by created_at, id) as place
      from users where deleted_at is null) u
    where u.place > 1 order by u.tenant_id, u.username, u.place
  loop
    n := 2;
    loop
      wanted := left(double.username, 190) || '-' || n;
      exit when not exists (
        select from users u where u.tenant_id = double.tenant_id and lower(u.username) = lower(wanted) and u.deleted_at is null);
      n := n + 1;
    end loop;
    update users set username = wanted, version = version + 1, updated_at = now() where tenant_id = double.tenant_id and id = double.id;
    raise warning 'The username % was that of several users: user % is % now.', double.username, double.id, wanted;
  end loop;
end $$;
create unique index users_user_name_unique on users (tenant_id, lower(username)) where deleted_at is null;

-- A name without what the eye does not see: forms of one character, case, spaces, characters without width.
create function folded_name(name text) returns text
  language sql immutable strict parallel safe
  return lower(btrim(regexp_replace(regexp_replace(normalize(name, NFKC),
    '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]', '', 'g'),
    '\s+', ' ', 'g')));

-- Of roles that look alike the built-in one keeps its name, else the oldest; as for groups.
do $$
declare
  double record;
  wanted text;
  n int;
begin
  for double in
    select r.tenant_id, r.id, r.name from (
      select tenant_id, id, name, row_number() over (partition by tenant_id, folded_name(name) order by built_in desc, created_at, id) as place
      from roles) r
    where r.place > 1 order by r.tenant_id, r.name, r.place
  loop
    n := 2;
    loop
      wanted := left(folded_name(double.name), 190) || ' ' || n;
      exit when not exists (
        select from roles r where r.tenant_id = double.tenant_id and folded_name(r.name) = folded_name(wanted));
      n := n + 1;
    end loop;
    update roles set name = wanted, version = version + 1, updated_at = now() where tenant_id = double.tenant_id and id = double.id;
    raise warning 'The role name % looked like that of another role: role % is % now.', double.name, double.id, wanted;
  end loop;
  for double in
    select g.tenant_id, g.id, g.name from (
      select tenant_id, id, name, row_number() over (partition by tenant_id, folded_name(name) order by created_at, id) as place from groups) g
    where g.place > 1 order by g.tenant_id, g.name, g.place
  loop
    n := 2;
    loop
      wanted := left(folded_name(double.name), 190) || ' ' || n;
      exit when not exists (
        select from groups g where g.tenant_id = double.tenant_id and folded_name(g.name) = folded_name(wanted));
      n := n + 1;
    end loop;
    update groups set name = wanted, version = version + 1, updated_at = now() where tenant_id = double.tenant_id and id = double.id;
    raise warning 'The group name % looked like that of another group: group % is % now.', double.name, double.id, wanted;
  end loop;
end $$;
create unique index roles_folded_name_unique on roles (tenant_id, folded_name(name));
create unique index groups_folded_name_unique on groups (tenant_id, folded_name(name));

-- A role of a client gets at most so many of the server's connections: without a bound one application could take all of them. null leaves
-- the role's bound as it is.
drop function workflows.grant_client(text, uuid);
create function workflows.grant_client(role_name text, tenant uuid, connections int default 20) returns void
  language plpgsql as $$
begin
  if connections not between 1 and 10000 then
    raise exception 'A role gets 1 to 10000 connections.' using errcode = 'WF012', hint = 'null leaves its limit as it is.';
  end if;
  delete from workflows.clients c where c.role_name = grant_client.role_name;
  insert into workflows.clients (tenant_id, role_name) values (tenant, grant_client.role_name);
  execute format('grant workflows_client to %I', role_name);
  if connections is not null then
    execute format('alter role %I connection limit %s', role_name, connections);
  end if;
end $$;
revoke execute on function workflows.grant_client(text, uuid, int) from public;

-- settings.retentionDays of what is published decides how long executions of a workflow are kept after their end; without it the platform's
-- time does. A shorter time is kept by deleting; a longer one by carrying over when partitions retire.
create index workflows_retention on workflows (tenant_id, id) where start_settings ? 'retentionDays';

create function retention_days(settings jsonb) returns int
  language sql immutable parallel safe
  return case when jsonb_typeof(settings -> 'retentionDays') = 'number' then (settings ->> 'retentionDays')::numeric::int end;

-- Whether an execution outlives the platform's time: it is not finished, or its workflow keeps for longer.
create function outlives(of_tenant uuid, workflow uuid, finished timestamptz, days int) returns boolean
  language sql stable parallel safe
  return finished is null or exists (
    select from workflows w where w.tenant_id = of_tenant and w.id = workflow and retention_days(w.start_settings) > days);

-- Takes executions away with all that is theirs: steps, logs, dead letters, and the events that started or woke nothing else. The search
-- service hears of those that can be found. Approval requests stay for their own time: they are the record of who decided what.
create function forget_executions(of_tenant uuid, gone uuid[]) returns void
  language plpgsql as $$
begin
  insert into outbox (tenant_id, id, topic, subject_id, not_before)
  select d.tenant_id, new_uuid_v7(), 'index_execution', d.content_id, now()
  from search.documents d
  where d.tenant_id = of_tenant and d.content_type = 'execution' and d.content_id = any (gone) and d.removed_at is null;
  delete from step_executions s where s.tenant_id = of_tenant and s.execution_id = any (gone);
  delete from execution_logs l where l.tenant_id = of_tenant and l.execution_id = any (gone);
  delete from dead_letters d where d.tenant_id = of_tenant and d.execution_id = any (gone);
  delete from callback_calls c where c.tenant_id = of_tenant and c.execution_id = any (gone);
  with matches as (
    delete from event_matches m where m.tenant_id = of_tenant and m.execution_id = any (gone) returning m.event_id
  )
  delete from events e
  using (select distinct event_id from matches) m
  where e.tenant_id = of_tenant and e.id = m.event_id
    and not exists (
      select from event_matches o
      where o.tenant_id = of_tenant and o.event_id = e.id and o.execution_id is not null and o.execution_id <> all (gone))
    and not exists (select from events_to_route r where r.tenant_id = of_tenant and r.id = e.id);
  delete from executions e where e.tenant_id = of_tenant and e.id = any (gone);
end $$;

-- Takes away up to so many executions whose workflow says that their time is over.
create function expire_executions(most int) returns int
  language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  kept record;
  ids uuid[];
  gone int := 0;
begin
  if most not between 1 and 100000 then
    raise exception 'most must lie between 1 and 100000, not %', most using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  for kept in
    select w.tenant_id, w.id, now() - make_interval(days => retention_days(w.start_settings)) as until
    from workflows w where w.start_settings ? 'retentionDays' and retention_days(w.start_settings) > 0
    order by w.tenant_id, w.id
  loop
    -- An execution is at least as old as its end.
    ids := array(
      select e.id from executions e
      where e.tenant_id = kept.tenant_id and e.workflow_id = kept.id and e.id < uuid_at(kept.until) and e.finished_at < kept.until
      order by e.id limit most - gone for update skip locked);
    if cardinality(ids) > 0 then
      perform forget_executions(kept.tenant_id, ids);
      gone := gone + cardinality(ids);
      exit when gone >= most;
    end if;
  end loop;
  return gone;
end $$;

-- As before, and what its workflow keeps for longer stays, with its steps and events; the search service hears of what goes.
create or replace function retire_partitions(target text, ended_before timestamptz) returns int
  language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  old record;
  days int := floor(extract(epoch from now() - ended_before) / 86400);
  has_longer boolean;
  stay text := '';
  stays boolean;
  retired int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  has_longer := exists (select from workflows w where w.start_settings ? 'retentionDays' and retention_days(w.start_settings) > days);
  if target = 'executions' then
    stay := case when has_longer then format('outlives(tenant_id, workflow_id, finished_at, %s)', days) else 'finished_at is null' end;
  elsif target = 'step_executions' then
    stay := format('exists (select from executions e where e.tenant_id = step_executions.tenant_id and e.id = step_executions.execution_id and %s)',
      case when has_longer then format('outlives(e.tenant_id, e.workflow_id, e.finished_at, %s)', days) else 'e.finished_at is null' end);
  elsif target = 'event_matches' and has_longer then
    stay := format('exists (select from executions e where e.tenant_id = event_matches.tenant_id and e.id = event_matches.execution_id
                            and outlives(e.tenant_id, e.workflow_id, e.finished_at, %s))', days);
  elsif target = 'events' and has_longer then
    stay := format('exists (select from event_matches m join executions e on e.tenant_id = m.tenant_id and e.id = m.execution_id
                            where m.tenant_id = events.tenant_id and m.event_id = events.id
                            and outlives(e.tenant_id, e.workflow_id, e.finished_at, %s))', days);
  end if;
  for old in
    select * from partitions where table_name = target and starts_at + interval '1 month' <= ended_before order by starts_at
  loop
    stays := false;
    if stay <> '' then
      execute format('select exists (select from %I as %I where %s)', old.partition_name, target, stay) into stays;
    end if;
    if stays then
      execute format('select exists (select from %I as %I where not (%s))', old.partition_name, target, stay) into stays;
      continue when not stays;   -- nothing in it may go yet
    end if;
    if target = 'executions' then
      execute format(
        'insert into outbox (tenant_id, id, topic, subject_id, not_before)
         select d.tenant_id, new_uuid_v7(), ''index_execution'', d.content_id, now() from search.documents d
         where d.content_type = ''execution'' and d.removed_at is null and d.content_id >= %L and d.content_id < %L
           and not exists (select from %I as executions where tenant_id = d.tenant_id and id = d.content_id and %s)',
        uuid_at(old.starts_at), uuid_at(old.starts_at + interval '1 month'), old.partition_name, stay);
    end if;
    if stays then
      execute format('alter table %I detach partition %I', target, old.partition_name);
      execute format('alter table %I rename to %I', old.partition_name, old.partition_name || '_retired');
      execute format('create table %I (like %I including defaults including constraints)', old.partition_name, target);
      execute format('insert into %I select * from %I as %I where %s',
        old.partition_name, old.partition_name || '_retired', target, stay);
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

-- Sessions of people hold hashes of tokens: the worker may have them forgotten, not read.
create function forget_ended_sessions(ended_before timestamptz, most int) returns int
  language plpgsql security definer set search_path = public as $$
declare
  gone int;
begin
  delete from user_sessions s
  using (
    select tenant_id, id from user_sessions where least(expires_at, revoked_at) < ended_before
    order by least(expires_at, revoked_at) limit most for update skip locked) x
  where s.tenant_id = x.tenant_id and s.id = x.id;
  get diagnostics gone = row_count;
  return gone;
end $$;

revoke execute on function forget_executions(uuid, uuid[]), expire_executions(int), forget_ended_sessions(timestamptz, int) from public;
grant execute on function expire_executions(int), forget_ended_sessions(timestamptz, int) to workflows_worker;
grant delete on job_runs, job_run_items, dead_letters to workflows_worker;
