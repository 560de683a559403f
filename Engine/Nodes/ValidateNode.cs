using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>validate</c>.</summary>
public sealed record ValidateParameters
{
    [Parameter("What is checked.", Required = true, Example = "\"{{ input.order }}\"")]
    public JsonTemplate? Value { get; init; }

    [Parameter(
        "The JSON Schema it has to fit; the same keywords as for the `parameters` of a workflow. Not an expression.",
        Required = true,
        Example = """{"type": "object", "required": ["id"]}""")]
    public JsonElement? Schema { get; init; }
}

internal sealed class ValidateNode() : NodeType<ValidateParameters>(
    "validate",
    "data",
    NodeEffect.Pure,
    "Checks a value against a JSON Schema.",
    new NodePort(ValidPort, "The value fits."),
    new NodePort(InvalidPort, "The value does not fit. Not wired, that is an error."),
    NodePort.ErrorPort)
{
    private const string ValidPort = "valid";
    private const string InvalidPort = "invalid";
    private const int ProblemsNamed = 5;

    public override string OutputSummary => "At `valid`: the value. At `invalid`: `{\"value\": ..., \"problems\": [{\"pointer\", \"keyword\", \"message\"}]}`.";

    private protected override NodeAction? Compile(ValidateParameters parameters, NodeCompilation node) =>
        node.ReadSchema(parameters.Schema!.Value, "schema") is { } schema ? new Action(parameters.Value!, schema) : null;

    private sealed class Action(JsonTemplate value, InputSchema schema) : PureAction
    {
        public override StepOutcome Evaluate(in NodeContext context)
        {
            var json = context.Render(value);
            var problems = schema.Validate(JsonText.ParseElement(json));
            if (problems.Count == 0)
            {
                return StepOutcome.By(ValidPort, json);
            }

            return context.Node.IsWired(InvalidPort)
                ? StepOutcome.By(InvalidPort, Output(json, problems))
                : StepOutcome.Failed(
                    StepErrorCodes.ValueInvalid,
                    "The value does not fit its schema: " + string.Join("; ", problems.Take(ProblemsNamed).Select(problem => $"{problem.Pointer} {problem.Message}")) + ".");
        }

        private static byte[] Output(ReadOnlyMemory<byte> json, IReadOnlyList<InputProblem> problems)
        {
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            writer.WritePropertyName("value"u8);
            writer.WriteRawValue(json.Span, skipInputValidation: true);
            writer.WriteStartArray("problems"u8);
            foreach (var problem in problems)
            {
                writer.WriteStartObject();
                writer.WriteString("pointer"u8, problem.Pointer);
                writer.WriteString("keyword"u8, problem.Keyword);
                writer.WriteString("message"u8, problem.Message);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            return buffer.ToJson();
        }
    }
}
