using Workflows.Connectors;
using Workflows.Engine.Connectors;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Runs statements for <c>sql</c> nodes. At least once: a statement whose answer was lost in a crash runs again.</summary>
internal sealed class SqlNodeRunner(ConnectorAccess connectors, SqlConnector database) : INodeRunner
{
    public string Type => "sql";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
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
                parameters.Json("readOnly").GetBoolean()),
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
