do $$
declare
  body text := pg_get_functiondef('workflows.enqueue(text, jsonb, text, text, text)'::regprocedure);
  first int := position('if jsonb_path_exists(body, ''strict' in body);
  behind int := position('if octet_length(body::text) > 1048576 then' in body);
begin
  execute overlay(body placing '' from first for behind - first);
end
$$;
drop table execution_families;
alter table executions drop column rescues, drop column rescued_at;
