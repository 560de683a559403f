using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The versions that triggers start.</summary>
public static class PublishedVersions
{
    /// <summary>
    /// Those of the tenant, by workflow, whose definition or custom nodes hold a text: what a name is looked for in
    /// before anything is compiled.
    /// </summary>
    /// <param name="text">As the database renders it within JSON.</param>
    public static IQueryable<WorkflowVersion> PublishedWith(this WorkflowsDbContext db, string text) =>
        db.WorkflowVersions.FromSql(
            $"""
            select version.* from workflow_versions version
            join workflows workflow on workflow.tenant_id = version.tenant_id and workflow.id = version.workflow_id
            where version.tenant_id =
                {db.TenantId} and workflow.deleted_at is null and workflow.published_version = version.number
              and (strpos(version.definition::text, {text}) > 0 or strpos(version.custom_nodes::text, {text}) > 0)
            """).AsNoTracking().OrderBy(version => version.WorkflowId);
}
