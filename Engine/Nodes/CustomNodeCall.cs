using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Nodes;

/// <summary>
/// What nodes of a custom type do: an HTTP call whose parameters are templates over <c>input</c>, the node's own parameters; or an execution of another workflow,
/// with the node's parameters as its input, that the node waits for. It is compiled as a workflow of one <c>http</c> or <c>subworkflow</c> node, so that it obeys
/// all rules and limits of one. Immutable, shared by any number of threads.
/// </summary>
public sealed class CustomNodeCall
{
    private const string NodeParameters = "/nodes/0/parameters";
    private const string Implementation = "/implementation";

    private readonly CompiledWorkflow _workflow;

    private CustomNodeCall(CompiledWorkflow workflow, string? named)
    {
        _workflow = workflow;
        Workflow = named;
        Resources = [.. workflow.Resources.Select(use => use with { Pointer = Place(use.Pointer) })];
    }

    /// <summary>The connector it names, if any.</summary>
    public IReadOnlyList<ResourceUse> Resources { get; }

    /// <summary>The workflow it runs, as it is written: its id, or its name. Null for an HTTP call.</summary>
    public string? Workflow { get; }

    internal double? TimeoutSeconds => _workflow.Nodes[0].TimeoutSeconds;

    /// <summary>Reads a custom node; with problems, their pointers begin with <c>/schema</c> or <c>/implementation</c>.</summary>
    /// <param name="schema">The JSON Schema of the parameters.</param>
    /// <param name="implementation">
    /// <c>{"type": "http", ...}</c> with the parameters of an http node, or <c>{"type": "workflow", "workflow": "ID or name", "timeoutSeconds": 60}</c>.
    /// </param>
    public static bool TryCompile(
        JsonElement schema,
        JsonElement implementation,
        [NotNullWhen(true)] out CustomNodeCall? call,
        out IReadOnlyList<DefinitionProblem> problems) =>
        TryCompile(schema, implementation, isNew: false, out call, out problems);

    /// <summary>
    /// The same for a custom node that is about to be saved, see <see cref="CompiledWorkflow.TryAccept"/>.
    /// </summary>
    public static bool TryAccept(
        JsonElement schema,
        JsonElement implementation,
        [NotNullWhen(true)] out CustomNodeCall? call,
        out IReadOnlyList<DefinitionProblem> problems) =>
        TryCompile(schema, implementation, isNew: true, out call, out problems);

    private static bool TryCompile(
        JsonElement schema,
        JsonElement implementation,
        bool isNew,
        [NotNullWhen(true)] out CustomNodeCall? call,
        out IReadOnlyList<DefinitionProblem> problems)
    {
        call = null;
        problems = CheckType(implementation) is { } wrong ? [wrong] : IsWorkflow(implementation) ? CheckWorkflow(implementation) : [];
        if (problems.Count > 0)
        {
            return false;
        }

        var wrapped = Wrap(schema, implementation);
        if (!(isNew
            ? CompiledWorkflow.TryAccept(wrapped, CustomNodeSet.Empty, out var workflow, out var found)
            : CompiledWorkflow.TryCompile(wrapped, out workflow, out found)))
        {
            problems = [.. found.Select(problem => problem with { Pointer = Place(problem.Pointer) })];
            return false;
        }

        problems = [.. workflow.Uses.Where(ReadsBeyondInput).Select(use => new DefinitionProblem(
            Place(use.Pointer), DefinitionProblemCodes.ExpressionNameUnknown, "A custom node reads `input`, its parameters, and nothing else.",
            "Make it a parameter of the custom node, and credentials part of a connector."))];
        call = problems.Count == 0
            ? new CustomNodeCall(workflow, IsWorkflow(implementation) ? implementation.GetProperty("workflow").GetString() : null)
            : null;
        return call is not null;
    }

    /// <summary>
    /// The run of an http node that a run of the custom node is; false when its parameters do not fit the schema, or yield no call. Every attempt has
    /// the same idempotency key, which is the custom node's.
    /// </summary>
    public bool TryPrepare(NodeRun run, Guid tenantId, DateTimeOffset now, [NotNullWhen(true)] out NodeRun? http, [NotNullWhen(false)] out StepError? error)
    {
        var decision = Begin(run.Type, run.Parameters, run.IdempotencyKey, FactsFor(tenantId), now, out error);
        http = decision is RunNode { Run: { } inner }
            ? run with { Type = inner.Type, Parameters = inner.Parameters, TimeoutSeconds = run.TimeoutSeconds ?? inner.TimeoutSeconds }
            : null;
        return http is not null;
    }

    internal static bool IsWorkflow(JsonElement implementation) =>
        implementation.ValueKind == JsonValueKind.Object && implementation.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String && type.ValueEquals("workflow");

    /// <summary>Reports what of a node's parameters breaks the schema whatever its expressions yield; those are checked when the node runs.</summary>
    internal void CheckConstants(NodeCompilation node)
    {
        var parameters = node.Parameters.ValueKind == JsonValueKind.Object ? node.Parameters : JsonElement.Parse("{}"u8);
        foreach (var problem in _workflow.ValidateConstants(parameters))
        {
            var code = problem.Keyword switch
            {
                "required" => DefinitionProblemCodes.ParameterMissing,
                "type" => DefinitionProblemCodes.ParameterType,
                "additionalProperties" or "false" => DefinitionProblemCodes.ParameterUnknown,
                _ => DefinitionProblemCodes.ParameterValue,
            };
            node.Problems.Add(
                node.ParametersPointer + problem.Pointer, code, $"The parameters do not fit '{node.Definition.Type}': {problem.Pointer} {problem.Message}.",
                $"Make it fit the schema of the custom node '{CustomNodes.NameOf(node.Definition.Type)}'.");
        }
    }

