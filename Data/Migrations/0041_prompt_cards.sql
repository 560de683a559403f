-- Prompt cards: templates of what language models are asked, in workspaces; their versions, what they are tested with, and how
-- that went. Whoever sees a workspace sees its cards and all that belongs to them.

-- number is the newest version, whose content stands here, too, so that lists and filters need no other table.
create table prompt_cards (
  tenant_id         uuid not null,
  id                uuid not null,
  workspace_id      uuid not null,
  title             text not null,
  description       text not null default '',
  tags              text[] not null default '{}',
  metadata          jsonb not null default '{}',
  messages          jsonb not null,
  variables         jsonb not null default '[]',
  settings          jsonb not null default '{}',
  number            int not null default 1,
  published_number  int,
  created_by        uuid,
  updated_by        uuid,
  deleted_at        timestamptz,
  version           int not null default 1,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, workspace_id) references workspaces on delete cascade,
  constraint prompt_cards_variables_list check (jsonb_typeof(variables) = 'array'),
  constraint prompt_cards_metadata_object check (jsonb_typeof(metadata) = 'object')
);
create unique index prompt_cards_name_unique on prompt_cards (tenant_id, workspace_id, lower(title)) where deleted_at is null;
create index prompt_cards_by_workspace on prompt_cards (tenant_id, workspace_id, created_at desc);
create index prompt_cards_variables on prompt_cards using gin (variables jsonb_path_ops);
create index prompt_cards_metadata on prompt_cards using gin (metadata jsonb_path_ops);

-- Immutable: nobody has the right to change a row.
create table prompt_versions (
  tenant_id   uuid not null,
  card_id     uuid not null,
  number      int not null,
  messages    jsonb not null,
  variables   jsonb not null,
  settings    jsonb not null,
  note        text not null default '',
  created_by  uuid,
  created_at  timestamptz not null,

  primary key (tenant_id, card_id, number),
  foreign key (tenant_id, card_id) references prompt_cards on delete cascade
);

create table prompt_test_sets (
  tenant_id    uuid not null,
  id           uuid not null,
  card_id      uuid not null,
  name         text not null,
  description  text not null default '',
  cases        jsonb not null,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, card_id) references prompt_cards on delete cascade
);
create unique index prompt_test_sets_name_unique on prompt_test_sets (tenant_id, card_id, lower(name));

-- A run of a test set. cases are those of its start: what is changed meanwhile does not change what is measured.
-- used is what its executions have cost; at cost_limit the rest is left out.
create table prompt_test_runs (
  tenant_id     uuid not null,
  id            uuid not null,
  card_id       uuid not null,
  workspace_id  uuid not null,
  set_id        uuid not null,
  set_name      text not null,
  cases         jsonb not null,
  models        text[] not null,
  versions      int[] not null,
  repeats       int not null,
  cost_limit    numeric(16, 9),
  status        text not null default 'running',
  total         int not null,
  done          int not null default 0,
  passed        int not null default 0,
  used          numeric(16, 9) not null default 0,
  created_by    uuid,
  created_at    timestamptz not null,
  finished_at   timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, card_id) references prompt_cards on delete cascade,
  constraint prompt_test_runs_status_known check (status in ('running', 'completed', 'cancelled', 'cost_limit')),
  constraint prompt_test_runs_ended_iff_so check ((finished_at is not null) = (status <> 'running'))
);
create index prompt_test_runs_of_card on prompt_test_runs (tenant_id, card_id, id);
create index prompt_test_runs_open on prompt_test_runs (created_at) where status = 'running';

-- One question to one model: of a test run, or of a person who tried the card. Work while it is pending; due_at is when it may be
-- taken, and of one that is running, when its worker's lease ends.
create table test_executions (
  tenant_id          uuid not null,
  id                 uuid not null,
  kind               text not null,
  prompt_card_id     uuid not null,
  workspace_id       uuid not null,
  run_id             uuid,
  case_name          text,
  card_number        int not null,
  model              text not null,
  llm_provider       text,
  repeat             int not null default 1,
  status             text not null,
  attempts           int not null default 0,
  due_at             timestamptz,
  execution_time_ms  int,
  passed             boolean,
  cost_usd           numeric(16, 9) not null default 0,
  input_tokens       bigint not null default 0,
  output_tokens      bigint not null default 0,
  answer             text,
  error              jsonb,
  assertions         jsonb,
  created_by         uuid,
  created_at         timestamptz not null,
  finished_at        timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, prompt_card_id) references prompt_cards on delete cascade,
  foreign key (tenant_id, run_id) references prompt_test_runs on delete cascade,
  constraint test_executions_kind_known check (kind in ('run', 'test')),
  constraint test_executions_run_of_test check ((run_id is not null) = (kind = 'test')),
  constraint test_executions_status_known check (status in ('pending', 'running', 'done', 'skipped'))
);
create index test_executions_of_run on test_executions (tenant_id, run_id, id) where run_id is not null;
create index test_executions_work on test_executions (tenant_id, run_id, due_at, id) where status in ('pending', 'running');
create index test_executions_of_card on test_executions (tenant_id, prompt_card_id, created_at desc)
  include (llm_provider, execution_time_ms, passed, cost_usd, status);
