-- no transaction
-- Built beside running work: nothing waits for these indexes. Each is found by its name when the script is run again.

-- each partition of event_matches
create index concurrently if not exists {partition}_tenant_id_execution_id_idx on {partition} (tenant_id, execution_id) where execution_id is not null;
create index if not exists event_matches_by_execution on event_matches (tenant_id, execution_id) where execution_id is not null;

-- The trail of one person and of one kind of change, newest first.
-- each partition of user_activity
create index concurrently if not exists {partition}_tenant_id_actor_id_id_idx on {partition} (tenant_id, actor_id, id);
create index if not exists user_activity_by_actor on user_activity (tenant_id, actor_id, id);
-- each partition of user_activity
create index concurrently if not exists {partition}_tenant_id_action_id_idx on {partition} (tenant_id, action, id);
create index if not exists user_activity_by_action on user_activity (tenant_id, action, id);

create index concurrently if not exists job_runs_ended on job_runs (finished_at) where finished_at is not null;
create index concurrently if not exists dead_letters_age on dead_letters (created_at);
create index concurrently if not exists user_sessions_ended on user_sessions (least(expires_at, revoked_at));
