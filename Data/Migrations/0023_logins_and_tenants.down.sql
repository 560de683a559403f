drop function list_tenants();
drop function find_logins_at(text, uuid, text);
drop table api_instances;
drop table login_failures;
