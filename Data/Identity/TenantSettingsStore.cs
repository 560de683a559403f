using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Identity;

/// <summary>What workers must know of a tenant's settings.</summary>
public sealed class TenantSettingsStore(WorkflowsDatabase database)
{
    private const string HttpAllowSql = """
        select coalesce(array(
          select jsonb_array_elements_text(case when jsonb_typeof(t.settings -> 'httpAllow') = 'array' then t.settings -> 'httpAllow' else '[]'::jsonb end)),
          '{}'::text[])
        from tenants t
        where t.tenant_id = $1
        """;

    /// <summary>Networks and hosts outside the public internet that this tenant's http nodes may call. Set by the operator.</summary>
    public async Task<IReadOnlyList<string>> HttpAllowAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(HttpAllowSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        return (await database.ReadAsync(tenantId, command, row => row.GetFieldValue<string[]>(0), cancellationToken)).FirstOrDefault() ?? [];
    }

    private const string RunningLimitsSql = """
        select t.tenant_id, greatest(0, (t.settings #>> '{limits,maxRunning}')::numeric::int)
        from tenants t
        where jsonb_typeof(t.settings #> '{limits,maxRunning}') = 'number'
        """;

    /// <summary>Tenants of which only so many executions may run at once, on all workers together. Set by the operator.</summary>
    public async Task<IReadOnlyDictionary<Guid, int>> RunningLimitsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(RunningLimitsSql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var limits = new Dictionary<Guid, int>();
        while (await reader.ReadAsync(cancellationToken))
        {
            limits.Add(reader.GetGuid(0), reader.GetInt32(1));
        }

        return limits;
    }
}
