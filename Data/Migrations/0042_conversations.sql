-- Conversations with language models: of people (kind chat), and of workflows and agents outside that keep theirs here (kind agent).
-- Each is its owner's alone: user_id, or the key that keeps it. Numbers of messages have no gaps, so that a page is a range of them.
create table conversations (
  tenant_id      uuid not null references tenants,
  id             uuid not null,
  kind           text not null,
  owner_id       uuid not null,
  workspace_id   uuid,
  workflow_id    uuid,
  session_id     text,
  title          text not null default '',
  model          text not null default '',
  instructions   text not null default '',
  knowledge      boolean not null default false,
  metadata       jsonb not null default '{}',
  messages       int not null default 0,
  input_tokens   bigint not null default 0,
  output_tokens  bigint not null default 0,
  cost           numeric(16, 9) not null default 0,
  version        int not null default 1,
  expires_at     timestamptz not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,

  primary key (tenant_id, id),
  constraint conversations_kind_known check (kind in ('chat', 'agent')),
  constraint conversations_session_length check (length(session_id) between 1 and 200)
);
create index conversations_by_owner on conversations (tenant_id, owner_id, updated_at desc, id);
create unique index conversations_by_session on conversations (tenant_id, workflow_id, session_id)
  where workflow_id is not null and session_id is not null;
create index conversations_expiry on conversations (expires_at);

-- status: answering while a model speaks (content is what has come so far), then complete, stopped by who asked, or failed.
-- sources are the passages that an answer rests on. step_key is that of the step which wrote it, so that it is written once.
create table conversation_messages (
  tenant_id        uuid not null,
  conversation_id  uuid not null,
  number           int not null,
  role             text not null,
  content          text not null,
  status           text not null default 'complete',
  model            text,
  call_id          uuid,
  input_tokens     bigint not null default 0,
  output_tokens    bigint not null default 0,
  cost             numeric(16, 9) not null default 0,
  duration_ms      int,
  error_code       text,
  error_message    text,
  sources          jsonb,
  metadata         jsonb not null default '{}',
  step_key         text,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,

  primary key (tenant_id, conversation_id, number),
  foreign key (tenant_id, conversation_id) references conversations on delete cascade,
  constraint conversation_messages_role_known check (role in ('system', 'user', 'assistant', 'tool')),
  constraint conversation_messages_status_known check (status in ('answering', 'complete', 'stopped', 'failed'))
);
create unique index conversation_messages_once on conversation_messages (tenant_id, conversation_id, step_key)
  where step_key is not null;
create index conversation_messages_words on conversation_messages
  using gin (to_tsvector('simple'::regconfig, left(content, 50000)));

-- How long a conversation is kept after what was last said in it: as the tenant has it, else 90 days.
create function conversation_life(of_tenant uuid) returns interval
  language sql stable as $$
  select make_interval(days => coalesce((
    select (t.settings ->> 'conversationDays')::int from tenants t
    where t.tenant_id = of_tenant and jsonb_typeof(t.settings -> 'conversationDays') = 'number'), 90))
$$;
revoke execute on function conversation_life(uuid) from public;
grant execute on function conversation_life(uuid) to workflows_api, workflows_worker;

call protect_tenant_table('conversations');
call protect_tenant_table('conversation_messages');
grant select, insert, update, delete on conversations, conversation_messages to workflows_api;
call open_to_worker('conversations', 'select, insert, update, delete');
call open_to_worker('conversation_messages', 'select, insert, update, delete');

-- Who sees only what was granted to them, sees of conversations their own, and those of workflows that they see.
call protect_objects(
  'conversations',
  $$owner_id = (select current_person())
    or exists (select from workflows w where w.tenant_id = conversations.tenant_id and w.id = conversations.workflow_id)$$,
  $$owner_id = (select current_person())$$);
call protect_objects(
  'conversation_messages',
  $$exists (
      select from conversations c where c.tenant_id = conversation_messages.tenant_id and c.id = conversation_id)$$,
  $$exists (
      select from conversations c
      where c.tenant_id = conversation_messages.tenant_id and c.id = conversation_id
        and c.owner_id = (select current_person()))$$);
