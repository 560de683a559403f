-- What the engine can wait for besides time and events: people, executions it started, calls to a one-time address. request is what the wait was opened
-- with, as its kind reads it; the rows it needs besides (an approval request, the child) are written in the transaction that opens it.
alter table waits add column request jsonb;
alter table waits drop constraint waits_kind_known;
alter table waits add constraint waits_kind_known check (kind in ('timer', 'event', 'retry', 'approval', 'child', 'webhook'));

-- Which wait of which execution hears of this one's end; what this one was forked from; the value among whose equals it is limited.
alter table executions add column parent_iteration text;
alter table executions add column parent_attempt int;
alter table executions add column forked_from uuid;
alter table executions add column concurrency_key text;
create index executions_by_parent on executions (tenant_id, parent_execution_id, id) where parent_execution_id is not null;

-- paused: by a person, resumes by a person. held: accepted, and kept from the queue by a limit on how many may run at once.
alter table executions drop constraint executions_status_known;
alter table executions add constraint executions_status_known check
  (status in ('queued', 'running', 'waiting', 'paused', 'held', 'completed', 'failed', 'cancelled', 'timed_out'));
alter table executions drop constraint executions_stop_known;
alter table executions add constraint executions_stop_known check (stop_request in ('cancel', 'timeout', 'pause'));
alter table executions drop constraint executions_trigger_known;
alter table executions add constraint executions_trigger_known check
  (trigger_type in ('event', 'schedule', 'webhook', 'manual', 'sub_workflow', 'session', 'rule', 'retry', 'job', 'sql'));
