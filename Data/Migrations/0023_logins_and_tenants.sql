-- Wrong passwords by account and network address: a stranger who guesses locks out himself, not the account's owner at another address. The lock of the
-- account as a whole (users.locked_until) stays for guesses spread over many addresses; an address from which the account logged in before passes it.
create table login_failures (
  tenant_id     uuid not null,
  user_id       uuid not null,
  address       uuid not null, -- a hash: no address is kept here
  failures      int not null,
  locked_until  timestamptz,
  failed_at     timestamptz not null,

  primary key (tenant_id, user_id, address),
  foreign key (tenant_id, user_id) references users on delete cascade
);
call protect_tenant_table('login_failures');
grant select, insert, update, delete on login_failures to workflows_api;
call open_to_auth('login_failures', 'select');

-- As find_logins, with the lock that holds for who calls from this address.
create function find_logins_at(login_email text, from_address uuid, from_ip text)
  returns table (tenant_id uuid, tenant_slug text, user_id uuid, password_hash text, active boolean, locked_until timestamptz)
  language sql stable security definer set search_path = public
as $$
  select u.tenant_id, t.slug, u.id, u.password_hash, u.active,
    greatest(f.locked_until, case
      when u.locked_until is null or u.locked_until <= now() then null
      when exists (select from user_sessions s
        where s.tenant_id = u.tenant_id and s.user_id = u.id and s.ip = from_ip and s.created_at > now() - interval '90 days') then null
      else u.locked_until end)
  from users u
  join tenants t on t.tenant_id = u.tenant_id
  left join login_failures f on f.tenant_id = u.tenant_id and f.user_id = u.id and f.address = from_address
  where lower(u.email) = lower(login_email) and u.deleted_at is null and t.status = 'active'
$$;

-- Every instance of the API writes here, to know that it can.
create table api_instances (
  id       uuid primary key,
  seen_at  timestamptz not null
);
grant select, insert, update, delete on api_instances to workflows_api;

-- Answers of logins that were kept under an idempotency key hold tokens.
delete from idempotency_keys where scope like '%:POST /api/v1/auth/%';

-- For the operator's commands, which run outside of every tenant.
create function list_tenants()
  returns table (tenant_id uuid, slug text, name text, status text, settings jsonb, created_at timestamptz)
  language sql stable security definer set search_path = public
as $$
  select t.tenant_id, t.slug, t.name, t.status, t.settings, t.created_at from tenants t order by t.slug, t.tenant_id
$$;

alter function find_logins_at(text, uuid, text) owner to workflows_auth;
alter function list_tenants() owner to workflows_auth;
revoke execute on function find_logins_at(text, uuid, text), list_tenants() from public;
grant execute on function find_logins_at(text, uuid, text), list_tenants() to workflows_api;
