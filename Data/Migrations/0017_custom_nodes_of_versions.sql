-- The custom nodes that a version uses, as they were when it was saved: {"NAME": {"version", "schema", "implementation"}}. A version never changes, and neither
-- does what its executions do. Null: it uses none, or was saved before this column; then they are looked up when they run, as they were.
alter table workflow_versions add column custom_nodes jsonb;
