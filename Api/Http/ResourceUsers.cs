using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Http;

/// <summary>
/// Who could not run any more without a connector, a secret or a custom node: the published versions that name it, and
/// custom nodes that call by the connector. A definition that this release cannot read counts when it holds the name.
/// </summary>
internal static class ResourceUsers
{
    /// <summary>The problem that a deletion is refused with; null when nothing uses the connector.</summary>
    public static async Task<Problem?> OfConnectorAsync(
        WorkflowsDbContext db, string name, CancellationToken cancellationToken)
    {
        var text = $"\"{name}\"";
        var named = $"\"connector\": {text}"; // as the database renders jsonb
        var users = await PublishedAsync(
            db, text,
            (workflow, version) => workflow.Names(ResourceKind.Connector, name)
                || version.CustomNodes?.Contains(named, StringComparison.Ordinal) == true,
            cancellationToken);
        var nodes = await db.NodeDefinitions.FromSql(
            $"""
            select * from node_definitions where tenant_id = {db.TenantId} and implementation ->> 'connector' = {name}
            """)
            .AsNoTracking().OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(
                row => new ErrorDetail(
                    row.Id.ToString(), "NODE_DEFINITION", row.Name, null)).ToListAsync(cancellationToken);
        return InUse(
            [.. users, .. nodes], "Published workflows or custom nodes call by the connector: change them first.");
    }

    /// <summary>The same of a secret.</summary>
    public static async Task<Problem?> OfSecretAsync(
        WorkflowsDbContext db, string name, CancellationToken cancellationToken) =>
        InUse(
        await PublishedAsync(db, name, (workflow, _) => workflow.NeedsSecret(name), cancellationToken),
        "Published workflows read the secret, or check calls by it: change them first.");

    /// <summary>The same of a custom node, by its name without <c>custom:</c>.</summary>
    public static async Task<Problem?> OfCustomNodeAsync(
        WorkflowsDbContext db, string name, CancellationToken cancellationToken) =>
        InUse(
        await PublishedAsync(
            db, $"custom:{name}", (workflow, _) => workflow.Names(ResourceKind.CustomNode, name), cancellationToken),
        "Published workflows have nodes of this type: change them first.");

    /// <summary>The same of a model.</summary>
    public static async Task<Problem?> OfModelAsync(
        WorkflowsDbContext db, string name, CancellationToken cancellationToken) =>
        InUse(
        await PublishedAsync(
            db, $"\"{name}\"", (workflow, _) => workflow.Names(ResourceKind.Model, name), cancellationToken),
        "Published workflows ask the model: change them first.");

    private static Problem? InUse(List<ErrorDetail> users, string message) =>
        users.Count == 0 ? null : new Problem(Errors.InUse, message, users);

    private static async Task<List<ErrorDetail>> PublishedAsync(
        WorkflowsDbContext db,
        string text,
        Func<CompiledWorkflow, WorkflowVersion, bool> uses,
        CancellationToken cancellationToken)
    {
        var users = new List<Guid>();
        await foreach (var version in db.PublishedWith(text).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            var isCompiled = CompiledWorkflow.TryCompile(
                Encoding.UTF8.GetBytes(version.Definition), out var workflow, out _);
            if (!isCompiled || uses(workflow!, version))
            {
                users.Add(version.WorkflowId);
            }

            if (users.Count == Limits.MaxPageSize)
            {
                break;
            }
        }

        return users.Count == 0
            ? []
            : await db.Workflows.AsNoTracking().Where(row => users.Contains(row.Id)).OrderBy(row => row.Id)
            .Select(
                row => new ErrorDetail(row.Id.ToString(), "WORKFLOW", row.Name, null)).ToListAsync(cancellationToken);
    }
}
