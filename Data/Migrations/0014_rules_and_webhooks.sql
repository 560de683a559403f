-- A tenant-level condition on events with actions. definition holds eventType, condition, join and actions as the engine reads them.
create table rules (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  description  text not null default '',
  definition   jsonb not null,
  priority     int not null default 0,
  stop         boolean not null default false,
  active_from  timestamptz,
  active_to    timestamptz,
  enabled      boolean not null default true,
  created_by   uuid,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  deleted_at   timestamptz,

  primary key (tenant_id, id),
  constraint rules_window_forward check (active_from < active_to)
);
create unique index rules_name_unique on rules (tenant_id, lower(name)) where deleted_at is null;
create index rules_by_priority on rules (tenant_id, priority desc, id) where deleted_at is null;

-- The events that came so far for a rule that joins several, by the value they are correlated by. The row is locked by whoever routes one of them, and deleted
-- by the routing that finds it complete: so a set of events fires once. came: slot -> ids of the events that fill it, as the engine keeps them.
create table rule_joins (
  tenant_id        uuid not null,
  rule_id          uuid not null,
  correlation_key  text not null,
  rule_version     int not null,
  came             jsonb not null default '{}',
  expires_at       timestamptz not null,

  primary key (tenant_id, rule_id, correlation_key)
);
create index rule_joins_expiry on rule_joins (expires_at);

-- Raised by every change of what events are matched against, in the transaction of the change. Routing reads it together with the events, and compares it with
-- that of the compiled triggers and rules it has in memory: a publication is never missed. changed_in: once per transaction is enough.
create table routing_versions (
  tenant_id   uuid primary key,
  version     bigint not null,
  changed_in  xid8 not null
);

create function raise_routing_version() returns trigger
  language plpgsql as $$
begin
  insert into routing_versions as v (tenant_id, version, changed_in)
  values (coalesce(new.tenant_id, old.tenant_id), 1, pg_current_xact_id())
  on conflict (tenant_id) do update set version = v.version + 1, changed_in = excluded.changed_in
    where v.changed_in <> excluded.changed_in;
  return null;
end $$;

-- Deferred to the commit: the row is locked last and briefly, so that two publications neither wait long nor for each other crosswise.
create constraint trigger rules_route after insert or update or delete on rules
  deferrable initially deferred for each row execute function raise_routing_version();
create constraint trigger workflow_triggers_route after insert or update or delete on workflow_triggers
  deferrable initially deferred for each row execute function raise_routing_version();
-- start_settings: what starts go by, a column that a later migration adds.
create constraint trigger workflows_route after update on workflows
  deferrable initially deferred for each row
  when (old.enabled is distinct from new.enabled or old.published_version is distinct from new.published_version
    or old.deleted_at is distinct from new.deleted_at or to_jsonb(old) -> 'start_settings' is distinct from to_jsonb(new) -> 'start_settings')
  execute function raise_routing_version();

-- Only matches are recorded; why something did not match is computed when somebody asks.
alter table event_matches add column rule_id uuid;
alter table event_matches add column emitted_id uuid;
create index event_matches_by_rule on event_matches (tenant_id, rule_id, event_id) where rule_id is not null;

-- due_at: whoever stored the event routes it at once; others look at it only when that did not happen. An event whose routing failed again and again is set
-- aside with its error, so that it holds up no other.
alter table events_to_route add column due_at timestamptz not null default now();
alter table events_to_route add column failures int not null default 0;
alter table events_to_route add column error text;
alter table events_to_route add column set_aside_at timestamptz;

create index events_set_aside on events_to_route (tenant_id, id) where set_aside_at is not null;

-- A wait that looks back knows its correlation key and since when, but may name a pattern of types.
drop index events_by_correlation;
create index events_by_correlation on events (tenant_id, correlation_key, id) where correlation_key is not null;

create function event_type_regex(pattern text) returns text
  language sql immutable strict parallel safe
  return '^' || regexp_replace(regexp_replace(regexp_replace(pattern, '([^[:alnum:]*])', '\\\1', 'g'), '\*$', '.*'), '\*(?=\\\.)', '[^.]*', 'g') || '$';

call protect_tenant_table('rules');
call protect_tenant_table('rule_joins');
call protect_tenant_table('routing_versions');
grant select, insert, update on rules to workflows_api;
grant select, insert, update, delete on rule_joins to workflows_api;
grant select, insert, update on routing_versions to workflows_api;
call open_to_worker('rules', 'select');
call open_to_worker('rule_joins', 'select, insert, update, delete');
call open_to_worker('routing_versions', 'select');
grant update on events_to_route to workflows_worker;

