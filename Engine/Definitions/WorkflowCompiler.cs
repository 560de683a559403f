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
    private readonly List<ResourceUse> _resources = [];
    private readonly CustomNodeSet _customNodes;

    public WorkflowCompiler(CustomNodeSet customNodes, bool isNew)
    {
        _customNodes = customNodes;
        _expressions = new ExpressionCompiler(_problems, isNew);
    }

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
                $"The definition is not JSON that can be read: {JsonText.Describe(exception)}.",
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
        var graphs = GraphSource.Flatten(definition);
        CheckTotals(graphs);
        var ordinals = NumberNodes(graphs);
        foreach (var graph in graphs)
        {
            CompileNodes(graph);
        }

        foreach (var graph in graphs)
        {
            CompileGraph(graph, ordinals);
        }

        var triggers = CompileTriggers(definition.Triggers);
        foreach (var graph in graphs.Where(graph => graph.Output.HasValue))
        {
            var scope = graph.Parent is null ? ExpressionScope.Output : ExpressionScope.BodyOutput;
            graph.OutputTemplate = _expressions.Template(graph.Output!.Value, graph.Pointer + "/output", graph.Loop, scope);
        }

        var key = definition.Settings.Concurrency?.Key is { } keySource
            ? _expressions.Expression(keySource, "/settings/concurrency/key", node: -1, ExpressionScope.Admission)
            : null;
        var rateKey = definition.Settings.RateLimit?.Key is { } rateSource
            ? _expressions.Expression(rateSource, "/settings/rateLimit/key", node: -1, ExpressionScope.Admission)
            : null;
        new ReferenceChecker(graphs, ordinals, _problems).Check(_expressions.Uses);
        var schema = definition.Parameters is { } parameters
            ? InputSchemaReader.Read(parameters, "/parameters", _problems)
            : null;
        CheckTriggerInputs(definition.Triggers, schema);
        if (!_problems.IsEmpty)
        {
            return null;
        }

        var (root, nodes) = GraphBuilder.Build(graphs);
        return new CompiledWorkflow(
            definition, root, nodes, ordinals.ToFrozenDictionary(StringComparer.Ordinal), triggers, key, rateKey, schema, _expressions.Uses, _resources, UsedCustomNodes())
        {
            Objections = _problems.Objections,
        };
    }

    private CustomNodeSet UsedCustomNodes() => _customNodes.IsEmpty
        ? _customNodes
        : _customNodes.Only(_resources.Where(use => use.Kind == ResourceKind.CustomNode).Select(use => use.Name).ToHashSet(StringComparer.Ordinal));

    private NodeType? FindType(string type) =>
        (CustomNodes.NameOf(type) is { } name ? _customNodes.Find(name) : null) ?? NodeCatalogue.Find(type);

    /// <summary>The limits hold for all bodies together.</summary>
    private void CheckTotals(List<GraphSource> graphs)
    {
        Check("nodes", graphs.Sum(graph => graph.Nodes.Count), Limits.Nodes);
        Check("edges", graphs.Sum(graph => graph.Edges.Count), Limits.Edges);

        void Check(string name, int count, int limit)
        {
            if (count > limit)
            {
                _problems.Add(
                    "/" + name, TooManyItems, $"There are {count} {name}, those of bodies included.", $"At most {limit} are allowed.");
            }
        }
    }

    private Dictionary<string, int> NumberNodes(List<GraphSource> graphs)
    {
        var ordinals = new Dictionary<string, int>(StringComparer.Ordinal);
        var pointers = new Dictionary<string, (GraphSource Graph, int Place)>(StringComparer.Ordinal);
        foreach (var graph in graphs)
        {
            for (var place = 0; place < graph.Nodes.Count; place++)
            {
                var id = graph.Nodes[place].Id;
                if (id.Length == 0)
                {
                    continue; // reported as missing
                }

                if (!NodeIds.IsValid(id))
                {
                    _problems.Add(
                        graph.PointerTo(place) + "/id",
                        NodeIdInvalid,
                        $"'{(id.Length <= 100 ? id : id[..100] + "…")}' cannot be a node id.",
                        $"Begin with a letter; use letters, digits, '_' and '-', at most {Limits.NodeIdLength}.");
                }

                if (ordinals.TryAdd(id, graph.First + place))
                {
                    pointers.Add(id, (graph, place));
                }
                else
                {
                    var (other, otherPlace) = pointers[id];
                    _problems.Add(
                        graph.PointerTo(place) + "/id",
                        NodeIdDuplicate,
                        $"The id '{id}' is taken by {other.PointerTo(otherPlace)}.",
                        "Give each node an id of its own, also across the bodies of loops.");
                }
            }
        }

        return ordinals;
    }

    private void CompileNodes(GraphSource graph)
    {
        for (var place = 0; place < graph.Nodes.Count && !_problems.IsFull; place++)
        {
            var node = graph.Nodes[place];
            if (node.Type.Length == 0)
            {
                continue; // reported as missing
            }

            var pointer = graph.PointerTo(place);
            if (FindType(node.Type) is not { } type)
            {
                _problems.Add(
                    pointer + "/type",
                    NodeTypeUnknown,
                    $"There is no node type '{node.Type}'.",
                    Nearest.Hint(node.Type, (string[])NodeCatalogue.Names));
                continue;
            }

            var compilation = new NodeCompilation(node, graph.First + place, pointer, _problems, _expressions);
            graph.Types[place] = type;
            graph.Actions[place] = type.Compile(compilation);
            graph.SecretReaders[place] = [.. compilation.SecretReaders];
            CheckBody(node, type, pointer);
            NoteResource(node, type, pointer);

            // Without its parameters a node of a type with further ports may have any: nothing can be said of its edges then.
            if (type.PortsOfParameters is null || graph.Actions[place] is not null)
            {
                graph.Ports[place] = [.. type.Ports.Select(port => port.Name), .. graph.Actions[place]?.FurtherPorts ?? []];
            }
        }
    }

    private void NoteResource(NodeDefinition node, NodeType type, string pointer)
    {
        if (type is CustomNode)
        {
            _resources.Add(new ResourceUse(ResourceKind.CustomNode, CustomNodes.NameOf(node.Type)!, pointer + "/type"));
        }
        else if (Named("connector") is { } connector)
        {
            _resources.Add(new ResourceUse(ResourceKind.Connector, connector, pointer + "/parameters/connector"));
        }
        else if (Named("model") is { } model)
        {
            _resources.Add(new ResourceUse(ResourceKind.Model, model, pointer + "/parameters/model"));
        }

        string? Named(string parameter) => node.Parameters.ValueKind == JsonValueKind.Object
            && node.Parameters.TryGetProperty(parameter, out var name) && name.ValueKind == JsonValueKind.String
            && type.Parameters.Any(known => known.Name == parameter) ? name.GetString() : null;
    }

    private void CheckBody(NodeDefinition node, NodeType type, string pointer)
    {
        if (type.HasBody && node.Body is null)
        {
            _problems.Add(
                pointer + "/body", FieldMissing, "The field 'body' is missing.", "It is required: the nodes and edges that the loop repeats.");
        }
        else if (!type.HasBody && node.Body is not null)
        {
            _problems.Add(
                pointer + "/body", FieldUnknown, $"Nodes of the type '{type.Name}' have no 'body'.", "Remove it, or make the node a forEach or a repeat.");
        }

        if (type.HasBody && node.Retry != RetryPolicy.None)
        {
            _problems.Add(
                pointer + "/retry", FieldUnknown, "A loop is not tried again as a whole.", "Give 'retry' to the nodes of its body.");
        }

        if (type.HasBody && node.TimeoutSeconds is not null)
        {
            _problems.Add(
                pointer + "/timeoutSeconds", FieldUnknown, "A loop has no time of its own.", "Give 'timeoutSeconds' to the nodes of its body, or to the workflow.");
        }
    }

    private void CompileGraph(GraphSource graph, Dictionary<string, int> ordinals)
    {
        var compiler = new EdgeCompiler(graph, ordinals, _problems);
        var edges = compiler.Compile();
        new CompensationCompiler(graph, ordinals, _problems).Compile(edges);
        graph.Graph = new Graph(graph.Nodes.Count, edges);
        compiler.Incomplete.UnionWith(Enumerable.Range(0, graph.Nodes.Count)
            .Where(place => !ordinals.TryGetValue(graph.Nodes[place].Id, out var known) || known != graph.First + place));
        graph.Order = new GraphChecker(graph, compiler.Incomplete, _problems).Check();
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

    // What a schedule starts has this input each time: that it does not fit is known before the first of them.
    private void CheckTriggerInputs(IReadOnlyList<TriggerDefinition> triggers, InputSchema? schema)
    {
        if (schema is null || !_problems.IsEmpty)
        {
            return; // a schema with problems judges nothing
        }

        var nothing = JsonElement.Parse("{}"u8);
        for (var index = 0; index < triggers.Count; index++)
        {
            if (triggers[index].Schedule is not { } schedule)
            {
                continue;
            }

            foreach (var problem in schema.Validate(schedule.Input ?? nothing))
            {
                _problems.Add(
                    $"/triggers/{index}/input{problem.Pointer}", TriggerInputInvalid, $"The input does not fit: {problem.Message}.", "Make the input fit the definition's 'parameters'.");
            }
        }
    }
}
