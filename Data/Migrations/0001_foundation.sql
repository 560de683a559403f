-- Helpers that the later migrations and the platform itself stand on. Login roles and their passwords are made by the
-- migration runner before the first migration (MigrationRunner.EnsureRolesAsync): SQL files hold no secret.

-- The tenant of this transaction; null when nothing was set, so that a forgotten setting yields no rows, never all.
-- After a transaction-local set_config the setting reads '' for the rest of the session, hence the nullif.
create function current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_id', true), '')::uuid;

-- The smallest UUIDv7 of an instant: partition bounds and time filters over keys that carry their time.
create function uuid_at(instant timestamptz) returns uuid
  language sql immutable strict parallel safe
  return (lpad(to_hex(floor(extract(epoch from instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- The instant in a UUIDv7.
create function uuid_time(id uuid) returns timestamptz
  language sql immutable strict parallel safe
  return to_timestamp((('x' || lpad(translate(left(id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint) / 1000.0);

-- Forced row-level security with the tenant policy for the roles that act for a caller. The sub-select is evaluated once
-- per statement; written bare, current_setting() would be called for every row.
create procedure protect_tenant_table(target regclass)
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant_isolation on %s to workflows_api, workflows_search
       using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()))', target);
end $$;

-- The execution workers serve all tenants, but only on the tables that name them here.
create procedure open_to_worker(target regclass, privileges text)
  language plpgsql as $$
begin
  execute format('grant %s on %s to workflows_worker', privileges, target);
  execute format('create policy worker_access on %s to workflows_worker using (true) with check (true)', target);
end $$;

-- Whose lookups precede the knowledge of a tenant (login, API key): functions of this role, never a table grant to a caller.
create procedure open_to_auth(target regclass, privileges text)
  language plpgsql as $$
begin
  execute format('grant %s on %s to workflows_auth', privileges, target);
  execute format('create policy auth_access on %s to workflows_auth using (true) with check (true)', target);
end $$;

grant usage on schema public to workflows_api, workflows_worker, workflows_search, workflows_auth;