-- Webhooks: the published trigger of a tenant's path. The caller is nobody yet, so the look-up is a function of the role that nobody can log in as.
alter table workflow_triggers add column webhook_path text;
alter table workflow_triggers add constraint workflow_triggers_webhook_has_path check ((webhook_path is not null) = (type = 'webhook'));
create unique index workflow_triggers_webhook_path on workflow_triggers (tenant_id, webhook_path) where webhook_path is not null;
call open_to_auth('workflow_triggers', 'select');
call open_to_auth('workflows', 'select');

create function find_webhook(wanted_slug text, wanted_path text)
  returns table (tenant_id uuid, workflow_id uuid, trigger_id text, version int, settings jsonb)
  language sql stable security definer set search_path = public, pg_temp
as $$
  select t.tenant_id, t.workflow_id, t.trigger_id, t.version, t.settings
  from tenants n
  join workflow_triggers t on t.tenant_id = n.tenant_id and t.webhook_path = wanted_path and t.enabled
  join workflows w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
  where n.slug = wanted_slug and n.status = 'active' and w.enabled and w.deleted_at is null and w.published_version = t.version
$$;
alter function find_webhook(text, text) owner to workflows_auth;
revoke execute on function find_webhook(text, text) from public;
grant execute on function find_webhook(text, text) to workflows_api;
create index tenants_by_slug on tenants (slug);

-- What an application of the same database starts in a transaction of its own (docs/sql-enqueue.md). Found by workers through this index, which holds no row
-- of any other origin: looking costs nothing while there are none.
create index executions_enqueued on executions (tenant_id, id) where status = 'queued' and trigger_type = 'sql';
create index workflows_by_name on workflows (tenant_id, lower(name)) where deleted_at is null;

create schema workflows;

-- Which login role may start workflows, and for which tenant. A role that is not here, or here twice, may start nothing.
create table workflows.clients (
  tenant_id   uuid not null references tenants,
  role_name   text not null,
  granted_at  timestamptz not null default now(),

  primary key (tenant_id, role_name)
);
create index clients_by_role on workflows.clients (role_name);
call protect_tenant_table('workflows.clients');
call open_to_auth('workflows.clients', 'select');
do $$ begin execute format('create policy owner_access on workflows.clients to %I using (true) with check (true)', current_user); end $$;

call open_to_auth('executions', 'select, insert, update');
call open_to_auth('idempotency_keys', 'select, insert, update');
call open_to_auth('workflow_versions', 'select');

-- Version 7: the time in milliseconds first, so that the row lies in the partition of its time; the rest is random.
create function new_uuid_v7() returns uuid
  language sql volatile parallel safe
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;

-- Starts an execution within the caller's transaction: it runs if that commits, and never existed if not. The tenant is that of the login role (session_user:
-- not even a function with its owner's rights can speak for another). pg_temp comes last, else the caller's temporary tables would stand in for ours.
create function workflows.enqueue(
    workflow text, input jsonb default '{}', idempotency_key text default null, correlation_id text default null, priority text default null)
  returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  tenants_of_role uuid[] := array(select c.tenant_id from workflows.clients c join tenants t on t.tenant_id = c.tenant_id and t.status = 'active'
                                  where c.role_name = session_user);
  tenant uuid := tenants_of_role[1];
  wanted text := coalesce(enqueue.workflow, '');
  found_ids uuid[];
  target record;
  body jsonb := coalesce(enqueue.input, '{}');
  execution uuid := new_uuid_v7();
  request bytea;
  earlier record;
  most int;
  admission text := 'queued';
