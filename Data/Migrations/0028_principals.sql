-- Who may be somebody without a password of ours: people whom an identity provider vouches for, and accounts of programs.

-- An OpenID Connect provider of a tenant. Roles and groups by id, without foreign keys: one that is deleted meanwhile is left out at a login.
create table identity_providers (
  tenant_id      uuid not null references tenants,
  id             uuid not null,
  slug           text not null, -- part of the address that the provider sends people back to
  name           text not null,
  issuer         text not null,
  client_id      text not null,
  key_id         text, -- of the client secret; a public client has none
  sealed         bytea,
  scopes         text[] not null,
  enabled        boolean not null,
  trust_email    boolean not null, -- addresses count as verified though the provider does not say so
  link_by_email  boolean not null,
  provision      boolean not null,
  groups_claim   text,
  default_roles  uuid[] not null,
  mappings       jsonb not null, -- [{"value": a group of the provider, "roles": [id], "groups": [id]}]
  version        int not null default 1,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,

  primary key (tenant_id, id),
  constraint identity_providers_slug_form check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  constraint identity_providers_secret_whole check ((key_id is null) = (sealed is null))
);
create unique index identity_providers_name_unique on identity_providers (tenant_id, slug);
create index identity_providers_by_key on identity_providers (key_id) where key_id is not null;

-- Who of a provider is which user. A user is one of a provider's people, and no other of them becomes the same user by an address.
create table user_identities (
  tenant_id      uuid not null,
  provider_id    uuid not null,
  subject        text not null,
  user_id        uuid not null,
  email          text, -- as the provider said it last
  created_at     timestamptz not null,
  last_login_at  timestamptz not null,

  primary key (tenant_id, provider_id, subject),
  foreign key (tenant_id, provider_id) references identity_providers on delete cascade,
  foreign key (tenant_id, user_id) references users on delete cascade,
  constraint user_identities_one_each unique (tenant_id, user_id, provider_id)
);

-- A login that waits for a person to come back from a provider. It is deleted when that happens: each works once. What the browser holds is here as hash.
create table provider_logins (
  tenant_id      uuid not null,
  id             uuid not null,
  provider_id    uuid not null,
  state_hash     bytea not null,
  browser_hash   bytea not null,
  nonce          text not null,
  code_verifier  text not null,
  created_at     timestamptz not null,
  expires_at     timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, provider_id) references identity_providers on delete cascade
);
create index provider_logins_by_provider on provider_logins (tenant_id, provider_id);
create index provider_logins_expiry on provider_logins (expires_at);

-- A program that has API keys of its own. It has no password and no session, and whoever made it may leave.
create table service_accounts (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  description  text not null default '',
  active       boolean not null default true,
  created_by   uuid,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  deleted_at   timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, created_by) references users
);
create unique index service_accounts_name_unique on service_accounts (tenant_id, lower(name)) where deleted_at is null;

alter table api_keys
  add column service_account_id uuid,
  add constraint api_keys_of_service_account foreign key (tenant_id, service_account_id) references service_accounts;
create index api_keys_by_service_account on api_keys (tenant_id, service_account_id) where service_account_id is not null;

call protect_tenant_table('identity_providers');
call protect_tenant_table('user_identities');
call protect_tenant_table('provider_logins');
call protect_tenant_table('service_accounts');
grant select, insert, update, delete on identity_providers, user_identities, provider_logins to workflows_api;
grant select, insert, update on service_accounts to workflows_api;
-- Workers seal anew what is sealed under a former key.
call open_to_worker('identity_providers', 'select, update (key_id, sealed)');
call open_to_auth('identity_providers', 'select');
call open_to_auth('provider_logins', 'select, update, delete');
call open_to_auth('service_accounts', 'select');

-- The same as before; a key of a service account works while the account does.
create or replace function find_api_key(key_hash bytea)
  returns table (tenant_id uuid, id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz, tenant_status text)
  language sql stable security definer set search_path = public
as $$
  select k.tenant_id, k.id, k.scopes, k.expires_at,
    coalesce(k.revoked_at, s.deleted_at, case when not s.active then s.updated_at end), t.status
  from api_keys k
  join tenants t on t.tenant_id = k.tenant_id
  left join service_accounts s on s.tenant_id = k.tenant_id and s.id = k.service_account_id
  where k.hash = key_hash
$$;

-- Which provider an address names, of a tenant that is not known yet.
create function find_identity_provider(wanted_tenant text, wanted_provider text)
  returns table (tenant_id uuid, provider_id uuid)
  language sql stable security definer set search_path = public, pg_temp
as $$
  select p.tenant_id, p.id
  from tenants t join identity_providers p on p.tenant_id = t.tenant_id and p.slug = wanted_provider
  where t.slug = wanted_tenant and t.status = 'active' and p.enabled
$$;

-- Logins from which nobody came back.
create function forget_provider_logins(most int) returns int
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone int;
begin
  delete from provider_logins l using (
    select o.tenant_id, o.id from provider_logins o where o.expires_at < now() order by o.expires_at limit most for update skip locked) x
  where l.tenant_id = x.tenant_id and l.id = x.id;
  get diagnostics gone = row_count;
  return gone;
end $$;

alter function find_identity_provider(text, text) owner to workflows_auth;
alter function forget_provider_logins(int) owner to workflows_auth;
revoke execute on function find_identity_provider(text, text), forget_provider_logins(int) from public;
grant execute on function find_identity_provider(text, text), forget_provider_logins(int) to workflows_api;
