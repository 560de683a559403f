using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Testing;

/// <summary>
/// A workflow as a test runs it: the same graph with the same ways through it, in which nodes have other actions.
/// Guarantees: what a plan leaves out never starts; nothing is published, no other execution is started and nobody is
/// asked, whatever the plan says; without effects no runner of a node is called but that of <c>sql</c>, whose
/// transaction is rolled back. Ordinary executions know nothing of it: it is another compiled workflow.
/// </summary>
public sealed class TestWorkflow
{
    /// <summary>The runner of <c>sql</c> nodes whose statements are rolled back.</summary>
    public const string RolledBackSql = "sql.rolledBack";

    private readonly CompiledWorkflow _workflow;
    private readonly TestPlan _plan;
    private readonly StepInputs _inputs;
    private readonly int _target;
    private readonly HashSet<int> _kept = []; // the target and all before it, in its graph and in those around it
    private readonly HashSet<int> _around = []; // loops around the target
    private readonly Dictionary<CompiledGraph, CompiledGraph> _graphs = [];

    private TestWorkflow(CompiledWorkflow workflow, TestPlan plan, StepInputs inputs)
    {
        (_workflow, _plan, _inputs) = (workflow, plan, inputs);
        _target = (plan.Only ?? plan.UpTo) is { } target ? workflow.OrdinalOf(target) : -1;
        for (var next = _target; next >= 0; next = workflow.Nodes[next].Graph.Loop)
        {
            KeepBefore(next);
            if (next != _target)
            {
                _around.Add(next);
            }
        }
    }

    /// <summary>The workflow for one test.</summary>
    /// <param name="workflow">What is tested.</param>
    /// <param name="plan">What of it is executed. A target that the workflow does not have leaves nothing out.</param>
    /// <param name="inputs">Gets what the nodes ran on.</param>
    public static CompiledWorkflow Of(CompiledWorkflow workflow, TestPlan plan, StepInputs inputs) =>
        new TestWorkflow(workflow, plan, inputs).Build();

    /// <summary>Whether something can stand in for a node: it leaves by a port.</summary>
    public static bool MayStandIn(CompiledWorkflow workflow, string nodeId) =>
        workflow.OrdinalOf(nodeId) is >= 0 and var ordinal
        && Array.Exists(workflow.Nodes[ordinal].Ports, port => port != NodePort.Error);

    /// <summary>The port by which a node leaves whose answer was given.</summary>
    /// <returns>Null when there is no such node, or it leaves by none.</returns>
    public static string? PortFor(CompiledWorkflow workflow, string nodeId, ReadOnlyMemory<byte> output) =>
        MayStandIn(workflow, nodeId) ? PortOf(workflow.Nodes[workflow.OrdinalOf(nodeId)], output) : null;

    private CompiledWorkflow Build()
    {
        var nodes = _workflow.Nodes.Select(Rebuild).ToArray();
        var settings = _workflow.Settings;
        var definition = _workflow.Definition with
        {
            Settings = settings with
            {
                TimeoutSeconds = Math.Min(settings.TimeoutSeconds ?? Limits.TestSeconds, Limits.TestSeconds),
            },
        };
        return _workflow.With(definition, Rebuild(_workflow.Root), nodes);
    }

    private void KeepBefore(int ordinal)
    {
        var next = new Stack<int>([ordinal]);
        while (next.TryPop(out var found))
        {
            if (_kept.Add(found))
            {
                Array.ForEach(_workflow.Nodes[found].Incoming, edge => next.Push(edge.Node));
            }
        }
    }

    // Whole bodies are kept of loops before the target; of those around it, what leads to it. What only undoes another
    // node has no edges, and belongs to what it undoes.
    private bool IsLeftOut(CompiledNode node) =>
        _target >= 0 && !_kept.Contains(node.Ordinal) && !node.IsCompensation
        && (node.Graph.Loop < 0 || _around.Contains(node.Graph.Loop));

    private CompiledNode Rebuild(CompiledNode node)
    {
        var isLeftOut = IsLeftOut(node);
        // One edge more than can ever be resolved: the node stays idle, and the ports that lead to it stay wired.
        return new CompiledNode(
            node.Ordinal,
            node.Definition,
            node.Type,
            isLeftOut ? new LeftOutAction() : ActionOf(node),
            node.Ports,
            isLeftOut ? [.. node.Incoming, new NodeEdge(node.Ordinal, -1)] : node.Incoming,
            node.Outgoing,
            node.SecretReaders)
        {
            Graph = Rebuild(node.Graph),
            Body = node.Body is { } body ? Rebuild(body) : null,
            Compensation = node.Compensation,
            IsCompensation = node.IsCompensation,
        };
    }

