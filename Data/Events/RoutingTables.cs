using Npgsql;
using Workflows.Data.Caching;
using Workflows.Data.Database;
using Workflows.Engine.Events;
using Workflows.Jsonata;

namespace Workflows.Data.Events;

/// <summary>
/// The routing tables of tenants in memory. Guarantees: whoever hands over the version that was read with the events gets a table at least as new, so an event
/// that was stored after a publication is matched against it. The version is raised by the database itself, in the transaction of each change.
/// </summary>
internal sealed class RoutingTables(WorkflowsDatabase database, TimeProvider clock)
{
    private readonly TrustedCache<Guid, RoutingTable> _tables = new(clock, Limits.RoutingTables, TimeSpan.MaxValue);

    /// <summary>Read in the round trip that stores or loads the events; null counts as 0.</summary>
    public const string VersionSql = "select version from routing_versions where tenant_id = $1";

    public static NpgsqlBatchCommand VersionOf(Guid tenantId) => new(VersionSql) { Parameters = { Sql.Uuid(tenantId) } };

    public async ValueTask<RoutingTable> GetAsync(Guid tenantId, long version, CancellationToken cancellationToken)
    {
        if (_tables.TryGet(tenantId, out var table) && table.Version >= version)
        {
            return table;
        }

        while (true)
        {
            if (table is not null)
            {
                _tables.Drop(tenantId, table);
            }

            // A load of somebody else may have begun before the version came about; one of our own did not.
            var load = new Load(this, table);
            table = (await _tables.GetAsync(
                tenantId, static (tenantId, load) => load.RunAsync(tenantId), load, cancellationToken))!;
            if (load.HasRun || table.Version >= version)
            {
                return table;
            }
        }
    }

    private sealed class Load(RoutingTables tables, RoutingTable? present)
    {
        public bool HasRun { get; private set; }

        public async Task<RoutingTable?> RunAsync(Guid tenantId)
        {
            HasRun = true;
            return await tables.LoadAsync(tenantId, present);
        }
    }

    private const string TriggersSql = """
        select t.workflow_id, t.trigger_id, t.version, t.event_type, t.condition, w.start_settings::text
        from workflow_triggers t
        join workflows w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
        where t.tenant_id = $1 and t.type = 'event' and t.enabled
          and w.enabled and w.deleted_at is null and w.published_version = t.version
        """;

    private const string RulesSql = """
        select r.id, r.name, r.version, r.priority, r.stop, r.active_from, r.active_to, r.definition
        from rules r
        where r.tenant_id = $1 and r.enabled and r.deleted_at is null
        """;

    private const string StartableSql = """
        select w.id, w.published_version, w.start_settings::text
        from (select distinct (a ->> 'workflow')::uuid as id
              from rules r cross join lateral jsonb_array_elements(r.definition -> 'actions') a
              where r.tenant_id = $1 and r.enabled and r.deleted_at is null and a ->> 'type' = 'startWorkflow') s
        join workflows w on w.tenant_id = $1 and w.id = s.id
        where w.enabled and w.deleted_at is null and w.published_version is not null
        """;

    // The version first: what changes in between makes the table newer than it says, and it is merely read once more.
    private async Task<RoutingTable> LoadAsync(Guid tenantId, RoutingTable? present)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantScope.SetTenant(tenantId),
                VersionOf(tenantId),
                new(TriggersSql) { Parameters = { Sql.Uuid(tenantId) } },
                new(RulesSql) { Parameters = { Sql.Uuid(tenantId) } },
                new(StartableSql) { Parameters = { Sql.Uuid(tenantId) } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var version = await reader.ReadAsync() ? reader.GetInt64(0) : 0;
        await reader.NextResultAsync();
        var triggers = new List<EventTrigger>();
        while (await reader.ReadAsync())
        {
            JsonataExpression? condition = null;
            if (reader.IsDBNull(4) || reader.GetString(4) is not { Length: > 0 } source || EventCondition.TryParse(source, out condition))
            {
                triggers.Add(new EventTrigger(
                    reader.GetGuid(0), reader.GetString(1), reader.GetString(3), condition,
                    new StartableVersion(reader.GetInt32(2), reader.IsDBNull(5) ? null : reader.GetString(5))));
            }
        }

        await reader.NextResultAsync();
        var rules = await ReadRulesAsync(reader, present);
        await reader.NextResultAsync();
        var startable = new Dictionary<Guid, StartableVersion>();
        while (await reader.ReadAsync())
        {
            startable[reader.GetGuid(0)] = new StartableVersion(reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        }

        return new RoutingTable(version, triggers, rules, startable);
    }

    // One that did not change stays compiled.
    private static async Task<List<RoutingRule>> ReadRulesAsync(NpgsqlDataReader reader, RoutingTable? present)
    {
        var compiled = present?.Rules.ToDictionary(rule => (rule.Id, rule.Version)) ?? [];
        var rules = new List<RoutingRule>();
        while (await reader.ReadAsync())
        {
            if (compiled.TryGetValue((reader.GetGuid(0), reader.GetInt32(2)), out var same))
            {
                rules.Add(same);
            }
            else if (Rule.TryCompile(reader.GetFieldValue<byte[]>(7), out var rule, out _))
            {
                rules.Add(new RoutingRule(
                    reader.GetGuid(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetBoolean(4),
                    reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5),
                    reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6), rule));
            }
        }

        return rules;
    }
}
