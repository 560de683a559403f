-- Changes of several objects that somebody prepares together: the requests as they were sent. They are run again, and rolled back, for each look into the transaction,
-- and once more at its commit; no database transaction stays open meanwhile.
create table edit_transactions (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  holder_type  text not null,
  holder_id    uuid not null, -- a user or an API key; nobody else commits
  comment      text not null default '',
  state        text not null default 'open',
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  ended_at     timestamptz,

  primary key (tenant_id, id),
  constraint edit_transactions_holder_known check (holder_type in ('user', 'api_key')),
  constraint edit_transactions_state_known check (state in ('open', 'committed', 'rolled_back')),
  constraint edit_transactions_end_whole check ((state = 'open') = (ended_at is null)),
  constraint edit_transactions_expire_later check (expires_at > created_at)
);
create index edit_transactions_by_holder on edit_transactions (tenant_id, holder_id, id desc);
create index edit_transactions_expiry on edit_transactions (expires_at);

create table staged_writes (
  tenant_id       uuid not null,
  transaction_id  uuid not null,
  number          int not null, -- 1, 2, 3: the order in which they were sent and are run
  method          text not null,
  path            text not null,
  query           text not null default '', -- without the transaction's id
  route           text not null, -- the pattern that the path fits
  body            text, -- as it was sent: jsonb would lose the order of members
  if_match        text,
  object_type     text not null,
  object_id       uuid not null, -- of what it changes, or makes
  base_version    int, -- of what it changes, outside and before the transaction's first write on it; null where any version will do
  seed            uuid not null, -- ids of what it makes are derived from it, so that they are the same each time
  staged_at       timestamptz not null,

  primary key (tenant_id, transaction_id, number),
  foreign key (tenant_id, transaction_id) references edit_transactions on delete cascade,
  constraint staged_writes_object_known check (object_type in ('workspace', 'folder', 'job', 'workflow', 'rule', 'schedule'))
);

call protect_tenant_table('edit_transactions');
call protect_tenant_table('staged_writes');
grant select, insert, update, delete on edit_transactions, staged_writes to workflows_api;
-- Workers take away what is long over, and see nothing of it.
call open_to_worker('edit_transactions', 'select (tenant_id, id, expires_at), delete');
