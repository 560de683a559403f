-- CloudEvents 1.0 as received or emitted. id is ours (UUIDv7); (source, event_id) is the sender's name for it. correlation_key is the
-- extension attribute correlationid, else the subject: what waits compare with.
create table events (
  tenant_id          uuid not null,
  id                 uuid not null,
  event_id           text not null,
  source             text not null,
  type               text not null,
  subject            text,
  correlation_key    text,
  time               timestamptz,
  data_content_type  text,
  data_schema        text,
  data               jsonb,
  extensions         jsonb not null default '{}',
  received_at        timestamptz not null,

  primary key (tenant_id, id)
) partition by range (id);
create index events_by_type on events (tenant_id, type, id);
create index events_by_correlation on events (tenant_id, type, correlation_key, id) where correlation_key is not null;

-- The event as a structured CloudEvent: what conditions, executions and waits see. Nulls inside data stay.
create function cloud_event(e events) returns jsonb
  language sql stable parallel safe
  return jsonb_strip_nulls(jsonb_build_object(
      'specversion', '1.0', 'id', e.event_id, 'source', e.source, 'type', e.type, 'subject', e.subject,
      'time', to_char(e.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'datacontenttype', e.data_content_type, 'dataschema', e.data_schema))
    || e.extensions
    || case when e.data is null then '{}'::jsonb else jsonb_build_object('data', e.data) end;

-- Partitions cannot hold this uniqueness; rows expire, after which the sender may use the id again.
create table event_dedupe (
  tenant_id   uuid not null,
  source      text not null,
  event_id    text not null,
  id          uuid not null,
  expires_at  timestamptz not null,

  primary key (tenant_id, source, event_id)
);
create index event_dedupe_expiry on event_dedupe (expires_at);

-- What an event did: which trigger started which execution, which wait it woke, or why a trigger did not match.
create table event_matches (
  tenant_id     uuid not null,
  event_id      uuid not null,
  target        text not null,
  workflow_id   uuid,
  execution_id  uuid,
  matched       boolean not null,
  reason        text not null default '',

  primary key (tenant_id, event_id, target)
) partition by range (event_id);

-- Events stored and not yet routed to triggers and waits. Routing is a transaction of its own, after the one that stored the event: so a wait that is
-- opened meanwhile either sees the event when it looks back, or is seen by the routing. The row goes with the routing's commit.
create table events_to_route (
  tenant_id  uuid not null,
  id         uuid not null,

  primary key (tenant_id, id)
);

-- Work for other services, committed with the change that causes it.
create table outbox (
  tenant_id   uuid not null,
  id          uuid not null,
  topic       text not null,
  subject_id  uuid not null,
  payload     jsonb not null default '{}',
  attempts    int not null default 0,
  not_before  timestamptz not null,

  primary key (tenant_id, id),
  constraint outbox_topic_known check (topic in ('index_workflow', 'index_execution', 'remove_workflow'))
);
create index outbox_due on outbox (not_before, id);

-- Who did what. Append-only for every application role; written in the transaction of the change.
create table user_activity (
  tenant_id    uuid not null,
  id           uuid not null,
  actor_type   text not null,
  actor_id     uuid,
  actor_name   text not null,
  action       text not null,
  object_type  text not null,
  object_id    uuid,
  object_name  text,
  ip           text,
  user_agent   text,
  before       jsonb,
  after        jsonb,
  request_id   text,
  at           timestamptz not null,

  primary key (tenant_id, id),
  constraint user_activity_actor_known check (actor_type in ('user', 'api_key', 'system'))
) partition by range (id);
create index user_activity_by_object on user_activity (tenant_id, object_id, id);

call protect_tenant_table('events');
call protect_tenant_table('event_dedupe');
call protect_tenant_table('event_matches');
call protect_tenant_table('events_to_route');
call protect_tenant_table('outbox');
call protect_tenant_table('user_activity');

grant select, insert on events, event_matches, user_activity to workflows_api;
grant select, insert, update, delete on event_dedupe, events_to_route to workflows_api;
grant insert on outbox to workflows_api;
call open_to_worker('events', 'select, insert');
call open_to_worker('event_dedupe', 'select, insert, update, delete');
call open_to_worker('event_matches', 'select, insert');
call open_to_worker('events_to_route', 'select, insert, delete');
call open_to_worker('outbox', 'insert');
call open_to_worker('user_activity', 'insert');

-- The search service reads the outbox of all tenants; everything else it does under one tenant at a time.
grant select, update, delete on outbox to workflows_search;
create policy search_access on outbox to workflows_search using (true) with check (true);
