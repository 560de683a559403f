using Workflows.Data.Database;

namespace Workflows.Data.Identity;

/// <summary>What the person of the present <see cref="ObjectScope"/> may do with single objects.</summary>
public sealed class ObjectRanks(WorkflowsDatabase database)
{
    private const string RankSql = "select object_rank($1, $2)";

    /// <param name="kind">workspace, folder, job, workflow, execution, dead_letter, package, run or schedule.</param>
    /// <returns>1 view, 2 edit, 3 admin; 0 = it leads to something they may see; null = they do not see it.</returns>
    public async Task<int?> FindAsync(Guid tenantId, string kind, Guid id, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            tenantId,
            new Npgsql.NpgsqlBatchCommand(RankSql) { Parameters = { Sql.Text(kind), Sql.Uuid(id) } },
            reader => reader.IsDBNull(0) ? (int?)null : reader.GetInt32(0),
            cancellationToken))[0];
}
