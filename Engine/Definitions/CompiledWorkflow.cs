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
        CompiledNode[] nodes,
        FrozenDictionary<string, int> ordinals,
        CompiledTrigger[] triggers,
        JsonTemplate? output,
        JsonataExpression? concurrencyKey,
        InputSchema? inputSchema,
        IReadOnlyList<ExpressionUse> uses)
    {
        Definition = definition;
        Nodes = nodes;
        Triggers = triggers;
        Output = output;
        ConcurrencyKey = concurrencyKey;
        _ordinals = ordinals;
        _inputSchema = inputSchema;
        UsesContext = uses.Any(use => use.Reads(ScopeNames.Context));
        UsesVariables = uses.Any(use => use.Reads(ScopeNames.Variables));
        SecretNames = uses.Where(use => use.MaySeeSecrets)
            .SelectMany(use => use.References)
            .Where(reference => reference.Path is [ScopeNames.Secrets, _, ..])
            .Select(reference => reference.Path[1])
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        Starts = nodes.Where(node => node.Incoming.Length == 0).Select(node => node.Ordinal).ToArray();
    }

    /// <summary>The definition as written.</summary>
    public WorkflowDefinition Definition { get; }

    public WorkflowSettings Settings => Definition.Settings;

    /// <summary>By ordinal, in the order of the definition.</summary>
    public IReadOnlyList<CompiledNode> Nodes { get; }

    public IReadOnlyList<CompiledTrigger> Triggers { get; }

    /// <summary>Some expression reads <c>context</c>: <see cref="Executions.ExecutionFacts.Context"/> has to be there.</summary>
    public bool UsesContext { get; }

    /// <summary>Some expression reads <c>vars</c>: <see cref="Executions.ExecutionFacts.Variables"/> has to be there.</summary>
    public bool UsesVariables { get; }

    /// <summary>The secrets that parameters read, each once: <see cref="Executions.ExecutionFacts.Secrets"/> has to have them.</summary>
    public IReadOnlyList<string> SecretNames { get; }

    internal JsonTemplate? Output { get; }

    internal JsonataExpression? ConcurrencyKey { get; }

    /// <summary>The nodes without incoming edges.</summary>
    internal int[] Starts { get; }

    /// <summary>Validates a definition and compiles it; with problems, all of them are in <paramref name="problems"/>.</summary>
    public static bool TryCompile(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out CompiledWorkflow? workflow,
        out IReadOnlyList<DefinitionProblem> problems) =>
        new WorkflowCompiler().TryCompile(utf8Json, out workflow, out problems);

    /// <summary>The ordinal of a node; -1 when there is no such node.</summary>
    public int OrdinalOf(string nodeId) => _ordinals.TryGetValue(nodeId, out var ordinal) ? ordinal : -1;

    /// <summary>What is wrong with an input; empty when it fits the definition's <c>parameters</c>, or there are none.</summary>
    public IReadOnlyList<InputProblem> ValidateInput(JsonElement input) => _inputSchema?.Validate(input) ?? [];

    /// <summary>
    /// The value among whose equals <c>settings.concurrency</c> limits; null when there is no key, or it yields nothing.
    /// </summary>
    /// <exception cref="JsonataException">The expression ended in an error.</exception>
    public string? EvaluateConcurrencyKey(ReadOnlyMemory<byte> input)
    {
        if (ConcurrencyKey is null)
        {
            return null;
        }

        var scope = new Dictionary<string, JsonataValue>(1) { ["input"] = JsonataValue.FromJson(input) };
        var value = ConcurrencyKey.Evaluate(JsonataValue.FromObject(scope));
        return value.TryGetString(out var text) ? text : value.IsUndefined ? null : value.ToString();
    }
}

/// <summary>A node by ordinals and compiled parameters.</summary>
public sealed class CompiledNode
{
    internal CompiledNode(
        int ordinal,
        NodeDefinition definition,
        NodeType type,
        NodeAction action,
        string[] ports,
        NodeEdge[] incoming,
        NodeEdge[] outgoing,
        object[] secretReaders)
    {
        Ordinal = ordinal;
        Definition = definition;
        Type = type;
        Action = action;
        Ports = ports;
        Incoming = incoming;
        Outgoing = outgoing;
        SecretReaders = secretReaders;
        IsRunOutside = action is EffectAction || (definition.Effect && action is PureAction);
        TimeoutSeconds = definition.TimeoutSeconds ?? action.TimeoutSeconds;
        Quorum = action.Quorum;
        ErrorPort = IsWired(NodePort.Error) ? PortOf(NodePort.Error) : -1;
    }

    public int Ordinal { get; }

    public string Id => Definition.Id;

    public NodeDefinition Definition { get; }

    public NodeType Type { get; }

    /// <summary>True when its runs go through <see cref="Executions.RunNode"/>.</summary>
    public bool IsRunOutside { get; }

    internal NodeAction Action { get; }

    internal string[] Ports { get; }

    /// <summary>Edges that lead here: where from, by which port of that node.</summary>
    internal NodeEdge[] Incoming { get; }

    /// <summary>Edges that leave: by which port of this node, where to.</summary>
    internal NodeEdge[] Outgoing { get; }

    /// <summary>The templates and expressions among its parameters that read secrets.</summary>
    internal object[] SecretReaders { get; }

    internal double? TimeoutSeconds { get; }

    internal int Quorum { get; }

    /// <summary>The port <c>error</c> when an edge leaves by it; -1 otherwise.</summary>
    internal int ErrorPort { get; }

    internal int PortOf(string name)
    {
        for (var port = 0; port < Ports.Length; port++)
        {
            if (ReferenceEquals(Ports[port], name) || Ports[port] == name)
            {
                return port;
            }
        }

        return -1;
    }

    internal bool IsWired(string portName)
    {
        var port = PortOf(portName);
        return port >= 0 && Array.Exists(Outgoing, edge => edge.Port == port);
    }
}

/// <summary>One end of an edge: the node at the other end, and the port of the node it leaves.</summary>
internal readonly record struct NodeEdge(int Node, int Port);

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
        var options = new JsonataOptions { Limits = EvaluationLimits.Expressions };
        try
        {
            return _condition.Evaluate(JsonataValue.FromObject(scope), options).ToBoolean()
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
