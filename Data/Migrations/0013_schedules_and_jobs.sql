-- Which days count as business days: weekdays (0 = Sunday), minus holidays, plus days that are worked although they would not be.
create table calendars (
  tenant_id      uuid not null references tenants,
  id             uuid not null,
  name           text not null,
  description    text not null default '',
  business_days  smallint[] not null default '{1,2,3,4,5}',
  version        int not null default 1,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  deleted_at     timestamptz,

  primary key (tenant_id, id),
  constraint calendars_weekdays_known check (business_days <@ '{0,1,2,3,4,5,6}'::smallint[] and cardinality(business_days) > 0)
);
create unique index calendars_name_unique on calendars (tenant_id, lower(name)) where deleted_at is null;

create table calendar_days (
  tenant_id    uuid not null,
  calendar_id  uuid not null,
  day          date not null,
  name         text not null default '',
  is_business  boolean not null default false,

  primary key (tenant_id, calendar_id, day),
  foreign key (tenant_id, calendar_id) references calendars
);

-- Which workflows of a job wait for which others in a run of the job. That there is no cycle is checked under the lock of the job.
create table workflow_dependencies (
  tenant_id      uuid not null,
  workflow_id    uuid not null,
  depends_on_id  uuid not null,

  primary key (tenant_id, workflow_id, depends_on_id),
  foreign key (tenant_id, workflow_id) references workflows,
  foreign key (tenant_id, depends_on_id) references workflows,
  constraint workflow_dependencies_not_self check (workflow_id <> depends_on_id)
);
create index workflow_dependencies_by_target on workflow_dependencies (tenant_id, depends_on_id);

-- Jobs that run one after the other.
create table job_packages (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  description  text not null default '',
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  deleted_at   timestamptz,

  primary key (tenant_id, id)
);
create unique index job_packages_name_unique on job_packages (tenant_id, lower(name)) where deleted_at is null;

create table job_package_steps (
  tenant_id   uuid not null,
  package_id  uuid not null,
  id          uuid not null,
  position    int not null,
  job_id      uuid not null,

  primary key (tenant_id, package_id, id),
  unique (tenant_id, package_id, position),
  foreign key (tenant_id, package_id) references job_packages,
  foreign key (tenant_id, job_id) references jobs
);
create index job_package_steps_by_job on job_package_steps (tenant_id, job_id);

-- One run of a job or of a package. is_due says that a worker should look at it at once; otherwise it looks when an item of it has ended.
create table job_runs (
  tenant_id         uuid not null,
  id                uuid not null,
  job_id            uuid,
  package_id        uuid,
  parent_run_id     uuid,
  status            text not null default 'running',
  on_failure        text not null default 'stop',
  trigger_type      text not null,
  trigger           jsonb not null default '{}',
  input             jsonb not null default '{}',
  attempt           int not null default 1,
  cancel_requested  boolean not null default false,
  is_due            boolean not null default true,
  rows_processed    bigint not null default 0,
  created_by        text,
  started_at        timestamptz not null,
  finished_at       timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, job_id) references jobs,
  foreign key (tenant_id, package_id) references job_packages,
  constraint job_runs_of_one check ((job_id is null) <> (package_id is null)),
  constraint job_runs_status_known check (status in ('running', 'completed', 'failed', 'cancelled')),
  constraint job_runs_finished_iff_final check ((finished_at is not null) = (status <> 'running')),
  constraint job_runs_failure_known check (on_failure in ('stop', 'continue')),
  constraint job_runs_trigger_known check (trigger_type in ('manual', 'schedule', 'package'))
);
create index job_runs_open on job_runs (tenant_id, id) where status = 'running';
create index job_runs_by_job on job_runs (tenant_id, job_id, id) where job_id is not null;
create index job_runs_by_package on job_runs (tenant_id, package_id, id) where package_id is not null;

-- What a run consists of, as it was when the run began: a workflow of the job, or a step (a job) of the package. id is the workflow's or the step's.
create table job_run_items (
  tenant_id       uuid not null,
  run_id          uuid not null,
  id              uuid not null,
  position        int not null,
  workflow_id     uuid,
  job_id          uuid,
  depends_on      uuid[] not null default '{}',
  status          text not null default 'pending',
  execution_id    uuid,
  child_run_id    uuid,
  error           jsonb,
  rows_processed  bigint not null default 0,
  started_at      timestamptz,
  finished_at     timestamptz,

  primary key (tenant_id, run_id, id),
  foreign key (tenant_id, run_id) references job_runs,
  constraint job_run_items_of_one check ((workflow_id is null) <> (job_id is null)),
  constraint job_run_items_status_known check (status in ('pending', 'running', 'completed', 'failed', 'cancelled', 'skipped'))
);
create index job_run_items_running on job_run_items (tenant_id, run_id) where status = 'running';

