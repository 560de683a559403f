using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Nodes;

/// <summary>
/// What nodes of a custom type do: an HTTP call whose parameters are templates over <c>input</c>, the node's own parameters. It is compiled as a
/// workflow of one <c>http</c> node, so that it obeys all rules and limits of one. Immutable, shared by any number of threads.
/// </summary>
public sealed class CustomNodeCall
{
    private const string NodeParameters = "/nodes/0/parameters";
    private const string Implementation = "/implementation";

    private readonly CompiledWorkflow _workflow;

    private CustomNodeCall(CompiledWorkflow workflow)
    {
        _workflow = workflow;
        Resources = [.. workflow.Resources.Select(use => use with { Pointer = Place(use.Pointer) })];
    }

    /// <summary>The connector it names, if any.</summary>
    public IReadOnlyList<ResourceUse> Resources { get; }

    /// <summary>Reads a custom node; with problems, their pointers begin with <c>/schema</c> or <c>/implementation</c>.</summary>
    /// <param name="schema">The JSON Schema of the parameters.</param>
    /// <param name="implementation"><c>{"type": "http", ...}</c> with the parameters of an http node.</param>
    public static bool TryCompile(
        JsonElement schema, JsonElement implementation, [NotNullWhen(true)] out CustomNodeCall? call, out IReadOnlyList<DefinitionProblem> problems)
    {
        call = null;
        if (CheckType(implementation) is { } wrong)
        {
            problems = [wrong];
            return false;
        }

        if (!CompiledWorkflow.TryCompile(Workflow(schema, implementation), out var workflow, out var found))
        {
            problems = [.. found.Select(problem => problem with { Pointer = Place(problem.Pointer) })];
            return false;
        }

        problems = [.. workflow.Uses.Where(ReadsBeyondInput).Select(use => new DefinitionProblem(
            Place(use.Pointer), DefinitionProblemCodes.ExpressionNameUnknown, "A custom node reads `input`, its parameters, and nothing else.",
            "Make it a parameter of the custom node, and credentials part of a connector."))];
        call = problems.Count == 0 ? new CustomNodeCall(workflow) : null;
        return call is not null;
    }

    /// <summary>
    /// The run of an http node that a run of the custom node is; false when its parameters do not fit the schema, or yield no call. Every attempt has
    /// the same idempotency key, which is the custom node's.
    /// </summary>
    public bool TryPrepare(NodeRun run, Guid tenantId, DateTimeOffset now, [NotNullWhen(true)] out NodeRun? http, [NotNullWhen(false)] out StepError? error)
    {
        (http, error) = (null, null);
        var input = JsonElement.Parse(run.Parameters.Span, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
        var invalid = _workflow.ValidateInput(input);
        if (invalid.Count > 0)
        {
            error = new StepError(
                StepErrorCodes.ParameterInvalid,
                $"The parameters do not fit '{run.Type}': {string.Join("; ", invalid.Take(5).Select(problem => $"{problem.Pointer} {problem.Message}".TrimStart()))}.");
            return false;
        }

        var state = new ExecutionState(_workflow, new ExecutionFacts
        {
            ExecutionId = new Guid(SHA256.HashData(Encoding.ASCII.GetBytes(run.IdempotencyKey)).AsSpan(0, 16)), // two nodes draw different random numbers
            TenantId = tenantId,
            WorkflowId = Guid.Empty,
            Version = 1,
            Input = run.Parameters,
            TriggerType = "manual",
            CreatedAt = now,
        });
        var decisions = new List<Decision>();
        Decider.Start(state, now, decisions);
        if (decisions.OfType<RunNode>().FirstOrDefault() is { Run: { } inner })
        {
            http = run with { Type = inner.Type, Parameters = inner.Parameters, TimeoutSeconds = run.TimeoutSeconds ?? inner.TimeoutSeconds };
            return true;
        }

        var failed = decisions.OfType<FailExecution>().Single().Error;
        error = new StepError(failed.Code, failed.Message);
        return false;
    }

    private static DefinitionProblem? CheckType(JsonElement implementation)
    {
        if (implementation.ValueKind != JsonValueKind.Object || !implementation.TryGetProperty("type", out var type))
        {
            return new DefinitionProblem(
                $"{Implementation}/type", DefinitionProblemCodes.FieldMissing, "The field 'type' is missing.", "Write {\"type\": \"http\", \"url\": ...}.");
        }

        return type.ValueKind == JsonValueKind.String && type.ValueEquals("http")
            ? null
            : new DefinitionProblem(
                $"{Implementation}/type",
                DefinitionProblemCodes.FieldValue,
                "A custom node is an HTTP call: its 'type' is http.",
                "To run another workflow use a subworkflow node in its place.");
    }

    private static ReadOnlyMemory<byte> Workflow(JsonElement schema, JsonElement implementation)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schema"u8, 1);
            writer.WritePropertyName("parameters"u8);
            schema.WriteTo(writer);
            writer.WriteStartArray("nodes"u8);
            writer.WriteStartObject();
            writer.WriteString("id"u8, "call"u8);
            writer.WriteString("type"u8, "http"u8);
            writer.WriteStartObject("parameters"u8);
            foreach (var member in implementation.EnumerateObject().Where(member => member.Name != "type"))
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static bool ReadsBeyondInput(ExpressionUse use) => use.References.Any(reference => reference.Path is not [ScopeNames.Input, ..]);

    private static string Place(string pointer) =>
        pointer.StartsWith(NodeParameters, StringComparison.Ordinal) ? Implementation + pointer[NodeParameters.Length..]
        : pointer.StartsWith("/parameters", StringComparison.Ordinal) ? "/schema" + pointer["/parameters".Length..]
        : Implementation;
}
