-- What a tenant knows: articles that people write, or that come out of files; their versions; the files; and vectors
-- that clients bring.

create table knowledge_articles (
  tenant_id     uuid not null references tenants,
  id            uuid not null,
  title         text not null,
  content       text not null default '',
  category      text not null default '',
  tags          text[] not null default '{}',
  workspace_id  uuid,
  source_url    text,
  status        text not null default 'ready',
  failure_code  text,
  failure       text,
  created_by    uuid,
  updated_by    uuid,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  primary key (tenant_id, id),
  -- Not "set null": an article of a workspace that is gone must not become everybody's.
  foreign key (tenant_id, workspace_id) references workspaces on delete cascade,
  foreign key (tenant_id, created_by) references users,
  foreign key (tenant_id, updated_by) references users,
  constraint knowledge_articles_status_known check (status in ('processing', 'ready', 'failed')),
  constraint knowledge_articles_failure_iff_failed
    check ((status = 'failed') = (failure_code is not null) and (failure_code is null) = (failure is null))
);
create index knowledge_articles_by_category on knowledge_articles (tenant_id, category, id);
create index knowledge_articles_by_workspace on knowledge_articles (tenant_id, workspace_id)
  where workspace_id is not null;

-- The article as it was after each change; number is its version then.
create table knowledge_versions (
  tenant_id   uuid not null,
  article_id  uuid not null,
  number      int not null,
  title       text not null,
  content     text not null,
  category    text not null,
  tags        text[] not null,
  source_url  text,
  change      text not null,
  created_by  uuid,
  created_at  timestamptz not null,

  primary key (tenant_id, article_id, number),
  foreign key (tenant_id, article_id) references knowledge_articles on delete cascade,
  foreign key (tenant_id, created_by) references users,
  constraint knowledge_versions_change_known check (change in ('create', 'update', 'restore', 'extract'))
);

-- The file that an article comes from. due_at: when its text is to be read out of it; a process that does so moves the
-- time ahead, and when it dies another does it then. Null = done.
create table knowledge_files (
  tenant_id      uuid not null,
  article_id     uuid not null,
  name           text not null,
  format         text not null,
  size           int not null,
  hash           bytea not null,
  bytes          bytea not null,
  pages          int,
  attempts       int not null default 0,
  due_at         timestamptz,
  created_at     timestamptz not null,

  primary key (tenant_id, article_id),
  foreign key (tenant_id, article_id) references knowledge_articles on delete cascade,
  constraint knowledge_files_format_known check (format in ('pdf', 'docx', 'html', 'markdown', 'csv', 'text'))
);
alter table knowledge_files alter column bytes set storage external; -- most formats are compressed already
create index knowledge_files_due on knowledge_files (due_at, article_id) where due_at is not null;

-- Vectors that clients bring, of contents of which the platform knows but the names. The first vector of a type
-- fixes its dimension.
create table own_embedding_types (
  tenant_id     uuid not null references tenants,
  content_type  text not null,
  dimension     int not null,
  created_at    timestamptz not null,

  primary key (tenant_id, content_type),
  constraint own_embedding_types_dimension check (dimension between 1 and 4000)
);
create table own_embeddings (
  tenant_id     uuid not null,
  content_type  text not null,
  content_id    text not null,
  dimension     int not null,
  embedding     vector not null,
  metadata      jsonb not null default '{}',
  text          text,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  primary key (tenant_id, content_type, content_id),
  foreign key (tenant_id, content_type) references own_embedding_types,
  constraint own_embeddings_dimension_true check (vector_dims(embedding) = dimension)
);

