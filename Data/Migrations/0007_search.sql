-- Schema of the search service: what can be found, in the words and in the vectors by which it is found. Everything here can be
-- rebuilt from the tables of the platform. Only workflows_search has rights here; API and worker reach it over HTTP.
--
-- There is no GIN index on a tsvector and no trigram index, on purpose: under row-level security an operator that is not marked
-- leakproof (@@, %) is never an index condition, measured as a sequential scan of all tenants; ordering by <-> does use a
-- GiST index, but took 7 ms over 10,000 titles. The service keeps each tenant's terms and titles in memory, fed by revision.
create extension if not exists vector;

create schema search;
grant usage on schema search to workflows_search;

-- One row per tenant with anything to find. revision counts its changes in the order of their commits: whoever changes a document
-- takes the next number with this row's lock, so a reader that has seen revision n has seen all up to n. model is the one whose
-- vectors answer; while next_model is set, chunks get vectors of both. incomplete: some chunks have no vector, since the provider failed.
create table search.corpora (
  tenant_id       uuid primary key references tenants,
  revision        bigint not null default 0,
  model           text not null,
  next_model      text,
  trained_chunks  int not null default 0,
  incomplete      boolean not null default false,
  updated_at      timestamptz not null,

  constraint corpora_next_model_differs check (next_model <> model)
);

-- What can be found. A removed document stays as a row without chunks until readers have taken notice. source_version orders the
-- states of the source, so that a slow indexer never overwrites a newer state.
create table search.documents (
  tenant_id       uuid not null references search.corpora,
  id              uuid not null,
  content_type    text not null,
  content_id      uuid not null,
  title           text not null,
  tags            text[] not null default '{}',
  workspace_id    uuid,
  metadata        jsonb not null default '{}',
  content_hash    bytea not null,
  source_version  bigint not null,
  content_at      timestamptz not null,
  revision        bigint not null,
  removed_at      timestamptz,
  indexed_at      timestamptz not null,

  primary key (tenant_id, id),
  constraint documents_content_unique unique (tenant_id, content_type, content_id),
  constraint documents_type_known
    check (content_type in ('workflow', 'execution', 'knowledge_article', 'prompt_card', 'conversation'))
);
create unique index documents_by_revision on search.documents (tenant_id, revision);
create index documents_removed on search.documents (tenant_id, removed_at) where removed_at is not null;

-- terms: the distinct terms of title and text with their counts, 6 bytes each, as AiSearch's TermVector writes them.
create table search.chunks (
  tenant_id     uuid not null,
  document_id   uuid not null,
  number        int not null,
  label         text not null,
  text          text not null,
  terms         bytea not null,
  content_hash  bytea not null,

  primary key (tenant_id, document_id, number),
  foreign key (tenant_id, document_id) references search.documents on delete cascade,
  constraint chunks_number_positive check (number >= 0)
);

-- A chunk's vector under one model. During a change of the model a chunk has two. The filterable facts of its document stand
-- beside the vector, so that a filtered index scan needs no join.
create table search.embeddings (
  tenant_id     uuid not null,
  document_id   uuid not null,
  chunk         int not null,
  model         text not null,
  dimension     int not null,
  embedding     halfvec not null,
  content_type  text not null,
  tags          text[] not null,
  workspace_id  uuid,
  content_at    timestamptz not null,

  primary key (tenant_id, model, document_id, chunk),
  foreign key (tenant_id, document_id, chunk) references search.chunks on delete cascade,
  constraint embeddings_dimension_true check (vector_dims(embedding) = dimension),
  constraint embeddings_dimension_indexed check (dimension in (384, 768, 1024, 1536))
);
create index embeddings_by_chunk on search.embeddings (tenant_id, document_id, chunk);

-- pgvector up to 0.8.1 overflows a buffer in parallel index builds (CVE-2026-3172).
set local max_parallel_maintenance_workers = 0;
create index embeddings_384 on search.embeddings using hnsw ((embedding::halfvec(384)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 384;
create index embeddings_768 on search.embeddings using hnsw ((embedding::halfvec(768)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 768;
create index embeddings_1024 on search.embeddings using hnsw ((embedding::halfvec(1024)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 1024;
create index embeddings_1536 on search.embeddings using hnsw ((embedding::halfvec(1536)) halfvec_cosine_ops)
  with (m = 16, ef_construction = 100) where dimension = 1536;

-- What the local embedder has learnt of a tenant's corpus: document frequencies and term vectors, in parts of bounded size.
create table search.models (
  tenant_id   uuid not null references search.corpora,
  name        text not null,
  chunks      int not null,
  directions  int not null,
  energies    bytea not null,
  created_at  timestamptz not null,

  primary key (tenant_id, name)
);
create table search.model_parts (
  tenant_id  uuid not null,
  name       text not null,
  part       int not null,
  terms      bytea not null,
  idf        bytea not null,
  vectors    bytea not null,

  primary key (tenant_id, name, part),
  foreign key (tenant_id, name) references search.models on delete cascade
);

-- Outbox rows that could not be worked off after all attempts, with their cause, until somebody puts them back.
create table search.parked_work (
  tenant_id   uuid not null,
  id          uuid not null,
  topic       text not null,
  subject_id  uuid not null,
  payload     jsonb not null,
  attempts    int not null,
  error       text not null,
  parked_at   timestamptz not null,

  primary key (tenant_id, id)
);

call protect_tenant_table('search.corpora');
call protect_tenant_table('search.documents');
call protect_tenant_table('search.chunks');
call protect_tenant_table('search.embeddings');
call protect_tenant_table('search.models');
call protect_tenant_table('search.model_parts');
call protect_tenant_table('search.parked_work');

grant select, insert, update, delete on search.corpora, search.documents, search.chunks, search.embeddings,
  search.models, search.model_parts, search.parked_work to workflows_search;

-- Background work has to know which tenants there are: no content lies in this table, and only reading is opened.
create policy search_overview on search.corpora for select to workflows_search using (true);

-- The workspace of a workflow, for the filter.
grant select on jobs, folders to workflows_search;