create index test_executions_by_day on test_executions (tenant_id, workspace_id, created_at)
  include (execution_time_ms, passed, cost_usd, status);

-- Cards by what their variables and metadata hold. A function, since conditions that could tell of other rows do not go into an
-- index under row-level security; it answers ids of the present tenant only, and what may be seen of them the caller's policies say.
call open_to_auth('prompt_cards', 'select');
create function prompt_cards_holding(of_variables jsonb, of_metadata jsonb) returns setof uuid
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select c.id from prompt_cards c
  where c.tenant_id = current_tenant() and c.deleted_at is null
    and c.variables @> coalesce(of_variables, '[]') and c.metadata @> coalesce(of_metadata, '{}')
$$;
alter function prompt_cards_holding(jsonb, jsonb) owner to workflows_auth;
revoke execute on function prompt_cards_holding(jsonb, jsonb) from public;
grant execute on function prompt_cards_holding(jsonb, jsonb) to workflows_api;

-- One more topic, whichever there are by now.
do $$
declare
  known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
    where conname = 'outbox_topic_known' and conrelid = 'outbox'::regclass);
begin
  alter table outbox drop constraint outbox_topic_known;
  execute format('alter table outbox add constraint outbox_topic_known check (%s or topic = %L)', known, 'index_prompt_card');
end $$;

-- A workspace that goes into the trash, or comes back, takes its cards out of the search, or puts them there again.
create function index_cards_of_workspace() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into outbox (tenant_id, id, topic, subject_id, not_before)
  select c.tenant_id, new_uuid_v7(), 'index_prompt_card', c.id, now()
  from prompt_cards c where c.tenant_id = new.tenant_id and c.workspace_id = new.id and c.deleted_at is null;
  return null;
end $$;
revoke execute on function index_cards_of_workspace() from public;
create trigger workspaces_index_cards after update of deleted_at on workspaces
  for each row when (old.deleted_at is distinct from new.deleted_at) execute function index_cards_of_workspace();

call protect_tenant_table('prompt_cards');
call protect_tenant_table('prompt_versions');
call protect_tenant_table('prompt_test_sets');
call protect_tenant_table('prompt_test_runs');
call protect_tenant_table('test_executions');
call protect_objects('prompt_cards', 'workspace_id = any ((select open_workspaces(1))::uuid[])',
  'workspace_id = any ((select open_workspaces(2))::uuid[])');
do $$
declare
  target text;
begin
  foreach target in array array['prompt_versions', 'prompt_test_sets'] loop
    call protect_objects(target::regclass,
      format('exists (select from prompt_cards c where c.tenant_id = %1$I.tenant_id and c.id = %1$I.card_id)', target),
      format('exists (select from prompt_cards c where c.tenant_id = %1$I.tenant_id and c.id = %1$I.card_id
        and c.workspace_id = any ((select open_workspaces(2))::uuid[]))', target));
  end loop;
  foreach target in array array['prompt_test_runs', 'test_executions'] loop
    call protect_objects(target::regclass, 'workspace_id = any ((select open_workspaces(1))::uuid[])',
      'workspace_id = any ((select open_workspaces(2))::uuid[])');
  end loop;
end $$;
grant select, insert, update on prompt_cards to workflows_api;
grant select, insert on prompt_versions to workflows_api;
grant select, insert, update, delete on prompt_test_sets to workflows_api;
grant select, insert on prompt_test_runs, test_executions to workflows_api;
grant update (status, finished_at) on prompt_test_runs to workflows_api;
grant update (status) on test_executions to workflows_api;
grant select on prompt_cards to workflows_search;
grant select (tenant_id, id, deleted_at) on workspaces to workflows_search;
call open_to_worker('prompt_versions', 'select');
call open_to_worker('prompt_test_runs', 'select, update (status, done, passed, used, finished_at)');
call open_to_worker('test_executions', 'select, update');