begin
  if cardinality(tenants_of_role) <> 1 then
    raise exception 'The role % may not start workflows.', session_user
      using errcode = 'WF010', hint = 'The owner of the database maps it to a tenant: select workflows.grant_client(role, tenant)';
  end if;
  if wanted ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    found_ids := array[wanted::uuid];
  else
    found_ids := array(select w.id from workflows w where w.tenant_id = tenant and lower(w.name) = lower(wanted) and w.deleted_at is null limit 2);
  end if;
  if cardinality(found_ids) > 1 then
    raise exception 'There is more than one workflow named %.', wanted using errcode = 'WF011', hint = 'Name it by its id.';
  end if;
  select w.id, w.published_version, w.enabled, v.definition -> 'settings' as settings into target
  from workflows w
  left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.number = w.published_version
  where w.tenant_id = tenant and w.id = found_ids[1] and w.deleted_at is null;
  if not found then
    raise exception 'There is no workflow %.', wanted using errcode = 'WF011';
  elsif target.published_version is null or not target.enabled then
    raise exception 'The workflow % is not published, or switched off.', wanted using errcode = 'WF011';
  end if;
  -- The key of a limit is an expression on the input, which only the platform can evaluate: without it the execution would run outside its limit.
  if target.settings -> 'concurrency' ->> 'key' is not null then
    raise exception 'The workflow % limits concurrency by a key and cannot be started from SQL.', wanted
      using errcode = 'WF011', hint = 'Start it through the API, or limit it without a key.';
  end if;
  if octet_length(body::text) > 1048576 then
    raise exception 'An input has at most 1048576 bytes.' using errcode = 'WF012';
  elsif length(enqueue.correlation_id) not between 1 and 256 then
    raise exception 'A correlation id has 1 to 256 characters.' using errcode = 'WF012';
  elsif length(enqueue.idempotency_key) not between 1 and 200 then
    raise exception 'An idempotency key has 1 to 200 characters.' using errcode = 'WF012';
  elsif enqueue.priority not in ('high', 'normal', 'low') then
    raise exception 'The priority is high, normal or low.' using errcode = 'WF012';
  end if;
  if enqueue.idempotency_key is not null then
    request := sha256(convert_to(concat_ws('|', body, enqueue.correlation_id, enqueue.priority), 'UTF8'));
    insert into idempotency_keys as k (tenant_id, scope, key, request_hash, response, created_at, expires_at)
    values (tenant, 'sql:' || target.id, enqueue.idempotency_key, request, jsonb_build_object('executionId', execution), now(), now() + interval '24 hours')
    on conflict (tenant_id, scope, key) do update
      set request_hash = excluded.request_hash, response = excluded.response, created_at = excluded.created_at, expires_at = excluded.expires_at
      where k.expires_at <= now();
    if not found then
      select k.request_hash, (k.response ->> 'executionId')::uuid as id into strict earlier
      from idempotency_keys k where k.tenant_id = tenant and k.scope = 'sql:' || target.id and k.key = enqueue.idempotency_key;
      if earlier.request_hash <> request then
        raise exception 'The idempotency key was used for another request.' using errcode = 'WF013';
      end if;
      return earlier.id;
    end if;
  end if;
  most := (target.settings -> 'concurrency' ->> 'limit')::int;
  if most is not null then
    select a.status into strict admission
    from admit_executions(tenant, array[target.id], array[''], array[most], array[coalesce(target.settings ->> 'overlapPolicy', 'queue')]) a;
    if admission = 'skipped' then
      raise exception 'As many executions of % run as its concurrency limit allows.', wanted using errcode = 'WF014';
    end if;
  end if;
  insert into executions (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, created_by, queued_at,
    concurrency_key, concurrency_limit)
  values (tenant, execution, target.id, target.published_version, admission,
    case coalesce(enqueue.priority, target.settings ->> 'priority') when 'high' then 1 when 'low' then -1 else 0 end,
    'sql', jsonb_build_object('type', 'sql', 'id', session_user), enqueue.correlation_id, body, 'sql:' || session_user, now(),
    case when most is not null then '' end, most);
  return execution;
end $$;
alter function workflows.enqueue(text, jsonb, text, text, text) owner to workflows_auth;

-- For the owner of the database. A role serves one tenant: a second grant moves it.
create function workflows.grant_client(role_name text, tenant uuid) returns void
  language plpgsql as $$
begin
  delete from workflows.clients c where c.role_name = grant_client.role_name;
  insert into workflows.clients (tenant_id, role_name) values (tenant, grant_client.role_name);
  execute format('grant workflows_client to %I', role_name);
end $$;

create function workflows.revoke_client(role_name text) returns void
  language plpgsql as $$
begin
  delete from workflows.clients c where c.role_name = revoke_client.role_name;
  execute format('revoke workflows_client from %I', role_name);
end $$;

revoke execute on all functions in schema workflows from public;
revoke execute on function new_uuid_v7() from public;
grant execute on function new_uuid_v7() to workflows_auth;
grant usage on schema workflows to workflows_auth, workflows_client;
grant execute on function workflows.enqueue(text, jsonb, text, text, text) to workflows_client;
