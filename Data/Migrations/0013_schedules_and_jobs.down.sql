alter table step_executions drop column rows_processed;
drop table schedule_fires, schedules, job_run_items, job_runs, job_package_steps, job_packages, workflow_dependencies, calendar_days, calendars;
