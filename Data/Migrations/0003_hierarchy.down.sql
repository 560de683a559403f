drop table workflow_triggers, workflow_versions, workflows, jobs, folders, workspaces;
