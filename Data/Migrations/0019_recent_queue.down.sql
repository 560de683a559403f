drop index executions_queued_since;
