drop table executions_default, step_executions_default, events_default, event_matches_default, user_activity_default;
drop function rows_without_partition();
drop function retire_partitions(text, timestamptz);
drop function make_partitions_ahead(timestamptz, int);
drop view partitions;
drop procedure make_partition(text, timestamptz);
