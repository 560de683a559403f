-- How often an execution lost its worker in a row, and when last: what ends each worker that takes it up is not handed on for ever (WORKER_LOST). Counted by the rescue
-- alone; a step recorded since makes it begin anew.
alter table executions add column rescues int not null default 0, add column rescued_at timestamptz;

-- How many executions were started, directly or through one another, below one that no other started. A row per root that starts any; it goes when its time is over.
create table execution_families (
  tenant_id    uuid not null,
  root_id      uuid not null,
  descendants  int not null,
  expires_at   timestamptz not null,

  primary key (tenant_id, root_id)
);
create index execution_families_expiry on execution_families (expires_at);
call protect_tenant_table('execution_families');
call open_to_worker('execution_families', 'select, insert, update, delete');

-- An input from SQL nests no deeper than one that comes over HTTP: what is deeper could be stored and not be read.
do $$
declare
  body text := pg_get_functiondef('workflows.enqueue(text, jsonb, text, text, text)'::regprocedure);
  place constant text := 'if octet_length(body::text) > 1048576 then';
  checked text := replace(body, place,
    $check$if jsonb_path_exists(body, 'strict $.**{64 to last} ? (@.type() == "array" || @.type() == "object")', silent => true) then
    raise exception 'An input nests at most 64 levels deep.' using errcode = 'WF012';
  end if;
  $check$ || place);
begin
  if checked = body then
    raise exception 'workflows.enqueue does not check the size of its input where it is looked for.';
  end if;
  execute checked;
end
$$;
