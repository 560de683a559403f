alter table workflows
  drop constraint workflows_check_out_ends,
  drop column checked_out_until, drop column checked_out_comment,
  drop column deleted_by, drop column deleted_by_name, drop column reason_to_delete, drop column deleted_with, drop column deleted_parts,
  drop column owner_id, drop column updated_by, drop column published_at, drop column published_by;
alter table schedules drop column deleted_with;
drop index schedules_by_workflow, workflows_by_creator;
alter table jobs
  drop column deleted_by, drop column deleted_by_name, drop column reason_to_delete, drop column deleted_with,
  drop column owner_id, drop column created_by, drop column updated_by;
alter table folders
  drop column deleted_by, drop column deleted_by_name, drop column reason_to_delete, drop column deleted_with,
  drop column description, drop column owner_id, drop column created_by, drop column updated_by;
alter table workspaces
  drop column deleted_by, drop column deleted_by_name, drop column reason_to_delete, drop column deleted_with,
  drop column owner_id, drop column created_by, drop column updated_by;
