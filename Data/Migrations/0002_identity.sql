create table tenants (
  tenant_id   uuid primary key,
  name        text not null,
  slug        text not null,
  plan        text not null default 'free',
  status      text not null default 'active',
  settings    jsonb not null default '{}',
  metadata    jsonb not null default '{}',
  version     int not null default 1,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,

  constraint tenants_slug_unique unique (tenant_id, slug),
  constraint tenants_status_known check (status in ('active', 'suspended', 'closed')),
  constraint tenants_slug_form check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$')
);

create table users (
  tenant_id          uuid not null references tenants,
  id                 uuid not null,
  email              text not null,
  username           text not null,
  name               text not null,
  password_hash      text,
  photo_url          text,
  time_zone          text not null default 'UTC',
  utc_offset_minutes int not null default 0,
  active             boolean not null default true,
  email_verified     boolean not null default false,
  failed_logins      int not null default 0,
  locked_until       timestamptz,
  last_login_at      timestamptz,
  settings           jsonb not null default '{}',
  version            int not null default 1,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  deleted_at         timestamptz,

  primary key (tenant_id, id)
);
create unique index users_email_unique on users (tenant_id, lower(email)) where deleted_at is null;
create index users_by_email on users (lower(email)) where deleted_at is null;

create table roles (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  permissions  text[] not null,
  built_in     boolean not null default false,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  constraint roles_name_unique unique (tenant_id, name)
);

create table user_roles (
  tenant_id  uuid not null,
  user_id    uuid not null,
  role_id    uuid not null,

  primary key (tenant_id, user_id, role_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, role_id) references roles on delete cascade
);
create index user_roles_by_role on user_roles (tenant_id, role_id);

-- A session is one chain of refresh tokens. previous_hash is the token rotated last: if it turns up again it was stolen, and
-- the whole session is revoked.
create table user_sessions (
  tenant_id      uuid not null,
  id             uuid not null,
  user_id        uuid not null,
  refresh_hash   bytea not null,
  previous_hash  bytea,
  rotations      int not null default 0,
  ip             text,
  user_agent     text,
  created_at     timestamptz not null,
  refreshed_at   timestamptz not null,
  expires_at     timestamptz not null,
  revoked_at     timestamptz,
  revoke_reason  text,

  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index user_sessions_by_refresh on user_sessions (refresh_hash);
create index user_sessions_by_previous on user_sessions (previous_hash) where previous_hash is not null;
create index user_sessions_by_user on user_sessions (tenant_id, user_id, id desc);

create table api_keys (
  tenant_id     uuid not null references tenants,
  id            uuid not null,
  name          text not null,
  prefix        text not null,
  hash          bytea not null,
  scopes        text[] not null,
  created_by    uuid,
  created_at    timestamptz not null,
  expires_at    timestamptz,
  last_used_at  timestamptz,
  revoked_at    timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, created_by) references users
);
create index api_keys_by_hash on api_keys (hash);

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant_isolation on tenants to workflows_api, workflows_search
  using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
call protect_tenant_table('users');
call protect_tenant_table('roles');
call protect_tenant_table('user_roles');
call protect_tenant_table('user_sessions');
call protect_tenant_table('api_keys');

grant select, update on tenants to workflows_api;
grant select, insert, update, delete on users, roles, user_roles, user_sessions, api_keys to workflows_api;
call open_to_worker('tenants', 'select');
call open_to_auth('tenants', 'select');
call open_to_auth('users', 'select');
call open_to_auth('user_roles', 'select');
call open_to_auth('roles', 'select');
call open_to_auth('user_sessions', 'select');
call open_to_auth('api_keys', 'select');

-- Who holds this API key? One row or none; the caller judges expiry and revocation, so that it can name the reason.
create function find_api_key(key_hash bytea)
  returns table (tenant_id uuid, id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz, tenant_status text)
  language sql stable security definer set search_path = public
as $$
  select k.tenant_id, k.id, k.scopes, k.expires_at, k.revoked_at, t.status
  from api_keys k join tenants t on t.tenant_id = k.tenant_id
  where k.hash = key_hash
$$;

-- The accounts that bear this e-mail address, in whichever tenants; the caller checks the password against each.
create function find_logins(login_email text)
  returns table (tenant_id uuid, tenant_slug text, user_id uuid, password_hash text, active boolean, locked_until timestamptz)
  language sql stable security definer set search_path = public
as $$
  select u.tenant_id, t.slug, u.id, u.password_hash, u.active, u.locked_until
  from users u join tenants t on t.tenant_id = u.tenant_id
  where lower(u.email) = lower(login_email) and u.deleted_at is null and t.status = 'active'
$$;

-- The session to which this refresh token belongs or once belonged (rotated = it was already used: reuse).
create function find_session(token_hash bytea)
  returns table (tenant_id uuid, id uuid, rotated boolean)
  language sql stable security definer set search_path = public
as $$
  select s.tenant_id, s.id, s.refresh_hash <> token_hash
  from user_sessions s
  where s.refresh_hash = token_hash or s.previous_hash = token_hash
$$;

alter function find_api_key(bytea) owner to workflows_auth;
alter function find_logins(text) owner to workflows_auth;
alter function find_session(bytea) owner to workflows_auth;
revoke execute on function find_api_key(bytea), find_logins(text), find_session(bytea) from public;
grant execute on function find_api_key(bytea), find_logins(text), find_session(bytea) to workflows_api;
