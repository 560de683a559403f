-- The release before does not know these, and would leave them for ever: they end first, or are cancelled.
do $$ begin
  if exists (
    select from executions where finished_at is null
      and (status not in ('queued', 'running', 'waiting') or stop_request not in ('cancel', 'timeout')))
    or exists (select from waits where outcome is null and kind not in ('timer', 'event', 'retry'))
  then
    raise check_violation using message =
      'Executions that are paused, held or waiting for something that the release before does not know are not over.';
  end if;
end $$;

-- Not valid: what is over stays, and would otherwise keep it from being taken back.
alter table executions drop constraint executions_trigger_known;
alter table executions add constraint executions_trigger_known check
  (trigger_type in ('event', 'schedule', 'webhook', 'manual', 'sub_workflow', 'session', 'rule', 'retry')) not valid;
alter table executions drop constraint executions_stop_known;
alter table executions add constraint executions_stop_known check (stop_request in ('cancel', 'timeout')) not valid;
alter table executions drop constraint executions_status_known;
alter table executions add constraint executions_status_known check
  (status in ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out')) not valid;
drop index executions_by_parent;
alter table executions drop column concurrency_key, drop column forked_from, drop column parent_attempt, drop column parent_iteration;
alter table waits drop constraint waits_kind_known;
alter table waits add constraint waits_kind_known check (kind in ('timer', 'event', 'retry')) not valid;
alter table waits drop column request;
