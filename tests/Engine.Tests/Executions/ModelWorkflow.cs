using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>A node of a random definition: enough to write it, to answer for the outside world and to say what must become of it.</summary>
internal sealed record ModelNode(string Id, string Kind)
{
    /// <summary>Edges that lead here: the place of the node they come from, and its port.</summary>
    public List<(int From, string Port)> Incoming { get; } = [];

    public string[] Ports { get; init; } = ["main"];

    public ModelGraph? Body { get; init; }

    /// <summary>Rounds of a loop; seconds of a delay.</summary>
    public int Count { get; init; }

    public bool IsUndoable { get; init; }

    public required string Json { get; init; }
}

internal sealed record ModelGraph(List<ModelNode> Nodes)
{
    public string NodesJson => string.Join(", ", Nodes.Select(node => node.Json).Concat(Nodes.Where(node => node.IsUndoable).Select(Undoing)));

    public string Edges => string.Join(',', Nodes.SelectMany(node => node.Incoming.Select(edge => $"{Nodes[edge.From].Id}.{edge.Port}>{node.Id}")));

    private static string Undoing(ModelNode node) =>
        Flow.Effect("un-" + node.Id, """, "retry": {"maxAttempts": 2, "initialDelaySeconds": 0.2}""");
}

/// <summary>
/// A random definition with loops in loops, and for each node, round and attempt what the outside world answers: all of it from one seed.
/// </summary>
internal sealed class ModelWorkflow
{
    private const string Retry = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.2}""";
    private const string GoOn = """, "onError": "continue" """;

    private static readonly string[] Kinds =
        ["noop", "set", "effect", "effect", "retried", "guarded", "choice", "delay", "event", "join", "emit", "forEach", "forEach", "repeat", "risky"];

    private readonly int _seed;
    private readonly bool _mayFail;
    private readonly Random _random;
    private readonly Dictionary<string, ModelNode> _nodes = [];

    /// <param name="mayFail">
    /// False = the steps are the same whatever the order in which things happen. True = failures, compensations and stopped rounds too.
    /// </param>
    public ModelWorkflow(int seed, bool mayFail)
    {
        _seed = seed;
        _mayFail = mayFail;
        _random = new Random(seed);
        Root = Graph(_random.Next(2, mayFail ? 5 : 8), depth: 0);
        Json = Flow.Json(Root.NodesJson, Root.Edges, mayFail && seed % 2 == 0 ? """, "settings": {"compensateOnCancel": true}""" : "");
        Workflow = Flow.Compile(Json);
    }

    public ModelGraph Root { get; }

    public string Json { get; }

    public CompiledWorkflow Workflow { get; }

    public ModelNode NodeOf(string id) => _nodes[id];

    /// <summary>Lets one thing happen.</summary>
    public void Step(ExecutionDriver driver, Random order)
    {
        var choice = order.Next(driver.Runs.Count + driver.Waits.Count);
        if (choice < driver.Runs.Count)
        {
            Finish(driver, driver.Runs[choice]);
            return;
        }

        var wait = driver.Waits.Values.ElementAt(choice - driver.Runs.Count);
        var isEvent = wait.Kind == WaitKind.Event && EventArrives(wait.NodeId, wait.Iteration);
        driver.Resolve(
            ExecutionDriver.Name(wait.NodeId, wait.Iteration),
            isEvent ? WaitOutcome.Event : wait.Kind == WaitKind.Event ? WaitOutcome.Timeout : WaitOutcome.Due,
            isEvent ? EventOf(wait.NodeId) : null);
    }

    public bool EventArrives(string node, string iteration) => Chance(node, iteration, 1) % 2 == 0;

    public static string EventOf(string node) => $$"""{"event":"{{node}}"}""";

    /// <summary>How an attempt of a node that goes outside ends: by a port, or with a code.</summary>
    public (string? Port, string? Code) Answer(string node, string iteration, int attempt)
    {
        var chance = Chance(node, iteration, attempt) % 10;
        var kind = node.StartsWith("un-", StringComparison.Ordinal) ? "retried" : _nodes[node].Kind;
        return kind switch
        {
            "choice" => (chance < 4 ? "x" : chance < 8 ? "y" : "default", null),
            "retried" when chance < 5 => (null, "BUSY"),
            "guarded" or "risk" when chance < (_mayFail ? 1 + (_seed % 6) : 5) => (null, "NO"),
            _ => ("main", null),
        };
    }

    private void Finish(ExecutionDriver driver, NodeRun run)
    {
        var name = ExecutionDriver.Name(run.NodeId, run.Iteration);
        var (port, code) = Answer(run.NodeId, run.Iteration, run.Attempt);
        if (code is null)
        {
            driver.Succeed(name, port == "main" ? OutputOf(run.NodeId, run.Attempt) : $"\"{port}\"", port!);
        }
        else
        {
            var later = Chance(run.NodeId, run.Iteration, run.Attempt) % 3 == 0 ? TimeSpan.FromMinutes(5) : (TimeSpan?)null;
            driver.Fail(name, code, code == "BUSY" ? StepErrorKind.Transient : StepErrorKind.Permanent, code == "BUSY" ? later : null);
        }
    }

    public static string OutputOf(string node, int attempt) => $$"""{"by":"{{node}}","attempt":{{attempt}}}""";

    // Rounds that fail beside rounds that have done something are where the order of taking over matters.
    private string AnyKind(int depth) =>
        _mayFail && _random.Next(3) == 0 ? (depth < 2 ? "forEach" : "guarded")
        : Kinds[_random.Next(depth == 3 ? Kinds.Length - 4 : Kinds.Length)];

    private ModelGraph Graph(int count, int depth)
    {
        var graph = new ModelGraph([]);
        for (var place = 0; place < count; place++)
        {
            var node = Node($"n{_nodes.Count}", AnyKind(depth), depth);
            for (var parent = 0; parent < place; parent++)
            {
                var ports = graph.Nodes[parent].Ports;
                if (_random.Next(place) < 2)
                {
                    node.Incoming.Add((parent, ports[_random.Next(ports.Length)]));
                }
            }

            graph.Nodes.Add(node);
        }

        return graph;
    }

    private ModelNode Node(string id, string kind, int depth)
    {
        _nodes.Add(id, null!);
        var onError = !_mayFail || _random.Next(2) == 0 ? GoOn : "";
        var undo = _mayFail && _random.Next(2) == 0 ? $$""", "compensate": "un-{{id}}" """ : "";
        var body = kind is "forEach" or "repeat" ? Graph(_random.Next(1, 5), depth + 1) : kind == "risky" ? new ModelGraph([Node($"n{_nodes.Count}", "risk", depth)]) : null;
        var count = _random.Next(4);
        var mode = kind == "risky" || _random.Next(2) == 0 ? "collect" : "failFast";
        var (json, ports) = kind switch
        {
            "noop" => (Flow.Noop(id), (string[])["main"]),
            "set" when depth == 0 => (Flow.Set(id, $"\"{id}\""), ["main"]),
            "set" => (Flow.Set(id, $"\"{{{{ '{id}/' & index }}}}\""), ["main"]),
            "effect" => (Flow.Effect(id, undo), ["main"]),
            "retried" => (Flow.Effect(id, Retry + onError + undo), ["main"]),
            "guarded" => (Flow.Effect(id, onError + undo), ["main"]),
            "risk" => (Flow.Effect(id, undo), ["main"]),
            "choice" => (FlowTests.SwitchTo(id, "x").Replace("\"no\"", "\"y\"", StringComparison.Ordinal), ["x", "y", "default"]),
            "delay" => ($$$"""{"id": "{{{id}}}", "type": "delay", "parameters": {"seconds": {{{count * 10}}}}}""", ["main"]),
            "event" => ($$$"""{"id": "{{{id}}}", "type": "waitForEvent", "onError": "continue", "parameters": {"eventType": "e", "timeoutSeconds": 9}}""", ["main", "timeout"]),
            "join" => (Flow.Join(id, ""), ["main"]),
            "repeat" => (Flow.Repeat(id, $"\"while\": \"index < {count}\"", body!.NodesJson, body.Edges), ["main"]),
            "forEach" or "risky" => (Flow.ForEach(
                id, $"[1..{count}]", body!.NodesJson, body.Edges, parameters: $", \"maxParallel\": {_random.Next(1, 4)}, \"onItemError\": \"{mode}\""), ["main"]),
            _ => ($$$"""{"id": "{{{id}}}", "type": "emitEvent", "parameters": {"type": "{{{id}}}.happened"}}""", ["main"]),
        };
        var isUndoable = undo.Length > 0 && json.Contains("\"compensate\"", StringComparison.Ordinal) && body is null;
        return _nodes[id] = new ModelNode(id, kind) { Json = json, Ports = ports, Body = body, Count = count, IsUndoable = isUndoable };
    }

    private uint Chance(string node, string iteration, int attempt) =>
        (uint)(Backoff.Seed(new Guid(_seed, 0, 0, new byte[8]), node, iteration, attempt) >> 32);
}
