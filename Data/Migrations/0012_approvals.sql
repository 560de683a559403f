-- Waiting for people and callers: groups, approval requests with their assignees and decisions, substitutions, notifications, early calls of callbacks.

create table groups (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  description  text not null default '',
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  constraint groups_name_unique unique (tenant_id, name)
);

create table user_groups (
  tenant_id  uuid not null,
  user_id    uuid not null,
  group_id   uuid not null,

  primary key (tenant_id, user_id, group_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, group_id) references groups on delete cascade
);
create index user_groups_by_group on user_groups (tenant_id, group_id, user_id);

-- While it lasts, the substitute may decide what is asked of the user in person.
create table substitutions (
  tenant_id      uuid not null,
  id             uuid not null,
  user_id        uuid not null,
  substitute_id  uuid not null,
  starts_at      timestamptz not null,
  ends_at        timestamptz not null,
  created_at     timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, substitute_id) references users on delete cascade,
  constraint substitutions_of_another check (user_id <> substitute_id),
  constraint substitutions_in_order check (ends_at > starts_at)
);
create index substitutions_by_substitute on substitutions (tenant_id, substitute_id, ends_at);
create index substitutions_by_user on substitutions (tenant_id, user_id, id);

-- The question put to people by one wait; written in the transaction that opens the wait, closed in the one that ends it.
-- No foreign key to the execution: its partition may be dropped before the request is.
create table approval_requests (
  tenant_id          uuid not null,
  id                 uuid not null,
  execution_id       uuid not null,
  workflow_id        uuid not null,
  node_id            text not null,
  iteration          text not null,
  attempt            int not null,
  title              text not null,
  description        text,
  mode               text not null,
  required           int not null,
  excluded_user_id   uuid,
  unknown_assignees  text[] not null,
  due_at             timestamptz,
  expires_at         timestamptz,
  form               jsonb,
  data               jsonb,
  escalation         jsonb,
  status             text not null default 'open',
  created_at         timestamptz not null,
  closed_at          timestamptz,

  primary key (tenant_id, id),
  constraint approval_requests_wait_unique unique (tenant_id, execution_id, node_id, iteration, attempt),
  constraint approval_requests_mode_known check (mode in ('any', 'all', 'count')),
  constraint approval_requests_required_positive check (required > 0),
  constraint approval_requests_status_known check (status in ('open', 'approved', 'rejected', 'expired', 'cancelled', 'unassigned')),
  constraint approval_requests_closed_iff_settled check ((closed_at is not null) = (status <> 'open'))
);
create index approval_requests_closed on approval_requests (closed_at) where closed_at is not null;

-- Whom a request is addressed to: users, and groups and roles whose members are looked up when somebody decides. One row per addressee, so
-- that an inbox is an index scan per principal; open goes with the request, covered_by names whose approval stands for this addressee.
create table approval_assignees (
  tenant_id       uuid not null,
  request_id      uuid not null,
  kind            text not null,
  principal_id    uuid not null,
  source          text not null default 'assigned',
  delegated_from  uuid,
  open            boolean not null default true,
  covered_by      uuid,
  created_at      timestamptz not null,

  primary key (tenant_id, request_id, kind, principal_id),
  foreign key (tenant_id, request_id) references approval_requests on delete cascade,
  constraint approval_assignees_kind_known check (kind in ('user', 'group', 'role')),
  constraint approval_assignees_source_known check (source in ('assigned', 'escalated', 'delegated')),
  constraint approval_assignees_delegated_by_somebody check ((delegated_from is not null) = (source = 'delegated'))
);
create index approval_assignees_inbox on approval_assignees (tenant_id, kind, principal_id, request_id) where open;
create index approval_assignees_by_principal on approval_assignees (tenant_id, kind, principal_id, request_id);

create table approval_decisions (
  tenant_id     uuid not null,
  request_id    uuid not null,
  user_id       uuid not null,
  decided_by    text not null,
  decision      text not null,
  on_behalf_of  uuid,
  comment       text,
  form          jsonb,
  decided_at    timestamptz not null,

  primary key (tenant_id, request_id, user_id),
  foreign key (tenant_id, request_id) references approval_requests on delete cascade,
  constraint approval_decisions_decision_known check (decision in ('approve', 'reject'))
);
create index approval_decisions_by_user on approval_decisions (tenant_id, user_id, request_id);

