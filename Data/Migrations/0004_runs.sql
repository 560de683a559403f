-- One row per running worker process. A worker that was fenced, or was away longer than its lease, comes back under a new id:
-- the id is worker and epoch in one. Not tenant data.
create table workers (
  id            uuid primary key,
  name          text not null,
  status        text not null default 'active',
  started_at    timestamptz not null,
  heartbeat_at  timestamptz not null,
  in_flight     int not null default 0,

  constraint workers_status_known check (status in ('active', 'stopped', 'fenced'))
);
grant select, insert, update, delete on workers to workflows_worker;
grant select on workers to workflows_api;

-- Called first in every checkpoint. The shared lock lives to the end of the transaction; a rescuer takes it exclusively before
-- it fences this worker. So either the checkpoint commits before the fence, or it finds itself fenced and writes nothing.
-- An advisory lock, since a row lock per checkpoint would write the row (and multixacts under two lanes).
create function hold_worker_lease(worker uuid) returns void
  language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(worker::text, 0));
  if not exists (select from workers where id = worker and status = 'active') then
    raise exception 'worker % is fenced', worker using errcode = 'WF001';
  end if;
end $$;

-- id is a UUIDv7 made when the execution is accepted; partitions are ranges of it. No foreign key to workflows: a check per row
-- would lock the workflow's row for every start; workflows are never removed, only marked deleted.
create table executions (
  tenant_id            uuid not null,
  id                   uuid not null,
  workflow_id          uuid not null,
  version              int not null,
  status               text not null default 'queued',
  priority             smallint not null default 0,
  trigger_type         text not null,
  trigger              jsonb,
  correlation_id       text,
  parent_execution_id  uuid,
  parent_node_id       text,
  session_id           text,
  input                jsonb not null,
  output               jsonb,
  error                jsonb,
  attempt              int not null default 1,
  lease_owner          uuid,
  fence                bigint not null default 0,
  wakes                int not null default 0,
  stop_request         text,
  stop_reason          text,
  reply_to             text,
  rows_processed       bigint not null default 0,
  created_by           text,
  queued_at            timestamptz not null,
  retried_at           timestamptz,
  started_at           timestamptz,
  finished_at          timestamptz,

  primary key (tenant_id, id),
  constraint executions_status_known check
    (status in ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out')),
  constraint executions_finished_iff_final check
    ((finished_at is not null) = (status in ('completed', 'failed', 'cancelled', 'timed_out'))),
  constraint executions_owned_iff_running check ((lease_owner is not null) = (status = 'running')),
  constraint executions_stop_known check (stop_request in ('cancel', 'timeout')),
  constraint executions_trigger_known check
    (trigger_type in ('event', 'schedule', 'webhook', 'manual', 'sub_workflow', 'session', 'rule', 'retry'))
) partition by range (id);

create index executions_queued on executions (tenant_id, id) where status = 'queued';
create index executions_owned on executions (lease_owner) where status = 'running';
create index executions_by_workflow on executions (tenant_id, workflow_id, id);
create index executions_failed on executions (tenant_id, id) where status in ('failed', 'timed_out');
create index executions_waiting on executions (tenant_id, id) where status = 'waiting';
create index executions_by_correlation on executions (tenant_id, correlation_id, id) where correlation_id is not null;

-- One row per recorded attempt of a node; partitioned like its execution. run is the execution's own attempt (a retry of the whole
-- execution raises it) in which the step ran: failures of earlier runs are history, not the node's present state.
create table step_executions (
  tenant_id     uuid not null,
  execution_id  uuid not null,
  node_id       text not null,
  iteration     text not null default '',
  attempt       int not null,
  run           int not null default 1,
  sequence      int not null,
  node_type     text not null,
  status        text not null,
  port          text,
  input         jsonb,
  output        jsonb,
  error         jsonb,
  started_at    timestamptz not null,
  finished_at   timestamptz not null,

  primary key (tenant_id, execution_id, node_id, iteration, attempt),
  constraint step_executions_status_known check (status in ('completed', 'failed', 'cancelled'))
) partition by range (execution_id);

-- What a parked execution waits for. A row lives from the moment the wait is opened until the step that consumed it is recorded.
create table waits (
  tenant_id        uuid not null,
  execution_id     uuid not null,
  node_id          text not null,
  iteration        text not null default '',
  attempt          int not null,
  kind             text not null,
  status           text not null default 'open',
  event_type       text,
  correlation_key  text,
  due_at           timestamptz,
  outcome          text,
  payload          jsonb,
  created_at       timestamptz not null,
  resolved_at      timestamptz,

  primary key (tenant_id, execution_id, node_id, iteration, attempt),
  constraint waits_kind_known check (kind in ('timer', 'event', 'retry')),
  constraint waits_status_known check (status in ('open', 'resolved')),
  constraint waits_outcome_iff_resolved check ((outcome is not null) = (status = 'resolved')),
  constraint waits_event_typed check (kind <> 'event' or event_type is not null)
);
create index waits_for_event on waits (tenant_id, event_type, correlation_key) where kind = 'event' and status = 'open';

-- Instants at which something happens to an execution: a wait falls due (node_id names it) or the execution times out ('').
-- A row is deleted by the transaction that acts on it, so each fires once.
create table timers (
  tenant_id     uuid not null,
  execution_id  uuid not null,
  node_id       text not null,
  iteration     text not null default '',
  attempt       int not null default 0,
  kind          text not null,
  due_at        timestamptz not null,

  primary key (tenant_id, execution_id, node_id, iteration, attempt),
  constraint timers_kind_known check (kind in ('wait', 'execution_timeout'))
);
create index timers_due on timers (due_at);

create table dead_letters (
  tenant_id     uuid not null,
  id            uuid not null,
  execution_id  uuid not null,
  workflow_id   uuid not null,
  node_id       text,
  error         jsonb not null,
  input         jsonb,
  status        text not null default 'open',
  created_at    timestamptz not null,
  settled_at    timestamptz,
  settled_by    text,

  primary key (tenant_id, id),
  constraint dead_letters_status_known check (status in ('open', 'redriven', 'discarded')),
  constraint dead_letters_settled_iff_closed check ((settled_at is not null) = (status <> 'open'))
);
create index dead_letters_open on dead_letters (tenant_id, id) where status = 'open';
create index dead_letters_by_execution on dead_letters (tenant_id, execution_id);

-- A client's name for a request. Kept past any partition of what it made, with an expiry of its own.
create table idempotency_keys (
  tenant_id     uuid not null,
  scope         text not null,
  key           text not null,
  request_hash  bytea not null,
  response      jsonb,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,

  primary key (tenant_id, scope, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

call protect_tenant_table('executions');
call protect_tenant_table('step_executions');
call protect_tenant_table('waits');
call protect_tenant_table('timers');
call protect_tenant_table('dead_letters');
call protect_tenant_table('idempotency_keys');

grant select, insert, update on executions to workflows_api;
grant select on step_executions to workflows_api;
grant select, update, delete on waits, timers to workflows_api;
grant select, update on dead_letters to workflows_api;
grant select, insert, update, delete on idempotency_keys to workflows_api;
grant select on executions, step_executions to workflows_search;
call open_to_worker('executions', 'select, insert, update');
call open_to_worker('step_executions', 'select, insert');
call open_to_worker('waits', 'select, insert, update, delete');
call open_to_worker('timers', 'select, insert, update, delete');
call open_to_worker('dead_letters', 'select, insert');
call open_to_worker('idempotency_keys', 'select, update, delete');
