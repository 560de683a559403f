-- no transaction
-- The activity of one kind of object, newest first. Built beside running work, under the name that new partitions give it.

-- each partition of user_activity
create index concurrently if not exists {partition}_tenant_id_object_type_id_idx on {partition} (tenant_id, object_type, id);
create index if not exists user_activity_by_type on user_activity (tenant_id, object_type, id);
