-- The first start, and later tenants: the API acts within the tenant that it is about to create, so it may insert that one row and
-- no other (the policy's check). Whether any tenant exists, and whether a slug is taken, are the only things it learns beyond.
grant insert on tenants to workflows_api;

create function has_tenants() returns boolean
  language sql stable security definer set search_path = public
  return exists (select from tenants);

create function tenant_slug_taken(wanted text) returns boolean
  language sql stable security definer set search_path = public
  return exists (select from tenants where slug = wanted);

alter function has_tenants() owner to workflows_auth;
alter function tenant_slug_taken(text) owner to workflows_auth;
revoke execute on function has_tenants(), tenant_slug_taken(text) from public;
grant execute on function has_tenants(), tenant_slug_taken(text) to workflows_api;
