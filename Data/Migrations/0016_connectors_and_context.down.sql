drop policy worker_access on folders;
drop policy worker_access on jobs;
revoke select on folders, jobs from workflows_worker;
drop index workflow_triggers_by_service_code;
delete from waits where kind = 'session';
alter table waits drop constraint waits_kind_known;
alter table waits add constraint waits_kind_known check (kind in ('timer', 'event', 'retry', 'approval', 'child', 'webhook'));
drop index executions_by_session;
drop table node_definitions, context_writes, context_entries, connectors, variables, secrets, tenant_keys;
