drop function tenant_rows(uuid, regclass, text[]);
drop function erase_tenant(uuid, int);
drop function tenants_to_erase();
drop function platform_queues(int);
drop function platform_tenants(uuid, text, text, text, text, int);
drop policy auth_access on workflow_performance;
drop policy auth_access on workspaces;
revoke select on workflow_performance, workspaces from workflows_auth;
drop table operator_accesses;
alter table tenants
  drop constraint tenants_closing_whole,
  drop column erase_after,
  drop column closed_at,
  drop column status_reason;
