using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Workflows.Engine.Events;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Definitions;

/// <summary>
/// A validated definition, ready to run: immutable, shared by any number of threads, cheap to cache by version.
/// </summary>
public sealed class CompiledWorkflow
{
    private readonly FrozenDictionary<string, int> _ordinals;
    private readonly InputSchema? _inputSchema;

    internal CompiledWorkflow(
        WorkflowDefinition definition,
        CompiledGraph root,
        CompiledNode[] nodes,
        FrozenDictionary<string, int> ordinals,
        CompiledTrigger[] triggers,
        JsonataExpression? concurrencyKey,
        JsonataExpression? rateKey,
        InputSchema? inputSchema,
        IReadOnlyList<ExpressionUse> uses,
        IReadOnlyList<ResourceUse> resources,
        CustomNodeSet customNodes)
    {
        Definition = definition;
        Root = root;
        Nodes = nodes;
        Triggers = triggers;
        ConcurrencyKey = concurrencyKey;
        RateKey = rateKey;
        _ordinals = ordinals;
        _inputSchema = inputSchema;
        Uses = uses;
        Resources = resources;
        CustomNodes = customNodes;
        UsesContext = uses.Any(use => use.Reads(ScopeNames.Context));
        UsesVariables = uses.Any(use => use.Reads(ScopeNames.Variables));
        VariableNames = uses.SelectMany(use => use.References)
            .Where(reference => reference.Path is [ScopeNames.Variables, _, ..])
            .Select(reference => reference.Path[1])
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        SecretNames = uses.Where(use => use.MaySeeSecrets)
            .SelectMany(use => use.References)
            .Where(reference => reference.Path is [ScopeNames.Secrets, _, ..])
            .Select(reference => reference.Path[1])
            .Distinct(StringComparer.Ordinal)
            .ToArray();
    }

    /// <summary>The definition as written.</summary>
    public WorkflowDefinition Definition { get; }

    public WorkflowSettings Settings => Definition.Settings;

    /// <summary>By ordinal: the workflow's own nodes in the order of the definition, then those of each body.</summary>
    public IReadOnlyList<CompiledNode> Nodes { get; }

    public IReadOnlyList<CompiledTrigger> Triggers { get; }

    /// <summary>Some expression reads <c>context</c>: <see cref="Executions.ExecutionFacts.Context"/> has to be there.</summary>
    public bool UsesContext { get; }

    /// <summary>Some expression reads <c>vars</c>: <see cref="Executions.ExecutionFacts.Variables"/> has to be there.</summary>
    public bool UsesVariables { get; }

    /// <summary>The secrets that parameters read, each once: <see cref="Executions.ExecutionFacts.Secrets"/> has to have them.</summary>
    public IReadOnlyList<string> SecretNames { get; }

    /// <summary>The variables that expressions read by a name written out, such as <c>vars.limit</c>.</summary>
    public IReadOnlyList<string> VariableNames { get; }

    /// <summary>The connectors and custom nodes that nodes name, to be compared with what the tenant has (<see cref="ResourceUse.FindMissing"/>).</summary>
    public IReadOnlyList<ResourceUse> Resources { get; }

    /// <summary>
    /// What a definition may not have when it is saved, and keeps when it was published before that was known.
    /// </summary>
    public IReadOnlyList<DefinitionProblem> Objections { get; init; } = [];

    internal IReadOnlyList<ExpressionUse> Uses { get; }

    internal CompiledGraph Root { get; }

    internal JsonataExpression? ConcurrencyKey { get; }

    internal JsonataExpression? RateKey { get; }

    /// <summary>Of the custom nodes it was compiled with, those that nodes are of.</summary>
    public CustomNodeSet CustomNodes { get; }

    /// <summary>Validates a definition and compiles it; with problems, all of them are in <paramref name="problems"/>. What its custom nodes do is left open.</summary>
    public static bool TryCompile(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out CompiledWorkflow? workflow,
        out IReadOnlyList<DefinitionProblem> problems) =>
        TryCompile(utf8Json, CustomNodeSet.Empty, out workflow, out problems);

    /// <summary>The same with custom nodes as they are in <paramref name="customNodes"/>; one that is not there is left open.</summary>
    public static bool TryCompile(
        ReadOnlyMemory<byte> utf8Json,
        CustomNodeSet customNodes,
        [NotNullWhen(true)] out CompiledWorkflow? workflow,
        out IReadOnlyList<DefinitionProblem> problems) =>
        new WorkflowCompiler(customNodes, isNew: false).TryCompile(utf8Json, out workflow, out problems);

    /// <summary>
    /// The same for a definition that is about to be saved: refuses also what releases before this one let pass,
    /// which what they
    /// published may therefore hold.
    /// </summary>
    public static bool TryAccept(
        ReadOnlyMemory<byte> utf8Json,
        CustomNodeSet customNodes,
        [NotNullWhen(true)] out CompiledWorkflow? workflow,
        out IReadOnlyList<DefinitionProblem> problems) =>
        new WorkflowCompiler(customNodes, isNew: true).TryCompile(utf8Json, out workflow, out problems);

    /// <summary>The ordinal of a node; -1 when there is no such node.</summary>
    public int OrdinalOf(string nodeId) => _ordinals.TryGetValue(nodeId, out var ordinal) ? ordinal : -1;

