drop function expire_tests(int, timestamptz);
delete from step_executions s using test_runs t where s.tenant_id = t.tenant_id and s.execution_id = t.execution_id;
delete from execution_logs l using test_runs t where l.tenant_id = t.tenant_id and l.execution_id = t.execution_id;
delete from executions e where e.trigger_type = 'test';
drop table test_runs, workflow_pins, working_copies;
alter table executions drop constraint executions_trigger_known;
alter table executions add constraint executions_trigger_known check
  (trigger_type in ('event', 'schedule', 'webhook', 'manual', 'sub_workflow', 'session', 'rule', 'retry', 'job', 'sql'));
