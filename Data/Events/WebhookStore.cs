using Workflows.Data.Database;

namespace Workflows.Data.Events;

/// <summary>The published webhook trigger of an address.</summary>
/// <param name="Settings">UTF-8 JSON of the trigger, as it was published.</param>
public sealed record PublishedWebhook(Guid TenantId, Guid WorkflowId, string TriggerId, int Version, byte[] Settings);

/// <summary>Looks webhooks up for callers of whom nothing is known yet.</summary>
public sealed class WebhookStore(WorkflowsDatabase database)
{
    private const string FindSql = "select w.tenant_id, w.workflow_id, w.trigger_id, w.version, w.settings from find_webhook($1, $2) w";

    /// <returns>Null when no published, enabled workflow of an active tenant listens there.</returns>
    public async Task<PublishedWebhook?> FindAsync(string tenantSlug, string path, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Text(tenantSlug));
        command.Parameters.Add(Sql.Text(path));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new PublishedWebhook(reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetInt32(3), reader.GetFieldValue<byte[]>(4))
            : null;
    }
}
