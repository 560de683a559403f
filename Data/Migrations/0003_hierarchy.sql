create table workspaces (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  description  text not null default '',
  settings     jsonb not null default '{}',
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  deleted_at   timestamptz,

  primary key (tenant_id, id)
);
create unique index workspaces_name_unique on workspaces (tenant_id, lower(name)) where deleted_at is null;

create table folders (
  tenant_id     uuid not null,
  id            uuid not null,
  workspace_id  uuid not null,
  parent_id     uuid,
  name          text not null,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  deleted_at    timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, workspace_id) references workspaces,
  foreign key (tenant_id, parent_id) references folders,
  constraint folders_not_own_parent check (parent_id <> id)
);
create unique index folders_name_unique
  on folders (tenant_id, workspace_id, coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name))
  where deleted_at is null;
create index folders_by_parent on folders (tenant_id, parent_id);

create table jobs (
  tenant_id    uuid not null,
  id           uuid not null,
  folder_id    uuid not null,
  name         text not null,
  description  text not null default '',
  environment  text not null default 'production',
  settings     jsonb not null default '{}',
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  deleted_at   timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, folder_id) references folders
);
create unique index jobs_name_unique on jobs (tenant_id, folder_id, lower(name)) where deleted_at is null;

-- The head of a workflow. The draft is the version people edit next; published_version is the one that triggers start.
create table workflows (
  tenant_id          uuid not null,
  id                 uuid not null,
  job_id             uuid not null,
  name               text not null,
  description        text not null default '',
  environment        text not null default 'production',
  tags               text[] not null default '{}',
  parameters_schema  jsonb,
  notifications      jsonb not null default '{}',
  enabled            boolean not null default true,
  draft_version      int not null default 1,
  published_version  int,
  checked_out_by     uuid,
  checked_out_at     timestamptz,
  created_by         uuid,
  version            int not null default 1,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  deleted_at         timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, job_id) references jobs,
  foreign key (tenant_id, checked_out_by) references users,
  constraint workflows_check_out_whole check ((checked_out_by is null) = (checked_out_at is null))
);
create unique index workflows_name_unique on workflows (tenant_id, job_id, lower(name)) where deleted_at is null;
create index workflows_by_update on workflows (tenant_id, updated_at desc, id desc) where deleted_at is null;
create index workflows_by_tag on workflows using gin (tags) where deleted_at is null;

-- Immutable snapshots: the application roles may add and read, never change.
create table workflow_versions (
  tenant_id    uuid not null,
  workflow_id  uuid not null,
  number       int not null,
  definition   jsonb not null,
  change_type  text not null,
  comment      text not null default '',
  author_id    uuid,
  created_at   timestamptz not null,

  primary key (tenant_id, workflow_id, number),
  foreign key (tenant_id, workflow_id) references workflows,
  constraint workflow_versions_change_known check (change_type in ('create', 'update', 'check_in', 'publish', 'restore', 'import')),
  constraint workflow_versions_number_positive check (number > 0)
);

-- What of the published version starts executions. Replaced in the transaction that publishes. event_type is a pattern: segments
-- divided by dots, '*' for one segment or, at the end, for the rest; lookups ask for all patterns an event type can match.
create table workflow_triggers (
  tenant_id    uuid not null,
  workflow_id  uuid not null,
  trigger_id   text not null,
  version      int not null,
  type         text not null,
  event_type   text,
  condition    text,
  settings     jsonb not null default '{}',
  enabled      boolean not null default true,

  primary key (tenant_id, workflow_id, trigger_id),
  foreign key (tenant_id, workflow_id) references workflows,
  constraint workflow_triggers_type_known check (type in ('event', 'schedule', 'webhook', 'manual', 'sub_workflow', 'session')),
  constraint workflow_triggers_event_typed check (type <> 'event' or event_type is not null)
);
create index workflow_triggers_by_event on workflow_triggers (tenant_id, event_type) where type = 'event' and enabled;

call protect_tenant_table('workspaces');
call protect_tenant_table('folders');
call protect_tenant_table('jobs');
call protect_tenant_table('workflows');
call protect_tenant_table('workflow_versions');
call protect_tenant_table('workflow_triggers');

grant select, insert, update on workspaces, folders, jobs, workflows to workflows_api;
grant select, insert on workflow_versions to workflows_api;
grant select, insert, update, delete on workflow_triggers to workflows_api;
grant select on workflows, workflow_versions to workflows_search;
call open_to_worker('workflows', 'select');
call open_to_worker('workflow_versions', 'select');
call open_to_worker('workflow_triggers', 'select');
