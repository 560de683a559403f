-- Language models that tenants register, and the ledger of what is asked of them: what was spent is known before the next call, also by
-- other processes, and also of a call whose process died.

alter table connectors drop constraint connectors_type_known;
alter table connectors add constraint connectors_type_known check (type in ('http', 'postgres', 'smtp', 's3', 'model'));

-- Prices are US dollars for a million tokens. checked_at and what follows are what the last call or test of it found.
create table models (
  tenant_id           uuid not null references tenants,
  id                  uuid not null,
  name                text not null,
  description         text not null default '',
  kind                text not null,
  connector_id        uuid not null,
  model               text not null,
  dimensions          int,
  context_tokens      int,
  max_output_tokens   int,
  input_price         numeric(14, 6) not null default 0,
  output_price        numeric(14, 6) not null default 0,
  calls_per_minute    int,
  timeout_seconds     int not null default 120,
  enabled             boolean not null default true,
  is_default          boolean not null default false,
  metadata            jsonb not null default '{}',
  checked_at          timestamptz,
  check_succeeded     boolean,
  check_message       text,
  version             int not null default 1,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, connector_id) references connectors,
  constraint models_name_unique unique (tenant_id, name),
  constraint models_name_form check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$'),
  constraint models_kind_known check (kind in ('chat', 'embedding')),
  constraint models_prices_whole check (input_price >= 0 and output_price >= 0),
  constraint models_calls_positive check (calls_per_minute > 0)
);
create index models_by_connector on models (tenant_id, connector_id);
-- One default of each kind.
create unique index models_default on models (tenant_id, kind) where is_default;

-- One row for each call, written before it goes out. reserved is what it may cost at most as far as that is known; it counts until the
-- call has ended. lost: its process died; what it cost is not known, and counts as what was reserved.
-- answer is kept for a while, so that a step that runs again after its worker was killed does not pay twice.
create table model_calls (
  tenant_id         uuid not null,
  id                uuid not null,
  model_id          uuid not null,
  model_name        text not null,
  provider          text not null,
  purpose           text not null,
  status            text not null default 'running',
  workspace_id      uuid,
  workflow_id       uuid,
  execution_id      uuid,
  node_id           text,
  prompt_card_id    uuid,
  conversation_id   uuid,
  user_id           uuid,
  idempotency_key   text,
  reserved          numeric(16, 9) not null default 0,
  cost              numeric(16, 9) not null default 0,
  input_tokens      bigint not null default 0,
  output_tokens     bigint not null default 0,
  estimated         boolean not null default false,
  retries           int not null default 0,
  duration_ms       int,
  first_token_ms    int,
  error_code        text,
  error_message     text,
  answer            bytea,
  started_at        timestamptz not null,
  ended_at          timestamptz,

  primary key (tenant_id, id),
  constraint model_calls_status_known check (status in ('running', 'succeeded', 'failed', 'cancelled', 'lost'))
);
create unique index model_calls_once on model_calls (tenant_id, idempotency_key) where idempotency_key is not null;
create index model_calls_open on model_calls (tenant_id, model_id, started_at) where status = 'running';
create index model_calls_by_model on model_calls (tenant_id, model_id, started_at);
create index model_calls_by_execution on model_calls (tenant_id, execution_id) where execution_id is not null;
create index model_calls_expiry on model_calls (started_at);
create index model_calls_answers on model_calls (ended_at) where answer is not null;

-- What calls cost, by day of UTC. workspace_id is all zeros where a call belongs to none.
create table model_usage_daily (
  tenant_id      uuid not null,
  day            date not null,
  model_id       uuid not null,
  workspace_id   uuid not null,
  purpose        text not null,
  calls          bigint not null default 0,
  failures       bigint not null default 0,
  input_tokens   bigint not null default 0,
  output_tokens  bigint not null default 0,
  cost           numeric(18, 9) not null default 0,

  primary key (tenant_id, day, model_id, workspace_id, purpose)
);
create index model_usage_daily_expiry on model_usage_daily (day);

-- Budgets on models: amount and used are US cents; of one workspace, or of the tenant.
alter table budgets drop constraint budgets_kind_known;
alter table budgets add constraint budgets_kind_known check (kind in ('executions', 'steps', 'storage', 'modelCost'));
alter table budgets add column workspace_id uuid;
alter table budgets add constraint budgets_workspace_of_models check (workspace_id is null or kind = 'modelCost');

call protect_tenant_table('models');
call protect_tenant_table('model_calls');
call protect_tenant_table('model_usage_daily');
grant select, insert, update, delete on models to workflows_api;
grant select, insert, update on model_calls, model_usage_daily to workflows_api;
call open_to_worker('models', 'select, update (checked_at, check_succeeded, check_message)');
call open_to_worker('model_calls', 'select, insert, update, delete');
call open_to_worker('model_usage_daily', 'select, insert, update, delete');
