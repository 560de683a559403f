using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>No parameter is fixed: which there are says the custom node's JSON Schema.</summary>
internal sealed record CustomParameters;

/// <summary>
/// A node type of a tenant's own. What nodes of it do comes from the version of the workflow, which keeps the custom nodes it uses as they were when it was
/// saved (<see cref="CustomNodeSet"/>). Without it a definition is compiled all the same: that the type exists is for whoever sees the tenant's rows to check
/// (<see cref="CompiledWorkflow.Resources"/>), and what it does is then looked up when the node runs.
/// </summary>
internal sealed class CustomNode : NodeType
{
    private readonly CustomNodeDefinition? _definition;
    private readonly CustomNodeCall? _call;
    private readonly DefinitionProblem? _problem;

    private CustomNode(string name, CustomNodeDefinition? definition, CustomNodeCall? call, DefinitionProblem? problem)
        : base(
            CustomNodes.Prefix + name,
            "custom",
            IsWorkflow(definition) ? NodeEffect.Wait : NodeEffect.Effect,
            definition?.Description ?? "",
            typeof(CustomParameters),
            NodePort.MainPort,
            NodePort.ErrorPort)
    {
        (_definition, _call, _problem) = (definition, call, problem);
        Parameters = definition is null ? [] : Read(definition.Schema);
    }

    public override string OutputSummary => IsWorkflow(_definition)
        ? "The output of the workflow's execution, as `subworkflow` has it."
        : "`{\"status\": 200, \"headers\": {...}, \"body\": ...}`, as `http` has it.";

    public override IReadOnlyList<NodeParameter> Parameters { get; }

    public override void WriteParameterSchema(Utf8JsonWriter writer) => _definition!.Schema.WriteTo(writer);

    /// <summary>A type of which only the name is known.</summary>
    public static CustomNode Named(string name) => new(name, null, null, null);

    public static CustomNode Of(CustomNodeDefinition definition) =>
        CustomNodeCall.TryCompile(definition.Schema, definition.Implementation, out var call, out var problems)
            ? new CustomNode(definition.Name, definition, call, null)
            : new CustomNode(definition.Name, definition, null, problems[0]);

    // The parameters go to a call whose author may put them anywhere, so they never see secrets: credentials come from the connector.
    internal override NodeAction? Compile(NodeCompilation node)
    {
        if (_problem is not null)
        {
            return node.Reject(
                "",
                DefinitionProblemCodes.NodeTypeUnknown,
                $"The custom node '{_definition!.Name}' cannot be run by this release: {_problem.Pointer} {_problem.Message}",
                "Correct the custom node.");
        }

        JsonTemplate? parameters = null;
        if (node.Parameters.ValueKind == JsonValueKind.Object && (parameters = node.CompileTemplate(node.Parameters, node.ParametersPointer)) is null)
        {
            return null;
        }

        _call?.CheckConstants(node);
        return _call switch
        {
            null => new UnresolvedAction(parameters),
            { Workflow: null } => new HttpAction(parameters, _call, Name),
            _ => new WorkflowAction(parameters, _call, Name),
        };
    }

    private static bool IsWorkflow(CustomNodeDefinition? definition) => definition is not null && CustomNodeCall.IsWorkflow(definition.Implementation);

    private static ReadOnlyMemory<byte> Render(JsonTemplate? parameters, in NodeContext context) =>
        parameters is null ? "{}"u8.ToArray() : context.Render(parameters);

    private static NodeParameter[] Read(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties))
        {
            return [];
        }

        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!).ToHashSet() : [];
        return [.. properties.EnumerateObject().Select(property => new NodeParameter(
            property.Name, KindOf(property.Value), required.Contains(property.Name), Templated: true, Text(property.Value, "description"),
            DefaultJson: null, Example: null, Choices: [], Min: null, Max: null, MaxLength: null, Fields: [], Secret: false))];
    }

    private static ParameterKind KindOf(JsonElement schema) => Text(schema, "type") switch
    {
        "string" => ParameterKind.Text,
        "integer" => ParameterKind.Integer,
        "number" => ParameterKind.Number,
        "boolean" => ParameterKind.Boolean,
        "object" => ParameterKind.Object,
        _ => ParameterKind.Json,
    };

    private static string Text(JsonElement schema, string keyword) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(keyword, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    /// <summary>What the type does is looked up by the runner.</summary>
    private sealed class UnresolvedAction(JsonTemplate? parameters) : EffectAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context) => CustomNode.Render(parameters, context);
    }

    private sealed class HttpAction(JsonTemplate? parameters, CustomNodeCall call, string type) : EffectAction
    {
        public override string Runner => "http";

        public override double? TimeoutSeconds => call.TimeoutSeconds;

        public override ReadOnlyMemory<byte> Render(in NodeContext context) => call.Render(type, CustomNode.Render(parameters, context), context);
    }

    private sealed class WorkflowAction(JsonTemplate? parameters, CustomNodeCall call, string type) : WaitAction
    {
        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome) =>
            call.Open(type, CustomNode.Render(parameters, context), context, out outcome);

        public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
            call.Resolve(context, outcome, payload);
    }
}