create table approval_comments (
  tenant_id   uuid not null,
  request_id  uuid not null,
  id          uuid not null,
  user_id     uuid not null,
  written_by  text not null,
  text        text not null,
  created_at  timestamptz not null,

  primary key (tenant_id, request_id, id),
  foreign key (tenant_id, request_id) references approval_requests on delete cascade
);

-- What is still to happen to an open request at its time: tell the assignees, remind them, escalate. A row is deleted, or moved on to its
-- next time, by the transaction that does it.
create table approval_tasks (
  tenant_id      uuid not null,
  request_id     uuid not null,
  kind           text not null,
  due_at         timestamptz not null,
  every_seconds  float8,
  remaining      int not null default 1,

  primary key (tenant_id, request_id, kind),
  foreign key (tenant_id, request_id) references approval_requests on delete cascade,
  constraint approval_tasks_kind_known check (kind in ('announce', 'remind', 'escalate')),
  constraint approval_tasks_remaining_positive check (remaining > 0)
);
create index approval_tasks_due on approval_tasks (due_at);

-- source names what a notification comes from; telling a user of it again changes nothing.
create table notifications (
  tenant_id   uuid not null,
  user_id     uuid not null,
  id          uuid not null,
  source      text not null,
  kind        text not null,
  level       text not null default 'info',
  title       text not null,
  body        text,
  link        text,
  created_at  timestamptz not null,
  read_at     timestamptz,

  primary key (tenant_id, user_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  constraint notifications_source_unique unique (tenant_id, user_id, source),
  constraint notifications_level_known check (level in ('info', 'success', 'warning', 'error'))
);
create index notifications_unread on notifications (tenant_id, user_id, id) where read_at is null;
create index notifications_age on notifications (created_at);

-- A call of a one-time address that came before its wait was open; the transaction that opens the wait takes it.
create table callback_calls (
  tenant_id     uuid not null,
  execution_id  uuid not null,
  node_id       text not null,
  iteration     text not null,
  call          jsonb not null,
  received_at   timestamptz not null,
  expires_at    timestamptz not null,

  primary key (tenant_id, execution_id, node_id, iteration)
);
create index callback_calls_expiry on callback_calls (expires_at);

-- The lock that whoever opens a callback's wait, and whoever brings its call, hold to the end of their transactions.
create function callback_lock(execution uuid, node text, iteration text) returns bigint
  language sql immutable parallel safe
  return hashtextextended('callback ' || execution::text || '/' || node || '/' || iteration, 0);

call protect_tenant_table('groups');
call protect_tenant_table('user_groups');
call protect_tenant_table('substitutions');
call protect_tenant_table('approval_requests');
call protect_tenant_table('approval_assignees');
call protect_tenant_table('approval_decisions');
call protect_tenant_table('approval_comments');
call protect_tenant_table('approval_tasks');
call protect_tenant_table('notifications');
call protect_tenant_table('callback_calls');

grant select, insert, update, delete on groups, user_groups, substitutions to workflows_api;
grant select, update on approval_requests, notifications to workflows_api;
grant select, insert, update, delete on approval_assignees to workflows_api;
grant select, insert on approval_decisions, approval_comments to workflows_api;
grant select, insert, delete on approval_tasks, callback_calls to workflows_api;
grant insert on notifications to workflows_api;
call open_to_worker('approval_requests', 'select, insert, update, delete');
call open_to_worker('approval_assignees', 'select, insert, update');
call open_to_worker('approval_decisions', 'select');
call open_to_worker('approval_tasks', 'select, insert, update, delete');
call open_to_worker('notifications', 'select, insert, update, delete');
call open_to_worker('callback_calls', 'select, insert, update, delete');
call open_to_auth('groups', 'select');
call open_to_auth('user_groups', 'select');

-- The workers know people by id alone. These two answer what they must ask of the identity tables; nothing of a user but the id comes out.

-- The user (by id or e-mail address), group or role (by id or name) of a tenant; null when there is none, or the user is not active.
create function find_principal(of_tenant uuid, of_kind text, named text) returns uuid
  language sql stable security definer set search_path = public
as $$
  with wanted as (select case when named ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then named::uuid end as id)
  select u.id from users u, wanted w
  where of_kind = 'user' and u.tenant_id = of_tenant and u.active and u.deleted_at is null and (u.id = w.id or lower(u.email) = lower(named))
  union all
  select g.id from groups g, wanted w where of_kind = 'group' and g.tenant_id = of_tenant and (g.id = w.id or g.name = named)
  union all
  select r.id from roles r, wanted w where of_kind = 'role' and r.tenant_id = of_tenant and (r.id = w.id or r.name = named)
  limit 1
$$;

-- The active users that principals stand for: themselves, the members of groups, the holders of roles.
create function people_of(of_tenant uuid, kinds text[], ids uuid[]) returns setof uuid
  language sql stable security definer set search_path = public
as $$
  with principals as (select * from unnest(kinds, ids) as p (kind, id)),
  people as (
    select p.id from principals p where p.kind = 'user'
    union
    select m.user_id from principals p join user_groups m on m.tenant_id = of_tenant and m.group_id = p.id where p.kind = 'group'
    union
    select h.user_id from principals p join user_roles h on h.tenant_id = of_tenant and h.role_id = p.id where p.kind = 'role'
  )
  select u.id from people p join users u on u.tenant_id = of_tenant and u.id = p.id where u.active and u.deleted_at is null
$$;

alter function find_principal(uuid, text, text) owner to workflows_auth;
alter function people_of(uuid, text[], uuid[]) owner to workflows_auth;
revoke execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) from public;
grant execute on function find_principal(uuid, text, text), people_of(uuid, text[], uuid[]) to workflows_worker;

