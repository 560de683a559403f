alter table workflow_versions drop column custom_nodes;
