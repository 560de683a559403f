using Workflows.Data.Database;
using Workflows.Engine.Nodes;

namespace Workflows.Data.Executions;

/// <param name="Definition">UTF-8 JSON.</param>
/// <param name="CustomNodes">Those it uses, as they were when the test began.</param>
/// <param name="Plan">UTF-8 JSON, as the engine's <c>TestPlan</c> writes it.</param>
public sealed record StoredTest(byte[] Definition, CustomNodeSet CustomNodes, byte[] Plan);

/// <summary>What tests run, as workers read it.</summary>
public sealed class TestStore(WorkflowsDatabase database)
{
    private const string FindTestSql = """
        select t.definition, t.custom_nodes, t.plan from test_runs t where t.tenant_id = $1 and t.execution_id = $2
        """;

    /// <returns>Null when the execution is no test.</returns>
    public async Task<StoredTest?> FindAsync(ExecutionKey key, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindTestSql);
        command.Parameters.Add(Sql.Uuid(key.TenantId));
        command.Parameters.Add(Sql.Uuid(key.Id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new StoredTest(
                reader.GetFieldValue<byte[]>(0),
                reader.IsDBNull(1) ? CustomNodeSet.Empty : CustomNodeSet.Read(reader.GetFieldValue<byte[]>(1)),
                reader.GetFieldValue<byte[]>(2))
            : null;
    }
}
