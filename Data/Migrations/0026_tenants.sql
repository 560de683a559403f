-- Tenants as a resource: why they stand still, when they end, and whom of the platform's operators they let in.
alter table tenants
  add column status_reason  text,
  add column closed_at      timestamptz,
  add column erase_after    timestamptz;
update tenants set closed_at = updated_at where status = 'closed';
alter table tenants
  add constraint tenants_closing_whole check (
    (status = 'closed') = (closed_at is not null) and (erase_after is null or status = 'closed'));

-- Says for how long operators of the platform may see a tenant's data, and with which of its roles.
create table operator_accesses (
  tenant_id   uuid not null references tenants,
  id          uuid not null,
  reason      text not null,
  role        text not null,
  granted_by  uuid,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  revoked_at  timestamptz,

  primary key (tenant_id, id),
  constraint operator_accesses_end_after_beginning check (expires_at > created_at)
);
create index operator_accesses_by_expiry on operator_accesses (tenant_id, expires_at desc);
call protect_tenant_table('operator_accesses');
grant select, insert, update on operator_accesses to workflows_api;
call open_to_auth('operator_accesses', 'select');
call open_to_auth('workspaces', 'select');
call open_to_auth('workflow_performance', 'select');

-- Figures of tenants for the platform's operators: how many, how long, never what. The numbers of executions are those of the
-- hours that ended within the last day; a queue is counted to 10,000 per tenant, so that a long one costs no more.
create function platform_tenants(wanted uuid, with_status text, with_plan text, named text, after_slug text, most int)
  returns table (
    tenant_id uuid, slug text, name text, plan text, status text, status_reason text, settings jsonb, metadata jsonb, version int,
    created_at timestamptz, updated_at timestamptz, closed_at timestamptz, erase_after timestamptz, operator_access_until timestamptz,
    users int, workspaces int, workflows int, queued int, waiting int, executions bigint, failures bigint)
  language sql stable security definer set search_path = public, pg_temp
as $$
  select t.tenant_id, t.slug, t.name, t.plan, t.status, t.status_reason, t.settings, t.metadata, t.version,
    t.created_at, t.updated_at, t.closed_at, t.erase_after,
    (select max(a.expires_at) from operator_accesses a
     where a.tenant_id = t.tenant_id and a.expires_at > now() and a.revoked_at is null),
    (select count(*) from users u where u.tenant_id = t.tenant_id and u.deleted_at is null)::int,
    (select count(*) from workspaces w where w.tenant_id = t.tenant_id and w.deleted_at is null)::int,
    (select count(*) from workflows w where w.tenant_id = t.tenant_id and w.deleted_at is null)::int,
    (select count(*) from (select from executions e where e.tenant_id = t.tenant_id and e.status = 'queued' limit 10000) q)::int,
    (select count(*) from (select from executions e where e.tenant_id = t.tenant_id and e.status = 'waiting' limit 10000) q)::int,
    coalesce(p.executions, 0)::bigint, coalesce(p.failures, 0)::bigint
  from tenants t
  left join lateral (
    select sum(h.executions) as executions, sum(h.executions) filter (where h.status in ('failed', 'timed_out')) as failures
    from workflow_performance h where h.tenant_id = t.tenant_id and h.hour > now() - interval '1 day') p on true
  where t.tenant_id <> '00000000-0000-7000-8000-000000000001'
    and (wanted is null or t.tenant_id = wanted) and (with_status is null or t.status = with_status)
    and (with_plan is null or t.plan = with_plan) and (after_slug is null or t.slug > after_slug)
    and (named is null or strpos(lower(t.name), lower(named)) > 0 or strpos(t.slug, lower(named)) > 0)
  order by t.slug
  limit most
$$;

-- What waits for a worker, of all tenants, for the platform's operators.
create function platform_queues(most int)
  returns table (tenant_id uuid, slug text, priority int, queued int, oldest_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp
as $$
  select t.tenant_id, t.slug, p.priority, q.queued, q.oldest_at
  from tenants t
  cross join (values (1), (0), (-1)) as p (priority)
  cross join lateral (
    select count(*)::int as queued, min(c.queued_at) as oldest_at from (
      select e.queued_at from executions e
      where e.tenant_id = t.tenant_id and e.status = 'queued' and e.priority = p.priority order by e.id limit 10000) c) q
  where q.queued > 0
  order by q.oldest_at
  limit most
$$;

-- Tenants whose end has come: the platform erases them by itself.
create function tenants_to_erase()
  returns table (tenant_id uuid, slug text, name text)
  language sql stable security definer set search_path = public, pg_temp
as $$
  select t.tenant_id, t.slug, t.name from tenants t where t.status = 'closed' and t.erase_after <= now() order by t.erase_after
$$;

-- Deletes up to so many rows of each table of a tenant whose end has come, and its own row when nothing else is left; the platform's
-- activity keeps that it was. Tables that others still refer to are passed over until those are empty. Called again until it answers 0:
-- what was erased stays erased if it dies between two calls, and of two that call at once one answers 0.
create function erase_tenant(doomed uuid, most int) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  target record;
  gone bigint;
  total bigint := 0;
begin
  perform from tenants t
  where t.tenant_id = doomed and t.status = 'closed' and t.erase_after <= now() for update skip locked;
  if not found then
    return 0;
  end if;
  for target in
    select c.oid::regclass as name, c.relname from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where n.nspname in ('public', 'search', 'workflows') and c.relkind in ('r', 'p') and not c.relispartition
      and c.oid <> 'public.tenants'::regclass
    order by c.oid desc
  loop
    begin
      execute format(
        'delete from %1$s where ctid = any (array(select ctid from %1$s where tenant_id = $1 limit $2)) and tenant_id = $1',
        target.name) using doomed, most;
      get diagnostics gone = row_count;
      total := total + gone;
    exception when foreign_key_violation then
      null; -- rows of another table refer to these; they go first
    end;
  end loop;
  if total = 0 then
    insert into user_activity (tenant_id, id, actor_type, actor_name, action, object_type, object_id, object_name, after, at)
    select '00000000-0000-7000-8000-000000000001', new_uuid_v7(), 'system', 'platform', 'tenant.erase', 'tenant', t.tenant_id, t.name,
      jsonb_build_object('slug', t.slug, 'closedAt', t.closed_at, 'reason', t.status_reason), now()
    from tenants t where t.tenant_id = doomed;
    delete from tenants t where t.tenant_id = doomed;
    get diagnostics total = row_count;
  end if;
  return total;
end $$;

-- The rows of one table, for an export: what the caller may see, without the columns that hold secrets.
create function tenant_rows(of_tenant uuid, source regclass, hidden text[]) returns setof text
  language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
begin
  return query execute format(
    'select jsonb_build_object(''table'', %L, ''row'', to_jsonb(t) - $2)::text from %s t where t.tenant_id = $1',
    (select c.relname from pg_class c where c.oid = source), source) using of_tenant, hidden;
end $$;

alter function platform_tenants(uuid, text, text, text, text, int) owner to workflows_auth;
alter function platform_queues(int) owner to workflows_auth;
alter function tenants_to_erase() owner to workflows_auth;
revoke execute on function platform_tenants(uuid, text, text, text, text, int), platform_queues(int), tenants_to_erase(),
  erase_tenant(uuid, int), tenant_rows(uuid, regclass, text[]) from public;
grant execute on function platform_tenants(uuid, text, text, text, text, int), platform_queues(int), tenants_to_erase(),
  erase_tenant(uuid, int), tenant_rows(uuid, regclass, text[]) to workflows_api;