    /// <summary>The parameters of the http call.</summary>
    internal ReadOnlyMemory<byte> Render(string type, ReadOnlyMemory<byte> parameters, in NodeContext context) =>
        Begin(type, parameters, KeyOf(context), context.State.Facts, context.Now, out var error) is RunNode { Run: { } inner }
            ? inner.Parameters
            : throw new StepException(error!);

    /// <summary>The wait for the execution of the workflow; the node's own <c>timeoutSeconds</c> comes before that of the custom node.</summary>
    internal WaitSpec? Open(string type, ReadOnlyMemory<byte> parameters, in NodeContext context, out StepOutcome outcome)
    {
        outcome = default;
        if (Begin(type, parameters, KeyOf(context), context.State.Facts, context.Now, out var error) is not OpenWait { Wait: { } inner })
        {
            outcome = new StepOutcome("", default, error);
            return null;
        }

        return inner with
        {
            Ordinal = context.Node.Ordinal,
            NodeId = context.Node.Id,
            Iteration = context.Frame.Iteration,
            Attempt = context.Attempt,
            DueAt = context.Node.TimeoutSeconds is { } seconds ? context.Now.AddSeconds(seconds) : inner.DueAt,
        };
    }

    internal StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
        ((WaitAction)_workflow.Nodes[0].Action).Resolve(context, outcome, payload);

    // What the one node does: a run or a wait; null = it failed, and why.
    private Decision? Begin(
        string type, ReadOnlyMemory<byte> parameters, string key, ExecutionFacts caller, DateTimeOffset now, out StepError? error)
    {
        error = null;
        var input = JsonText.ParseElement(parameters);
        var invalid = _workflow.ValidateInput(input);
        if (invalid.Count > 0)
        {
            error = new StepError(
                StepErrorCodes.ParameterInvalid,
                $"The parameters do not fit '{type}': {string.Join("; ", invalid.Take(5).Select(problem => $"{problem.Pointer} {problem.Message}".TrimStart()))}.");
            return null;
        }

        var state = new ExecutionState(_workflow, new ExecutionFacts
        {
            ExecutionId = new Guid(SHA256.HashData(Encoding.ASCII.GetBytes(key)).AsSpan(0, 16)), // two nodes draw different random numbers
            TenantId = caller.TenantId,
            WorkflowId = Guid.Empty,
            Version = 1,
            Input = parameters,
            TriggerType = "manual",
            Depth = caller.Depth,
            EventHops = caller.EventHops,
            CreatedAt = now,
        });
        var decisions = new List<Decision>();
        Decider.Start(state, now, decisions);
        if (decisions.Find(decision => decision is RunNode or OpenWait) is { } begun)
        {
            return begun;
        }

        var failed = decisions.OfType<FailExecution>().Single().Error;
        error = new StepError(failed.Code, failed.Message);
        return null;
    }

    private static ExecutionFacts FactsFor(Guid tenantId) => new()
    {
        ExecutionId = Guid.Empty,
        TenantId = tenantId,
        WorkflowId = Guid.Empty,
        Version = 1,
        TriggerType = "manual",
        CreatedAt = default,
    };

    private static string KeyOf(in NodeContext context) =>
        StepNames.Of(context.State.Facts.ExecutionId, context.Node.Id, context.Frame.Iteration, context.State.UndoneRun);

    private static DefinitionProblem? CheckType(JsonElement implementation)
    {
        if (implementation.ValueKind != JsonValueKind.Object || !implementation.TryGetProperty("type", out var type))
        {
            return new DefinitionProblem(
                $"{Implementation}/type", DefinitionProblemCodes.FieldMissing, "The field 'type' is missing.", "Write {\"type\": \"http\", \"url\": ...}.");
        }

        return type.ValueKind == JsonValueKind.String && (type.ValueEquals("http") || type.ValueEquals("workflow"))
            ? null
            : new DefinitionProblem(
                $"{Implementation}/type",
                DefinitionProblemCodes.FieldValue,
                "A custom node is an HTTP call or a workflow.",
                "Write http or workflow.");
    }

    // The workflow is one for all nodes of the type: who may change what a custom node does is not whoever writes its parameters.
    private static List<DefinitionProblem> CheckWorkflow(JsonElement implementation)
    {
        var problems = new List<DefinitionProblem>();
        foreach (var member in implementation.EnumerateObject().Where(member => member.Name is not ("type" or "workflow" or "timeoutSeconds")))
        {
            problems.Add(new DefinitionProblem(
                ProblemList.Append(Implementation, member.Name), DefinitionProblemCodes.FieldUnknown, $"There is no field '{member.Name}'.",
                "A workflow has 'workflow' and 'timeoutSeconds'; its input is the node's parameters."));
        }

        if (implementation.TryGetProperty("workflow", out var workflow)
            && (workflow.ValueKind != JsonValueKind.String || workflow.GetString()!.Contains("{{", StringComparison.Ordinal)))
        {
            problems.Add(new DefinitionProblem(
                $"{Implementation}/workflow", DefinitionProblemCodes.FieldValue, "Which workflow it is cannot depend on the parameters.", "Write the id or the name of a workflow."));
        }

        return problems;
    }

    private static ReadOnlyMemory<byte> Wrap(JsonElement schema, JsonElement implementation)
    {
        var isWorkflow = IsWorkflow(implementation);
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
            writer.WriteString("type"u8, isWorkflow ? "subworkflow"u8 : "http"u8);
            writer.WriteStartObject("parameters"u8);
            foreach (var member in implementation.EnumerateObject().Where(member => member.Name != "type"))
            {
                member.WriteTo(writer);
            }

            if (isWorkflow)
            {
                writer.WriteString("input"u8, "{{ input }}"u8);
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
