using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Sql;
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
        "Values bound to the statement: an object for `@name`, a list for `$1, $2`. Every name of the statement must "
        + "be given; an expression that yields nothing binds null. "
        + "Text takes the type that the statement wants, a number the one it would have in the statement's text, a "
            + "list is an array where the statement wants one (`= any(@ids)`) and else jsonb, as an object is.",
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
    public override string OutputSummary =>
        "`{\"rows\": [{...}], \"rowsProcessed\": 1, \"truncated\": false}`. Numbers have all their digits, arrays are "
            + "lists, json is what it holds, "
        + "timestamps are RFC 3339, bytea is Base64; everything else is the text that PostgreSQL writes.";

    private protected override NodeAction? Compile(SqlParameters parameters, NodeCompilation node)
    {
        if (Templated().IsMatch(parameters.Statement!))
        {
            return node.Reject(
                "statement",
                DefinitionProblemCodes.ParameterValue,
                "The statement holds an expression; a value in the text could change what the statement does.",
                "Write @name in the statement, and the expression under 'parameters'.");
        }

        var statement = SqlStatement.Read(parameters.Statement!);
        if (!statement.IsOne)
        {
            node.Object(
                DefinitionProblemCodes.ParameterValue, "There is more than one statement.",
                "Use one node for each, or 'with'.", "statement");
        }

        var values = node.Parameters.TryGetProperty("parameters", out var given) ? given : default;
        if (values.ValueKind != JsonValueKind.String)
        {
            Compare(statement, values, node); // what an expression yields is compared when it runs
        }

        return new Action(parameters, values.ValueKind == JsonValueKind.Object ? values : default);
    }

    private static void Compare(SqlStatement statement, JsonElement values, NodeCompilation node)
    {
        foreach (var problem in statement.FindMissing(values))
        {
            node.Object(DefinitionProblemCodes.ParameterValue, problem.Message, problem.Hint, "statement");
        }

        foreach (var problem in statement.FindSuperfluous(values))
        {
            node.Object(
                DefinitionProblemCodes.ParameterValue, problem.Message, problem.Hint, "parameters", problem.Name!);
        }
    }

    [GeneratedRegex(@"\{\{\s*(input|steps|trigger|event|execution|vars|context|secrets|item|index|\$)")]
    private static partial Regex Templated();

    /// <param name="values">The object of values as it is written; undefined when it is none.</param>
    private sealed class Action(SqlParameters parameters, JsonElement values) : EffectAction
    {
        private readonly string[] _names = values.ValueKind == JsonValueKind.Object
            ? [.. values.EnumerateObject().Select(value => value.Name)] : [];

        public override double? TimeoutSeconds => parameters.TimeoutSeconds + 15; // a new connection takes a moment

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            var rendered = parameters.Parameters is { } template ? context.Render(template) : "null"u8.ToArray();
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            writer.WriteString("connector"u8, parameters.Connector);
            writer.WriteString("statement"u8, parameters.Statement);
            writer.WritePropertyName("parameters"u8);
            WriteValues(writer, rendered);
            writer.WriteBoolean("readOnly"u8, parameters.Mode == SqlMode.Query);
            writer.WriteNumber("maxRows"u8, parameters.MaxRows);
            writer.WriteNumber("timeoutSeconds"u8, parameters.TimeoutSeconds);
            writer.WriteEndObject();
            return buffer.ToJson();
        }

        // A member whose expression yields nothing is left out of a rendered object. Here it is a value like any other:
        // null.
        private void WriteValues(Utf8JsonWriter writer, ReadOnlyMemory<byte> rendered)
        {
            if (_names.Length == 0)
            {
                writer.WriteRawValue(rendered.Span, skipInputValidation: true);
                return;
            }

            using var document = JsonDocument.Parse(rendered, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
            writer.WriteStartObject();
            foreach (var name in _names)
            {
                writer.WritePropertyName(name);
                if (document.RootElement.TryGetProperty(name, out var value))
                {
                    writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
                }
                else
                {
                    writer.WriteNullValue();
                }
            }

            writer.WriteEndObject();
        }
    }
}
