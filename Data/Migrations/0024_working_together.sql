-- Whose a workspace, folder, job or workflow is, who made and who last changed it. Null where an API key did, or where it happened before this migration. Only the owner is
-- someone who must exist; the others are history.
alter table workspaces
  add column owner_id uuid, add column created_by uuid, add column updated_by uuid,
  add foreign key (tenant_id, owner_id) references users;
alter table folders
  add column description text not null default '',
  add column owner_id uuid, add column created_by uuid, add column updated_by uuid,
  add foreign key (tenant_id, owner_id) references users;
alter table jobs
  add column owner_id uuid, add column created_by uuid, add column updated_by uuid,
  add foreign key (tenant_id, owner_id) references users;
alter table workflows
  add column owner_id uuid, add column updated_by uuid, add column published_at timestamptz, add column published_by uuid,
  add foreign key (tenant_id, owner_id) references users;
update workflows w set owner_id = w.created_by
  where exists (select from users u where u.tenant_id = w.tenant_id and u.id = w.created_by);

create index workflows_by_owner on workflows (tenant_id, owner_id, updated_at desc, id desc) where deleted_at is null;
create index workflows_by_creator on workflows (tenant_id, created_by, updated_at desc, id desc) where deleted_at is null;
create index jobs_by_owner on jobs (tenant_id, owner_id, id) where deleted_at is null;
create index jobs_by_creator on jobs (tenant_id, created_by, id) where deleted_at is null;
create index workspaces_by_owner on workspaces (tenant_id, owner_id, id) where deleted_at is null;
create index workspaces_by_creator on workspaces (tenant_id, created_by, id) where deleted_at is null;
create index folders_by_owner on folders (tenant_id, workspace_id, owner_id, id) where deleted_at is null;
create index folders_by_creator on folders (tenant_id, workspace_id, created_by, id) where deleted_at is null;

-- Deleted objects can be had back. deleted_with is the id of what was deleted when this one went along with it, its own where it was deleted itself, null where an older
-- release deleted it. deleted_parts holds what a deleted workflow loses at once, so that others may take it: its triggers (a webhook's address is unique) and its place among
-- the dependencies of its job.
alter table workspaces
  add column deleted_by uuid, add column deleted_by_name text, add column reason_to_delete text, add column deleted_with uuid;
alter table folders
  add column deleted_by uuid, add column deleted_by_name text, add column reason_to_delete text, add column deleted_with uuid;
alter table jobs
  add column deleted_by uuid, add column deleted_by_name text, add column reason_to_delete text, add column deleted_with uuid;
alter table workflows
  add column deleted_by uuid, add column deleted_by_name text, add column reason_to_delete text, add column deleted_with uuid,
  add column deleted_parts jsonb;
alter table schedules add column deleted_with uuid;

create index workspaces_trash on workspaces (tenant_id, deleted_at desc, id desc)
  where deleted_at is not null and (deleted_with is null or deleted_with = id);
create index folders_trash on folders (tenant_id, deleted_at desc, id desc)
  where deleted_at is not null and (deleted_with is null or deleted_with = id);
create index jobs_trash on jobs (tenant_id, deleted_at desc, id desc)
  where deleted_at is not null and (deleted_with is null or deleted_with = id);
create index workflows_trash on workflows (tenant_id, deleted_at desc, id desc)
  where deleted_at is not null and (deleted_with is null or deleted_with = id);
create index folders_deleted_with on folders (tenant_id, deleted_with) where deleted_with is not null;
create index jobs_deleted_with on jobs (tenant_id, deleted_with) where deleted_with is not null;
create index workflows_deleted_with on workflows (tenant_id, deleted_with) where deleted_with is not null;
create index schedules_deleted_with on schedules (tenant_id, deleted_with) where deleted_with is not null;
create index schedules_by_workflow on schedules (tenant_id, workflow_id) where workflow_id is not null and deleted_at is null;

-- A check-out ends by itself: after checked_out_until the other columns say who held it last.
alter table workflows add column checked_out_until timestamptz, add column checked_out_comment text not null default '';
update workflows set checked_out_until = checked_out_at where checked_out_at is not null;
alter table workflows add constraint workflows_check_out_ends check ((checked_out_until is null) = (checked_out_at is null));
