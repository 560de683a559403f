drop function find_session(bytea);
drop function find_logins(text);
drop function find_api_key(bytea);
drop table api_keys, user_sessions, user_roles, roles, users, tenants;
