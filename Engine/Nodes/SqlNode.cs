using System.Text.RegularExpressions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

public enum SqlMode
{
    /// <summary>Rows are answered.</summary>
    Query,

    /// <summary>Rows that were changed are counted; what <c>returning</c> yields is answered.</summary>
    Execute,
}

/// <summary>Parameters of <c>sql</c>.</summary>
public sealed record SqlParameters
{
    [Parameter("The name of a connector of the type `postgres`.", Required = true, MaxLength = Limits.ConnectorNameLength, Example = "\"warehouse\"")]
    public string? Connector { get; init; }

    [Parameter(
        "One statement, as it is: values come in by `parameters`, never by `{{ }}`.",
        Required = true,
        Example = "\"select id, total from orders where customer = @customer and total > @least\"")]
    public string? Statement { get; init; }

    [Parameter(
        "Values bound to the statement: an object for `@name`, a list for `$1, $2`. Text takes the type that the statement wants; objects and lists are jsonb.",
        Secret = true,
        Example = """{"customer": "{{ input.customerId }}", "least": 100}""")]
    public JsonTemplate? Parameters { get; init; }

    [Parameter("`query` reads, in a read-only transaction; `execute` changes.")]
    public SqlMode Mode { get; init; } = SqlMode.Query;

    [Parameter("Rows answered; `truncated` says that there were more.", Min = 1, Max = Limits.SqlRows)]
    public int MaxRows { get; init; } = 1_000;

    [Parameter("How long the statement may take, in seconds.", Min = 0.1, Max = 3_600)]
    public double TimeoutSeconds { get; init; } = 30;
}

internal sealed partial class SqlNode() : NodeType<SqlParameters>(
    "sql",
    "outside",
    NodeEffect.Effect,
    "Runs a statement on a PostgreSQL database, in a transaction of its own. After a crash it may run again: let the statement recognise what it has done (`on conflict do nothing`).",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"rows\": [{...}], \"rowsProcessed\": 1, \"truncated\": false}`.";

    private protected override NodeAction? Compile(SqlParameters parameters, NodeCompilation node) =>
        Templated().IsMatch(parameters.Statement!)
            ? node.Reject(
                "statement",
                DefinitionProblemCodes.ParameterValue,
                "The statement holds an expression; a value in the text could change what the statement does.",
                "Write @name in the statement, and the expression under 'parameters'.")
            : new Action(parameters);

    [GeneratedRegex(@"\{\{\s*(input|steps|trigger|event|execution|vars|context|secrets|item|index|\$)")]
    private static partial Regex Templated();

    private sealed class Action(SqlParameters parameters) : EffectAction
    {
        public override double? TimeoutSeconds => parameters.TimeoutSeconds + 15; // a new connection takes a moment

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            var values = parameters.Parameters is { } template ? context.Render(template) : "null"u8.ToArray();
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            writer.WriteString("connector"u8, parameters.Connector);
            writer.WriteString("statement"u8, parameters.Statement);
            writer.WritePropertyName("parameters"u8);
            writer.WriteRawValue(values.Span, skipInputValidation: true);
            writer.WriteBoolean("readOnly"u8, parameters.Mode == SqlMode.Query);
            writer.WriteNumber("maxRows"u8, parameters.MaxRows);
            writer.WriteNumber("timeoutSeconds"u8, parameters.TimeoutSeconds);
            writer.WriteEndObject();
            return buffer.ToJson();
        }
    }
}
