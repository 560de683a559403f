using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Workflows.Engine.Events;
using Workflows.Engine.Nodes;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>
/// Text to <see cref="CompiledWorkflow"/>, with every problem on the way: each phase reports what it finds and leaves to the next
/// what it can still judge. One instance compiles one definition.
/// </summary>
internal sealed class WorkflowCompiler
{
    private readonly ProblemList _problems = new();
    private readonly ExpressionCompiler _expressions;

    public WorkflowCompiler() => _expressions = new ExpressionCompiler(_problems);

    public bool TryCompile(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out CompiledWorkflow? workflow,
        out IReadOnlyList<DefinitionProblem> problems)
    {
        workflow = TryParse(utf8Json, out var root) && new DefinitionReader(_problems).Read(root) is { } definition
            ? Compile(definition)
            : null;
        problems = _problems.Problems;
        return workflow is not null;
    }

    private bool TryParse(ReadOnlyMemory<byte> utf8Json, out JsonElement root)
    {
        root = default;
        if (utf8Json.Length > Limits.DefinitionBytes)
        {
            _problems.Add(
                "",
                TooLarge,
                $"The definition has {utf8Json.Length} bytes.",
                $"At most {Limits.DefinitionBytes} are allowed; divide it into sub-workflows.");
            return false;
        }

        if (JsonText.FindTextProblem(utf8Json.Span) is { } textProblem)
        {
            _problems.Add(
                "", NotStorable, $"The definition cannot be stored: {textProblem}.", "Remove or replace the character.");
            return false;
        }

        try
        {
            root = JsonElement.Parse(
                utf8Json.Span, new JsonDocumentOptions { MaxDepth = Limits.DefinitionDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException exception)
        {
            var isDeep = JsonText.IsDeeperThan(Limits.DefinitionDepth, utf8Json.Span);
            _problems.Add(
                "",
                isDeep ? TooLarge : NotJson,
                $"The definition is not JSON that can be read: {JsonText.Describe(exception)}",
                isDeep ? $"At most {Limits.DefinitionDepth} levels are allowed." : "Correct the text at this place.");
            return false;
        }

        if (JsonText.FindProblem(utf8Json.Span, Limits.DefinitionDepth) is not { } problem)
        {
            return true;
        }

        _problems.Add("", NotStorable, $"The definition cannot be stored: {problem}.", "Write the number in full, or as text.");
        return false;
    }

    private CompiledWorkflow? Compile(WorkflowDefinition definition)
    {
        var ordinals = NumberNodes(definition.Nodes);
        var types = new NodeType?[definition.Nodes.Count];
        var actions = new NodeAction?[definition.Nodes.Count];
        var secretReaders = new object[definition.Nodes.Count][];
        for (var ordinal = 0; ordinal < definition.Nodes.Count && !_problems.IsFull; ordinal++)
        {
            (types[ordinal], actions[ordinal], secretReaders[ordinal]) = CompileNode(definition.Nodes[ordinal], ordinal);
        }

        var ports = PortsOf(types, actions);
        var edges = new EdgeCompiler(definition, types, actions, ports, ordinals, _problems);
        var graph = new Graph(definition.Nodes.Count, edges.Compile());
        edges.Incomplete.UnionWith(Enumerable.Range(0, definition.Nodes.Count)
            .Where(node => !ordinals.TryGetValue(definition.Nodes[node].Id, out var known) || known != node));
        var order = new GraphChecker(definition, types, actions, graph, edges.Incomplete, _problems).Check();

        var triggers = CompileTriggers(definition.Triggers);
        var output = definition.Output is { } json
            ? _expressions.Template(json, "/output", node: -1, ExpressionScope.Output)
            : null;
        var key = definition.Settings.Concurrency?.Key is { } keySource
            ? _expressions.Expression(keySource, "/settings/concurrency/key", node: -1, ExpressionScope.Admission)
            : null;
        new ReferenceChecker(definition, ordinals, graph, order, _problems).Check(_expressions.Uses);
        var schema = definition.Parameters is { } parameters
            ? InputSchemaReader.Read(parameters, "/parameters", _problems)
            : null;

        return _problems.IsEmpty
            ? new CompiledWorkflow(
                definition,
                CompileNodes(definition, types, actions, ports, graph, secretReaders),
                ordinals.ToFrozenDictionary(StringComparer.Ordinal),
                triggers,
                output,
                key,
                schema,
                _expressions.Uses)
            : null;
    }

    private Dictionary<string, int> NumberNodes(IReadOnlyList<NodeDefinition> nodes)
    {
        var ordinals = new Dictionary<string, int>(nodes.Count, StringComparer.Ordinal);
        for (var ordinal = 0; ordinal < nodes.Count; ordinal++)
        {
            var id = nodes[ordinal].Id;
            if (id.Length == 0)
            {
                continue; // reported as missing
            }

            if (!NodeIds.IsValid(id))
            {
                _problems.Add(
                    $"/nodes/{ordinal}/id",
                    NodeIdInvalid,
                    $"'{(id.Length <= 100 ? id : id[..100] + "…")}' cannot be a node id.",
                    $"Begin with a letter; use letters, digits, '_' and '-', at most {Limits.NodeIdLength}.");
            }

            if (!ordinals.TryAdd(id, ordinal))
            {
                _problems.Add(
                    $"/nodes/{ordinal}/id",
                    NodeIdDuplicate,
                    $"The id '{id}' is taken by /nodes/{ordinals[id]}.",
                    "Give each node an id of its own.");
            }
        }

        return ordinals;
    }

    private (NodeType? Type, NodeAction? Action, object[] SecretReaders) CompileNode(NodeDefinition node, int ordinal)
    {
        if (node.Type.Length == 0)
        {
            return (null, null, []); // reported as missing
        }

        if (NodeCatalogue.Find(node.Type) is { } type)
        {
            var compilation = new NodeCompilation(node, ordinal, $"/nodes/{ordinal}", _problems, _expressions);
            return (type, type.Compile(compilation), [.. compilation.SecretReaders]);
        }

        _problems.Add(
            $"/nodes/{ordinal}/type",
            NodeTypeUnknown,
            $"There is no node type '{node.Type}'.",
            Nearest.Hint(node.Type, (string[])NodeCatalogue.Names));
        return (null, null, []);
    }

    private static string[]?[] PortsOf(NodeType?[] types, NodeAction?[] actions)
    {
        var ports = new string[]?[types.Length];
        for (var ordinal = 0; ordinal < types.Length; ordinal++)
        {
            // Without its parameters a node of a type with further ports may have any: nothing can be said of its edges then.
            if (types[ordinal] is { } type && (type.PortsOfParameters is null || actions[ordinal] is not null))
            {
                ports[ordinal] = [.. type.Ports.Select(port => port.Name), .. actions[ordinal]?.FurtherPorts ?? []];
            }
        }

        return ports;
    }

    private CompiledTrigger[] CompileTriggers(IReadOnlyList<TriggerDefinition> triggers)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var compiled = new CompiledTrigger[triggers.Count];
        for (var index = 0; index < triggers.Count; index++)
        {
            var trigger = triggers[index];
            if (trigger.Id.Length > 0 && !ids.Add(trigger.Id))
            {
                _problems.Add(
                    $"/triggers/{index}/id",
                    TriggerIdDuplicate,
                    $"The id '{trigger.Id}' is taken by another trigger.",
                    "Give each trigger an id of its own.");
            }

            if (trigger.Webhook is { Path.Length: > 0 } webhook && triggers.Take(index).Any(other => other.Webhook?.Path == webhook.Path))
            {
                _problems.Add(
                    $"/triggers/{index}/path", FieldValue, $"Another trigger listens at '{webhook.Path}'.", "Give each webhook a path of its own.");
            }

            var eventType = EventTypePattern.TryParse(trigger.EventType, out var pattern) ? pattern : default;
            var condition = trigger.Condition is { } source
                ? _expressions.Expression(source, $"/triggers/{index}/condition", node: -1, ExpressionScope.Trigger)
                : null;
            compiled[index] = new CompiledTrigger(trigger, eventType, condition);
        }

        return compiled;
    }

    private static CompiledNode[] CompileNodes(
        WorkflowDefinition definition, NodeType?[] types, NodeAction?[] actions, string[]?[] ports, Graph graph, object[][] secretReaders)
    {
        var nodes = new CompiledNode[types.Length];
        for (var ordinal = 0; ordinal < nodes.Length; ordinal++)
        {
            nodes[ordinal] = new CompiledNode(
                ordinal,
                definition.Nodes[ordinal],
                types[ordinal]!,
                actions[ordinal]!,
                ports[ordinal]!,
                Ends(graph.Incoming(ordinal), edge => edge.From),
                Ends(graph.Outgoing(ordinal), edge => edge.To),
                secretReaders[ordinal]);
        }

        return nodes;

        NodeEdge[] Ends(ReadOnlySpan<int> edges, Func<GraphEdge, int> end)
        {
            var ends = new NodeEdge[edges.Length];
            for (var index = 0; index < ends.Length; index++)
            {
                var edge = graph.Edges[edges[index]];
                ends[index] = new NodeEdge(end(edge), Array.IndexOf(ports[edge.From]!, edge.Port));
            }

            return ends;
        }
    }
}
