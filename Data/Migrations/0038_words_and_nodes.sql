-- Words of the tenants' texts, by which the search service completes beginnings and corrects misspellings; nodes of workflows as
-- things that are found; and the version of the analysis, since accents, languages and scripts without spaces now count.

-- A word as it is written, folded, with the term that it stands for in the chunks. revision is the corpus's when the word came,
-- so that readers take over only what is new to them.
create table search.words (
  tenant_id  uuid not null references search.corpora,
  word       text collate "C" not null,
  term       bigint not null,
  revision   bigint not null,

  primary key (tenant_id, word),
  constraint words_length check (length(word) between 2 and 30)
);
create index words_by_revision on search.words (tenant_id, revision);
call protect_tenant_table('search.words');
grant select, insert, update, delete on search.words to workflows_search;

alter table search.documents drop constraint documents_type_known;
alter table search.documents add constraint documents_type_known
  check (content_type in ('workflow', 'node', 'execution', 'knowledge_article', 'prompt_card', 'conversation'));

-- The nodes of a workflow, to find those that are gone.
create index documents_nodes on search.documents (tenant_id, (metadata ->> 'workflowId'))
  where content_type = 'node' and removed_at is null;

-- The version of the analysis that a tenant's texts went through: the service analyses anew what is of an older one.
alter table search.corpora add column analysis int not null default 1;
