-- What a person who builds a workflow works with before there is a version: a copy of the draft of their own, outputs to test with, and tests.

create table working_copies (
  tenant_id     uuid not null,
  workflow_id   uuid not null,
  user_id       uuid not null,
  definition    text not null, -- as it was sent: jsonb would lose the order of members, and it need not be a definition yet
  base_version  int not null,  -- of the workflow, from which it was begun
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  primary key (tenant_id, workflow_id, user_id),
  foreign key (tenant_id, workflow_id) references workflows on delete cascade,
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index working_copies_of_user on working_copies (tenant_id, user_id);

-- Outputs that tests of a workflow take instead of executing its nodes; one set, shared by all who edit it.
create table workflow_pins (
  tenant_id    uuid not null,
  workflow_id  uuid not null,
  pins         text not null, -- an object: id of a node -> output
  version      int not null default 1,
  updated_by   uuid,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, workflow_id),
  foreign key (tenant_id, workflow_id) references workflows on delete cascade
);

-- What a test runs. Its execution is one of trigger_type 'test' and of version 0, which no workflow has: ordinary executions pay for none of this,
-- by no column and by no index.
create table test_runs (
  tenant_id     uuid not null,
  execution_id  uuid not null,
  workflow_id   uuid not null,
  source        text not null,
  base_version  int,
  definition    jsonb not null,
  custom_nodes  jsonb,
  plan          jsonb not null, -- upTo, only, pins, effects
  created_at    timestamptz not null,

  primary key (tenant_id, execution_id),
  foreign key (tenant_id, workflow_id) references workflows on delete cascade,
  constraint test_runs_source_known check (source in ('inline', 'working-copy', 'draft', 'version'))
);
create index test_runs_of_workflow on test_runs (tenant_id, workflow_id, execution_id);
create index test_runs_age on test_runs (created_at);

alter table executions drop constraint executions_trigger_known;
alter table executions add constraint executions_trigger_known check
  (trigger_type in ('event', 'schedule', 'webhook', 'manual', 'sub_workflow', 'session', 'rule', 'retry', 'job', 'sql', 'test'));

call protect_tenant_table('working_copies');
call protect_tenant_table('workflow_pins');
call protect_tenant_table('test_runs');
call protect_objects('working_copies', 'user_id = (select current_person()) and workflow_id = any ((select open_workflows(1))::uuid[])',
  'user_id = (select current_person()) and workflow_id = any ((select open_workflows(2))::uuid[])');
call protect_objects('workflow_pins', 'workflow_id = any ((select open_workflows(1))::uuid[])', 'workflow_id = any ((select open_workflows(2))::uuid[])');
call protect_objects('test_runs', 'workflow_id = any ((select open_workflows(1))::uuid[])', 'workflow_id = any ((select open_workflows(2))::uuid[])');
grant select, insert, update, delete on working_copies, workflow_pins to workflows_api;
grant select, insert on test_runs to workflows_api;
call open_to_worker('test_runs', 'select');

-- Takes away up to so many tests that are over and began before the instant, with all that is theirs.
create function expire_tests(most int, began_before timestamptz) returns int
  language plpgsql security definer set search_path = public set lock_timeout = '2s' as $$
declare
  old record;
  gone int := 0;
begin
  if most not between 1 and 100000 then
    raise exception 'most must lie between 1 and 100000, not %', most using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtext('partition maintenance'));
  for old in
    select t.tenant_id, array_agg(t.execution_id) as ids
    from (
      select r.tenant_id, r.execution_id from test_runs r
      where r.created_at < began_before
        and not exists (
          select from executions e where e.tenant_id = r.tenant_id and e.id = r.execution_id and e.finished_at is null)
      order by r.created_at limit most) t
    group by t.tenant_id
  loop
    perform forget_executions(old.tenant_id, old.ids);
    delete from test_runs r where r.tenant_id = old.tenant_id and r.execution_id = any (old.ids);
    gone := gone + cardinality(old.ids);
  end loop;
  return gone;
end $$;
revoke execute on function expire_tests(int, timestamptz) from public;
grant execute on function expire_tests(int, timestamptz) to workflows_worker;
