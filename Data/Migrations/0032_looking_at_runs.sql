-- no transaction
-- What people look at when they look at runs. All are partial: an execution that completes within a thousand steps writes none of them. Built beside running work, under the names that new partitions give them.

-- The next failed iteration of a node, and the executions that failed at a node.
-- each partition of step_executions
create index concurrently if not exists {partition}_tenant_id_node_id_execution_id_iter_idx on {partition} (tenant_id, node_id, execution_id, iteration) where status = 'failed';
create index if not exists step_executions_failed on step_executions (tenant_id, node_id, execution_id, iteration) where status = 'failed';

-- The pages of steps beyond the first thousand, in the order of their record.
-- each partition of step_executions
create index concurrently if not exists {partition}_tenant_id_execution_id_sequence_idx on {partition} (tenant_id, execution_id, sequence) where sequence > 1000;
create index if not exists step_executions_later on step_executions (tenant_id, execution_id, sequence) where sequence > 1000;

-- The failures of one workflow among many successes.
-- each partition of executions
create index concurrently if not exists {partition}_tenant_id_workflow_id_id_idx1 on {partition} (tenant_id, workflow_id, id) where status in ('failed', 'timed_out');
create index if not exists executions_unsuccessful_by_workflow on executions (tenant_id, workflow_id, id) where status in ('failed', 'timed_out');