    /// <summary>
    /// A node, all that its edges lead to, and the bodies of the loops among them: what runs again when it does. A node of a body stands for its outermost loop, since
    /// only whole loops are repeated. Empty when there is no such node.
    /// </summary>
    public IReadOnlySet<string> DescendantsOf(string nodeId)
    {
        var start = OrdinalOf(nodeId);
        while (start >= 0 && Nodes[start].Graph.Loop >= 0)
        {
            start = Nodes[start].Graph.Loop;
        }

        var found = new HashSet<string>();
        var next = new Queue<int>(start >= 0 ? [start] : []);
        while (next.TryDequeue(out var ordinal))
        {
            var node = Nodes[ordinal];
            if (!found.Add(node.Id))
            {
                continue;
            }

            Array.ForEach(node.Outgoing, edge => next.Enqueue(edge.Node));
            for (var inner = 0; inner < node.Body?.Count; inner++)
            {
                next.Enqueue(node.Body.First + inner);
            }
        }

        return found;
    }

    /// <summary>What the calls of the one-time address of this node are checked by; null when it asks for no signature, or is no such node.</summary>
    public WebhookTrigger? CallbackSignatureOf(string nodeId) =>
        OrdinalOf(nodeId) is >= 0 and var ordinal && Nodes[ordinal].Action is WaitForWebhookAction action ? action.Signature : null;

    /// <summary>What is wrong with an input; empty when it fits the definition's <c>parameters</c>, or there are none.</summary>
    public IReadOnlyList<InputProblem> ValidateInput(JsonElement input) => _inputSchema?.Validate(input) ?? [];

    /// <summary>What is wrong with a template of an input whatever its expressions yield.</summary>
    internal IReadOnlyList<InputProblem> ValidateConstants(JsonElement template) => _inputSchema?.ValidateConstants(template) ?? [];

    /// <summary>
    /// The value among whose equals <c>settings.concurrency</c> limits; null when there is no key, or it yields nothing.
    /// </summary>
    /// <exception cref="JsonataException">The expression ended in an error.</exception>
    public string? EvaluateConcurrencyKey(ReadOnlyMemory<byte> input) => Evaluate(ConcurrencyKey, input);

    /// <summary>The same for <c>settings.rateLimit</c>.</summary>
    /// <exception cref="JsonataException">The expression ended in an error.</exception>
    public string? EvaluateRateKey(ReadOnlyMemory<byte> input) => Evaluate(RateKey, input);

    /// <summary>The same workflow with other nodes at the same places.</summary>
    internal CompiledWorkflow With(WorkflowDefinition definition, CompiledGraph root, CompiledNode[] nodes) => new(
        definition, root, nodes, _ordinals, [.. Triggers], ConcurrencyKey, RateKey, _inputSchema, Uses, Resources,
        CustomNodes)
    {
        Objections = Objections,
    };

    private static string? Evaluate(JsonataExpression? key, ReadOnlyMemory<byte> input)
    {
        if (key is null)
        {
            return null;
        }

        var scope = new Dictionary<string, JsonataValue>(1) { ["input"] = JsonataValue.FromJson(input) };
        var value = key.Evaluate(JsonataValue.FromObject(scope), EvaluationLimits.SmallOptions);
        return value.TryGetString(out var text) ? text : value.IsUndefined ? null : value.ToString();
    }
}

/// <summary>What starts an execution, compiled.</summary>
public sealed class CompiledTrigger
{
    private readonly JsonataExpression? _condition;

    internal CompiledTrigger(TriggerDefinition definition, EventTypePattern eventType, JsonataExpression? condition)
    {
        Definition = definition;
        EventType = eventType;
        _condition = condition;
    }

    public TriggerDefinition Definition { get; }

    public string Id => Definition.Id;

    public TriggerType Type => Definition.Type;

    /// <summary>Which event types start it; the empty pattern for a manual trigger.</summary>
    public EventTypePattern EventType { get; }

    /// <summary>Whether an event starts an execution, and if not, why.</summary>
    public TriggerMatch Match(CloudEvent cloudEvent, ReadOnlyMemory<byte> structuredJson)
    {
        if (Type != TriggerType.Event || !EventType.Matches(cloudEvent.Type))
        {
            return TriggerMatch.OtherType;
        }

        if (_condition is null)
        {
            return TriggerMatch.Matched;
        }

        var scope = new Dictionary<string, JsonataValue>(1) { ["event"] = JsonataValue.FromJson(structuredJson) };
        try
        {
            return _condition.Evaluate(JsonataValue.FromObject(scope), EvaluationLimits.SmallOptions).ToBoolean()
                ? TriggerMatch.Matched
                : TriggerMatch.ConditionFalse;
        }
        catch (JsonataException exception)
        {
            return new TriggerMatch(TriggerMatchKind.ConditionFailed, exception.Error.ToString());
        }
    }
}

public enum TriggerMatchKind
{
    Matched,
    OtherType,
    ConditionFalse,

    /// <summary>The condition ended in an error: counts as no match, and <see cref="TriggerMatch.Reason"/> says why.</summary>
    ConditionFailed,
}

/// <summary>The answer of a trigger to an event.</summary>
public readonly record struct TriggerMatch(TriggerMatchKind Kind, string? Reason)
{
    public static TriggerMatch Matched { get; } = new(TriggerMatchKind.Matched, null);

    public static TriggerMatch OtherType { get; } = new(TriggerMatchKind.OtherType, null);

    public static TriggerMatch ConditionFalse { get; } = new(TriggerMatchKind.ConditionFalse, null);

    public bool IsMatch => Kind == TriggerMatchKind.Matched;
}
