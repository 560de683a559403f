using Workflows.Connectors;
using Workflows.Engine.Connectors;
using Workflows.Engine.Testing;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Runs statements for <c>sql</c> nodes. At least once: a statement whose answer was lost in a crash runs again.</summary>
internal sealed class SqlNodeRunner(ConnectorAccess connectors, SqlConnector database) : INodeRunner
{
    public string Type => "sql";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) =>
        RunAsync(call, isRolledBack: false, cancellationToken);

    /// <summary>Runs the statement of a call.</summary>
    /// <param name="isRolledBack">Nothing of what it does stays.</param>
    public Task<NodeResult> RunAsync(NodeCall call, bool isRolledBack, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        var connector = await connectors.OpenAsync(call, parameters.RequiredText("connector"), ConnectorTypes.Postgres, cancellationToken);
        var answer = await database.RunAsync(
            connector,
            new SqlCall(
                parameters.RequiredText("statement"),
                parameters.Json("parameters"),
                (int)parameters.Number("maxRows")!.Value,
                TimeSpan.FromSeconds(parameters.Number("timeoutSeconds")!.Value),
                parameters.Json("readOnly").GetBoolean())
            {
                IsRolledBack = isRolledBack,
            },
            cancellationToken);
        return ConnectorAccess.Success(writer =>
        {
            writer.WritePropertyName("rows");
            writer.WriteRawValue(answer.Rows, skipInputValidation: true);
            writer.WriteNumber("rowsProcessed", answer.RowsProcessed);
            writer.WriteBoolean("truncated", answer.IsTruncated);
        });
    });
}

/// <summary>The same for tests without effects: the statement runs, and its transaction is rolled back.</summary>
internal sealed class RolledBackSqlRunner(SqlNodeRunner inner) : INodeRunner
{
    public string Type => TestWorkflow.RolledBackSql;

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) =>
        inner.RunAsync(call, isRolledBack: true, cancellationToken);
}
