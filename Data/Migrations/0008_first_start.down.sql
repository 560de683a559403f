drop function tenant_slug_taken(text);
drop function has_tenants();
revoke insert on tenants from workflows_api;