-- What the node puts out: the outcome, every decision, and the form of the last approval.
create function approval_result(of_tenant uuid, request uuid, outcome text) returns jsonb
  language sql stable
as $$
  select jsonb_build_object(
    'outcome', outcome,
    'requestId', request,
    'decisions', coalesce(jsonb_agg(jsonb_build_object(
      'by', d.decided_by, 'userId', d.user_id, 'onBehalfOf', d.on_behalf_of, 'decision', d.decision, 'comment', d.comment,
      'at', to_char(d.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'form', d.form) order by d.decided_at, d.user_id), '[]'),
    'form', (array_agg(d.form order by d.decided_at desc, d.user_id desc) filter (where d.decision = 'approve'))[1])
  from approval_decisions d where d.tenant_id = of_tenant and d.request_id = request
$$;

-- Whatever ends an approval's wait (a decision, its time, the end of its execution) ends the request in the same statement, under the lock on
-- the wait's row: so there is one end, whoever comes first, and no path can forget it.
create function close_approval_request() returns trigger
  language plpgsql as $$
declare
  result text := case
    when tg_op = 'DELETE' then 'cancelled'
    when new.outcome = 'timeout' then 'expired'
    else coalesce(new.payload ->> 'outcome', 'cancelled') end;
  request uuid;
begin
  update approval_requests r set status = result, closed_at = now()
  where r.tenant_id = old.tenant_id and r.execution_id = old.execution_id and r.node_id = old.node_id
    and r.iteration = old.iteration and r.attempt = old.attempt and r.status = 'open'
  returning r.id into request;
  -- The tasks first: an escalation under way holds its task, and what it adds must be seen by the next statement.
  delete from approval_tasks t where t.tenant_id = old.tenant_id and t.request_id = request;
  update approval_assignees a set open = false where a.tenant_id = old.tenant_id and a.request_id = request and a.open;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if new.outcome = 'timeout' and request is not null then
    new.payload := approval_result(old.tenant_id, request, result);
  end if;
  return new;
end $$;

create trigger waits_close_approval before update of status on waits
  for each row when (old.kind = 'approval' and old.status = 'open' and new.status = 'resolved')
  execute function close_approval_request();
create trigger waits_cancel_approval before delete on waits
  for each row when (old.kind = 'approval' and old.status = 'open')
  execute function close_approval_request();
