alter table step_executions drop column rows_processed;
drop index workflows_by_name;
drop table schedule_fires, schedules, job_run_items, job_runs, job_package_steps, job_packages, workflow_dependencies, calendar_days, calendars;
drop policy worker_access on jobs;
revoke select on jobs from workflows_worker;
