drop table idempotency_keys, dead_letters, timers, waits, step_executions, executions;
drop function hold_worker_lease(uuid);
drop table workers;
