revoke usage on schema public from workflows_api, workflows_worker, workflows_search, workflows_auth;
drop procedure open_to_auth(regclass, text);
drop procedure open_to_worker(regclass, text);
drop procedure protect_tenant_table(regclass);
drop function uuid_time(uuid);
drop function uuid_at(timestamptz);
drop function current_tenant();