-- When something starts by itself. next_tick is the instant by the timing, next_fire_at the moment to fire it (later by the jitter); null = never again.
-- A schedule with a trigger_id belongs to the published version of its workflow and changes with it only.
create table schedules (
  tenant_id            uuid not null references tenants,
  id                   uuid not null,
  name                 text not null,
  description          text not null default '',
  workflow_id          uuid,
  job_id               uuid,
  package_id           uuid,
  trigger_id           text,
  cron                 text,
  interval_seconds     float8,
  at                   timestamptz,
  time_zone            text not null default 'UTC',
  calendar_id          uuid,
  on_non_business_day  text not null default 'skip',
  misfire              text not null default 'fireOnce',
  misfire_limit        int not null default 10,
  overlap              text not null default 'allow',
  jitter_seconds       float8 not null default 0,
  starts_at            timestamptz,
  ends_at              timestamptz,
  input                jsonb not null default '{}',
  enabled              boolean not null default true,
  anchor_at            timestamptz not null,
  next_tick            timestamptz,
  next_fire_at         timestamptz,
  last_fired_at        timestamptz,
  version              int not null default 1,
  created_at           timestamptz not null,
  updated_at           timestamptz not null,
  deleted_at           timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, workflow_id) references workflows,
  foreign key (tenant_id, job_id) references jobs,
  foreign key (tenant_id, package_id) references job_packages,
  foreign key (tenant_id, calendar_id) references calendars,
  constraint schedules_one_target check (num_nonnulls(workflow_id, job_id, package_id) = 1),
  constraint schedules_one_timing check (num_nonnulls(cron, interval_seconds, at) = 1),
  constraint schedules_trigger_of_workflow check (trigger_id is null or workflow_id is not null),
  constraint schedules_non_business_known check (on_non_business_day in ('skip', 'nextBusinessDay', 'previousBusinessDay')),
  constraint schedules_misfire_known check (misfire in ('skip', 'fireOnce', 'fireAll')),
  constraint schedules_overlap_known check (overlap in ('allow', 'skip', 'queue', 'cancelOldest')),
  constraint schedules_next_whole check ((next_tick is null) = (next_fire_at is null))
);
create unique index schedules_trigger_unique on schedules (tenant_id, workflow_id, trigger_id) where trigger_id is not null and deleted_at is null;
create unique index schedules_name_unique on schedules (tenant_id, lower(name)) where trigger_id is null and deleted_at is null;
create index schedules_due on schedules (next_fire_at) where enabled and deleted_at is null and next_fire_at is not null;
create index schedules_by_calendar on schedules (tenant_id, calendar_id) where calendar_id is not null and deleted_at is null;
create index schedules_by_job on schedules (tenant_id, job_id) where job_id is not null and deleted_at is null;

-- What came of each instant of a schedule. The key is what makes a second firing of one instant impossible, whoever tries. is_open: what it started may still
-- run, which the overlap policy asks about; cleared when the schedule next looks.
create table schedule_fires (
  tenant_id     uuid not null,
  schedule_id   uuid not null,
  tick          timestamptz not null,
  fired_at      timestamptz not null,
  outcome       text not null,
  reason        text not null default '',
  execution_id  uuid,
  job_run_id    uuid,
  is_open       boolean not null default false,

  primary key (tenant_id, schedule_id, tick),
  foreign key (tenant_id, schedule_id) references schedules,
  constraint schedule_fires_outcome_known check (outcome in ('started', 'queued', 'skipped', 'missed', 'refused'))
);
create index schedule_fires_open on schedule_fires (tenant_id, schedule_id, tick) where is_open;
create index schedule_fires_queued on schedule_fires (tenant_id, schedule_id, tick) where outcome = 'queued';
create index schedule_fires_expiry on schedule_fires (tick);

-- Rows that a step read or wrote outside, as its node reports them; an execution has the sum in rows_processed.
alter table step_executions add column rows_processed bigint;

call protect_tenant_table('calendars');
call protect_tenant_table('calendar_days');
call protect_tenant_table('workflow_dependencies');
call protect_tenant_table('job_packages');
call protect_tenant_table('job_package_steps');
call protect_tenant_table('job_runs');
call protect_tenant_table('job_run_items');
call protect_tenant_table('schedules');
call protect_tenant_table('schedule_fires');

grant select, insert, update on calendars, job_packages, schedules, job_runs, job_run_items to workflows_api;
grant select, insert, update, delete on calendar_days, workflow_dependencies, job_package_steps to workflows_api;
grant select on schedule_fires to workflows_api;
call open_to_worker('calendars', 'select');
call open_to_worker('calendar_days', 'select');
call open_to_worker('workflow_dependencies', 'select');
call open_to_worker('job_packages', 'select');
call open_to_worker('job_package_steps', 'select');
call open_to_worker('schedules', 'select, update');
call open_to_worker('schedule_fires', 'select, insert, update, delete');
call open_to_worker('job_runs', 'select, insert, update');
call open_to_worker('job_run_items', 'select, insert, update');