-- In half precision, which takes half of the memory, and of length one, so that no number is too large or too small for
-- it. Vectors of other dimensions are compared exactly.
-- pgvector up to 0.8.1 overflows a buffer in parallel index builds (CVE-2026-3172).
set local max_parallel_maintenance_workers = 0;
create index own_embeddings_384 on own_embeddings
  using hnsw ((l2_normalize(embedding)::halfvec(384)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 384;
create index own_embeddings_768 on own_embeddings
  using hnsw ((l2_normalize(embedding)::halfvec(768)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 768;
create index own_embeddings_1024 on own_embeddings
  using hnsw ((l2_normalize(embedding)::halfvec(1024)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 1024;
create index own_embeddings_1536 on own_embeddings
  using hnsw ((l2_normalize(embedding)::halfvec(1536)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 1536;
create index own_embeddings_3072 on own_embeddings
  using hnsw ((l2_normalize(embedding)::halfvec(3072)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 3072;

call protect_tenant_table('knowledge_articles');
call protect_tenant_table('knowledge_versions');
call protect_tenant_table('knowledge_files');
call protect_tenant_table('own_embedding_types');
call protect_tenant_table('own_embeddings');

-- Who sees only what was granted: articles of the whole tenant to read, those of a workspace by their level on it.
call protect_objects('knowledge_articles',
  'workspace_id is null or workspace_id = any ((select open_workspaces(1))::uuid[])',
  'workspace_id = any ((select open_workspaces(2))::uuid[])');
call protect_objects('knowledge_versions',
  'exists (select from knowledge_articles a
    where a.tenant_id = knowledge_versions.tenant_id and a.id = knowledge_versions.article_id)',
  'exists (select from knowledge_articles a
    where a.tenant_id = knowledge_versions.tenant_id and a.id = knowledge_versions.article_id
      and a.workspace_id = any ((select open_workspaces(2))::uuid[]))');
call protect_objects('knowledge_files',
  'exists (select from knowledge_articles a
    where a.tenant_id = knowledge_files.tenant_id and a.id = knowledge_files.article_id)',
  'exists (select from knowledge_articles a
    where a.tenant_id = knowledge_files.tenant_id and a.id = knowledge_files.article_id
      and a.workspace_id = any ((select open_workspaces(2))::uuid[]))');
call protect_objects('own_embedding_types', 'false', 'false');
call protect_objects('own_embeddings', 'false', 'false');

grant select, insert, update, delete on knowledge_articles, knowledge_versions, knowledge_files, own_embedding_types,
  own_embeddings to workflows_api;

-- The search service reads articles, and turns files into their text. It looks for due files in all tenants at once.
grant select on knowledge_articles, knowledge_files, workspaces to workflows_search;
grant update (content, status, failure_code, failure, version, updated_at) on knowledge_articles to workflows_search;
grant insert on knowledge_versions, outbox to workflows_search;
grant update (attempts, due_at, pages) on knowledge_files to workflows_search;
create policy search_claims on knowledge_files to workflows_search using (true) with check (true);

alter table outbox drop constraint outbox_topic_known;
alter table outbox add constraint outbox_topic_known
  check (topic in ('index_workflow', 'index_execution', 'remove_workflow', 'index_article'));

-- Whichever way an article goes, or its workspace into the trash and back: the search service hears of it in the same
-- transaction.
create function leave_article_to_index() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  insert into outbox (tenant_id, id, topic, subject_id, not_before)
  values (old.tenant_id, new_uuid_v7(), 'index_article', old.id, now());
  return null;
end $$;
create trigger knowledge_article_gone after delete on knowledge_articles
  for each row execute function leave_article_to_index();

create function leave_articles_of_workspace_to_index() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  insert into outbox (tenant_id, id, topic, subject_id, not_before)
  select a.tenant_id, new_uuid_v7(), 'index_article', a.id, now()
  from knowledge_articles a where a.tenant_id = new.tenant_id and a.workspace_id = new.id;
  return null;
end $$;
create trigger workspace_articles_follow after update of deleted_at on workspaces
  for each row when (old.deleted_at is distinct from new.deleted_at)
  execute function leave_articles_of_workspace_to_index();

-- The workspaces that a person may see all of, for the search service.
create function workspaces_of_person(of_tenant uuid, person uuid) returns uuid[]
  language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant_id', of_tenant::text, true), set_config('app.user_id', person::text, true);
  return open_workspaces(1);
end $$;
alter function workspaces_of_person(uuid, uuid) owner to workflows_auth;
revoke execute on function workspaces_of_person(uuid, uuid) from public;
grant execute on function workspaces_of_person(uuid, uuid) to workflows_auth, workflows_search;
