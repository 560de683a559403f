-- Secrets are sealed (AES-256-GCM) under a key of the tenant's own, which lies here wrapped by a master key that the database never sees. key_id is the
-- master key's id: a new master key brings every tenant a new key for new writes, and what bears an older one is sealed anew in the background.
create table tenant_keys (
  tenant_id   uuid not null references tenants,
  key_id      text not null,
  wrapped     bytea not null,
  created_at  timestamptz not null,

  primary key (tenant_id, key_id)
);

create table secrets (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  description  text not null default '',
  key_id       text not null,
  sealed       bytea not null,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, key_id) references tenant_keys,
  constraint secrets_name_unique unique (tenant_id, name),
  constraint secrets_name_form check (name ~ '^[A-Za-z][A-Za-z0-9_]{0,99}$')
);
create index secrets_by_key on secrets (key_id);

-- What expressions read as vars: of the tenant (workflow_id null), and of one workflow, which win over the tenant's.
create table variables (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  workflow_id  uuid,
  name         text not null,
  value        jsonb not null,
  description  text not null default '',
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, workflow_id) references workflows,
  constraint variables_name_form check (name ~ '^[A-Za-z][A-Za-z0-9_]{0,99}$')
);
create unique index variables_name_unique
  on variables (tenant_id, coalesce(workflow_id, '00000000-0000-0000-0000-000000000000'), name);

-- Connection details of systems outside; all of config is sealed, since a user name or a host may be as telling as a password.
create table connectors (
  tenant_id        uuid not null references tenants,
  id               uuid not null,
  name             text not null,
  type             text not null,
  description      text not null default '',
  status           text not null default 'active',
  key_id           text not null,
  sealed           bytea not null,
  tested_at        timestamptz,
  test_succeeded   boolean,
  test_message     text,
  version          int not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, key_id) references tenant_keys,
  constraint connectors_name_unique unique (tenant_id, name),
  constraint connectors_name_form check (name ~ '^[A-Za-z][A-Za-z0-9_-]{0,99}$'),
  constraint connectors_type_known check (type in ('http', 'postgres', 'smtp', 's3')),
  constraint connectors_status_known check (status in ('active', 'disabled')),
  constraint connectors_test_whole check ((tested_at is null) = (test_succeeded is null))
);
create index connectors_by_key on connectors (key_id);

-- What executions keep for later ones. scope_id is the tenant, workspace, workflow or execution that the entry belongs to.
create table context_entries (
  tenant_id   uuid not null references tenants,
  id          uuid not null,
  scope       text not null,
  scope_id    uuid not null,
  key         text not null,
  value       jsonb not null,
  version     int not null default 1,
  expires_at  timestamptz,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,

  primary key (tenant_id, id),
  constraint context_entries_name_unique unique (tenant_id, scope, scope_id, key),
  constraint context_entries_scope_known check (scope in ('tenant', 'workspace', 'workflow', 'execution')),
  constraint context_entries_key_form check (length(key) between 1 and 200)
);
create index context_entries_expiry on context_entries (expires_at) where expires_at is not null;

-- What a store node did, by its idempotency key, in the transaction that did it: an attempt after a crash finds the answer instead of writing again.
create table context_writes (
  tenant_id   uuid not null references tenants,
  operation   text not null,
  result      jsonb,
  expires_at  timestamptz not null,

  primary key (tenant_id, operation)
);
create index context_writes_expiry on context_writes (expires_at);

-- Node types that a tenant made itself: a JSON Schema of the parameters, and what a node of the type does with them.
create table node_definitions (
  tenant_id       uuid not null references tenants,
  id              uuid not null,
  name            text not null,
  description     text not null default '',
  schema          jsonb not null,
  implementation  jsonb not null,
  version         int not null default 1,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,

  primary key (tenant_id, id),
  constraint node_definitions_name_unique unique (tenant_id, name),
  constraint node_definitions_name_form check (name ~ '^[a-z][A-Za-z0-9_-]{0,99}$')
);

-- A dialogue with a person (USSD): which execution carries it, which wait of it hears the next message, which workflow a service code starts.
create index executions_by_session on executions (tenant_id, session_id, id) where session_id is not null;
alter table waits drop constraint waits_kind_known;
alter table waits add constraint waits_kind_known check (kind in ('timer', 'event', 'retry', 'approval', 'child', 'webhook', 'session'));
create index workflow_triggers_by_service_code on workflow_triggers (tenant_id, (settings ->> 'serviceCode')) where type = 'session' and enabled;

call protect_tenant_table('tenant_keys');
call protect_tenant_table('secrets');
call protect_tenant_table('variables');
call protect_tenant_table('connectors');
call protect_tenant_table('context_entries');
call protect_tenant_table('context_writes');
call protect_tenant_table('node_definitions');

grant select, insert on tenant_keys to workflows_api;
grant select, insert, update, delete on secrets, variables, connectors, context_entries, node_definitions to workflows_api;
call open_to_worker('tenant_keys', 'select, insert');
call open_to_worker('secrets', 'select, update');
call open_to_worker('variables', 'select');
call open_to_worker('connectors', 'select, update');
call open_to_worker('context_entries', 'select, insert, update, delete');
call open_to_worker('context_writes', 'select, insert, update, delete');
call open_to_worker('node_definitions', 'select');
call open_to_worker('jobs', 'select');
call open_to_worker('folders', 'select');