    private CompiledGraph Rebuild(CompiledGraph graph)
    {
        if (!_graphs.TryGetValue(graph, out var rebuilt))
        {
            var parent = graph.Parent is { } outer ? Rebuild(outer) : null;
            rebuilt = new CompiledGraph(graph.First, graph.Count, parent, graph.Loop)
            {
                Output = OutputOf(graph),
                Starts = [.. graph.Starts.Where(start => !IsLeftOut(_workflow.Nodes[start]))],
            };
            rebuilt.HasCompensations = graph.HasCompensations;
            _graphs.Add(graph, rebuilt);
        }

        return rebuilt;
    }

    // A part of a workflow has no result of its own: that of the target, or of the loop around it, is asked for.
    private JsonTemplate? OutputOf(CompiledGraph graph)
    {
        if (_target < 0 || (graph.Loop >= 0 && !_around.Contains(graph.Loop)))
        {
            return graph.Output;
        }

        var shown = _target;
        while (_workflow.Nodes[shown].Graph != graph)
        {
            shown = _workflow.Nodes[shown].Graph.Loop;
        }

        var template = JsonSerializer.SerializeToElement($"{{{{ steps.`{_workflow.Nodes[shown].Id}`.output }}}}");
        return JsonTemplate.TryParse(template, out var parsed, out _)
            ? parsed
            : throw new InvalidOperationException("The id of a node cannot be read by an expression.");
    }

    private NodeAction ActionOf(CompiledNode node)
    {
        var isTarget = node.Ordinal == _target;
        var isOnly = _plan.Only is not null && _target >= 0;
        if (isOnly && _around.Contains(node.Ordinal))
        {
            return Recording.Of(node.Action, _inputs);
        }

        if (Array.TrueForAll(node.Ports, port => port == NodePort.Error))
        {
            return Recording.Of(node.Action, _inputs); // it ends something, and leaves by no port
        }

        if (_plan.Pins.TryGetValue(node.Id, out var pin) && !(isOnly && isTarget))
        {
            return StandIn(node, pin, StepOrigins.Pinned, isOnly);
        }

        if ((isOnly && !isTarget) || MustNotRun(node))
        {
            return StandIn(node, OutputSamples.Of(node.Type), StepOrigins.Mocked, isOnly && !isTarget);
        }

        return !_plan.Effects && node is { Type: SqlNode, Action: EffectAction statement }
            ? Recording.By(statement, RolledBackSql, StepOrigins.RolledBack, _inputs)
            : Recording.Of(node.Action, _inputs);
    }

    private bool MustNotRun(CompiledNode node) => node.Type switch
    {
        SubworkflowNode or ApprovalNode or CustomNode { Effect: NodeEffect.Wait } => true,
        SqlNode or LogNode => false,
        { Effect: NodeEffect.Pure } => false,
        _ => !_plan.Effects,
    };

    private StandInAction StandIn(CompiledNode node, ReadOnlyMemory<byte> output, string origin, bool leadsOn)
    {
        var ahead = leadsOn ? Array.FindIndex(node.Outgoing, edge => _kept.Contains(edge.Node)) : -1;
        var port = ahead >= 0 ? node.Ports[node.Outgoing[ahead].Port] : PortOf(node, output);
        return new StandInAction(port, output, origin, _inputs);
    }

    // main; else the port that the output names, as that of an if, a switch and an approval does; else the first one.
    private static string PortOf(CompiledNode node, ReadOnlyMemory<byte> output)
    {
        if (node.PortOf(NodePort.Main) >= 0)
        {
            return NodePort.Main;
        }

        using var document = JsonText.Parse(output);
        var value = document.RootElement;
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("outcome", out var outcome))
        {
            value = outcome;
        }

        var named = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.True => NodePort.True,
            JsonValueKind.False => NodePort.False,
            _ => null,
        };
        return named is not null && named != NodePort.Error && node.PortOf(named) >= 0
            ? node.Ports[node.PortOf(named)]
            : Array.Find(node.Ports, port => port != NodePort.Error)!;
    }
}
