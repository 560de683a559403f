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

    /// <summary>Of a loop: rounds at the same time.</summary>
    public int MaxParallel { get; init; } = 1;

    public bool IsFailFast { get; init; }

    /// <summary>Of a join: how many branches it waits for; 0 = all.</summary>
    public int Quorum { get; init; }

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
    private const string RetrySome = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.2, "nonRetryableCodes": ["PICKY"]}""";
    private const string ForTwo = "\"mode\": \"count\", \"count\": 2";
    private const string GoOn = """, "onError": "continue" """;

    public const int TimeoutSeconds = 60;

    private static readonly string[] Kinds =
        ["noop", "set", "effect", "effect", "retried", "picky", "guarded", "choice", "delay", "event", "join", "emit", "forEach", "forEach", "repeat", "risky"];

    private readonly int _seed;
    private readonly bool _mayFail;
    private readonly Random _random;
    private readonly Dictionary<string, ModelNode> _nodes = [];
    private readonly Dictionary<string, (ModelGraph Graph, ModelNode? Loop)> _places = [];

    /// <param name="mayFail">
    /// False = the steps are the same whatever the order in which things happen. True = failures, compensations and stopped rounds too.
    /// </param>
    public ModelWorkflow(int seed, bool mayFail)
    {
        _seed = seed;
        _mayFail = mayFail;
        _random = new Random(seed);
        Root = Graph(_random.Next(2, mayFail ? 5 : 8), depth: 0);
        Place(Root, null);
        var settings = mayFail ? $$""", "settings": {"compensateOnCancel": {{(seed % 2 == 0 ? "true" : "false")}}{{(seed % 5 == 0 ? $", \"timeoutSeconds\": {TimeoutSeconds}" : "")}}}""" : "";
        Json = Flow.Json(Root.NodesJson, Root.Edges, settings);
        HasQuorums = CompiledWorkflow.TryCompile(System.Text.Encoding.UTF8.GetBytes(Json), out _, out _);
        if (!HasQuorums)
        {
            Json = Json.Replace(ForTwo, "", StringComparison.Ordinal); // two branches can never come there
        }

        Workflow = Flow.Compile(Json);
    }

    /// <summary>Whether joins wait for the number they name; else they wait for all.</summary>
    public bool HasQuorums { get; }

    public ModelGraph Root { get; }

    public string Json { get; }

    public CompiledWorkflow Workflow { get; }

    public ModelNode NodeOf(string id) => _nodes[id];

    /// <summary>The loop in whose body the node stands; null = in none.</summary>
    public ModelNode? LoopOf(string id) => _places[id].Loop;

    public ModelGraph GraphOf(string id) => _places[id].Graph;

    private void Place(ModelGraph graph, ModelNode? loop)
    {
        foreach (var node in graph.Nodes)
        {
            _places.Add(node.Id, (graph, loop));
            if (node.Body is not null)
            {
                Place(node.Body, node);
            }
        }
    }

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
            "picky" when chance < 5 => (null, chance < 3 ? "BUSY" : "PICKY"),
            "guarded" or "risk" when chance < (_mayFail ? 1 + (_seed % 6) : 5) => (null, "NO"),
            _ => ("main", null),
        };
    }

    private void Finish(ExecutionDriver driver, NodeRun run)
    {
        var name = ExecutionDriver.Name(run.NodeId, run.Iteration);
        var (port, code) = Answer(run.NodeId, run.Iteration, run.Attempt);
        if (ModelChecks.IsAborted(driver, run) && Chance(run.NodeId, run.Iteration, run.Attempt + 100) % 2 == 0)
        {
            driver.Fail(name, StepErrorCodes.Aborted, StepErrorKind.Cancelled); // as a call that heeds it
        }
        else if (code is null)
        {
            driver.Succeed(name, port == "main" ? OutputOf(run.NodeId, run.Attempt) : $"\"{port}\"", port!);
        }
        else
        {
            var later = Chance(run.NodeId, run.Iteration, run.Attempt) % 3 == 0 ? TimeSpan.FromMinutes(5) : (TimeSpan?)null;
            driver.Fail(name, code, code is "BUSY" or "PICKY" ? StepErrorKind.Transient : StepErrorKind.Permanent, code == "BUSY" ? later : null);
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
        var parallel = _random.Next(1, 4);
        var quorum = kind == "join" && _mayFail && _random.Next(2) == 0 ? 2 : 0;
        var mode = kind == "risky" || _random.Next(2) == 0 ? "collect" : "failFast";
        var (json, ports) = kind switch
        {
            "noop" => (Flow.Noop(id), (string[])["main"]),
            "set" when depth == 0 => (Flow.Set(id, $"\"{id}\""), ["main"]),
            "set" => (Flow.Set(id, $"\"{{{{ '{id}/' & index }}}}\""), ["main"]),
            "effect" => (Flow.Effect(id, undo), ["main"]),
            "retried" => (Flow.Effect(id, Retry + onError + undo), ["main"]),
            "picky" => (Flow.Effect(id, RetrySome + onError + undo), ["main"]),
            "guarded" => (Flow.Effect(id, onError + undo), ["main"]),
            "risk" => (Flow.Effect(id, undo), ["main"]),
            "choice" => (FlowTests.SwitchTo(id, "x").Replace("\"no\"", "\"y\"", StringComparison.Ordinal), ["x", "y", "default"]),
            "delay" => ($$$"""{"id": "{{{id}}}", "type": "delay", "parameters": {"seconds": {{{count * 10}}}}}""", ["main"]),
            "event" => ($$$"""{"id": "{{{id}}}", "type": "waitForEvent", "onError": "continue", "parameters": {"eventType": "e", "timeoutSeconds": 9}}""", ["main", "timeout"]),
            "join" => (Flow.Join(id, quorum > 0 ? ForTwo : ""), ["main"]),
            "repeat" => (Flow.Repeat(id, $"\"while\": \"index < {count}\"", body!.NodesJson, body.Edges), ["main"]),
            "forEach" or "risky" => (Flow.ForEach(
                id, $"[1..{count}]", body!.NodesJson, body.Edges, parameters: $", \"maxParallel\": {parallel}, \"onItemError\": \"{mode}\""), ["main"]),
            _ => ($$$"""{"id": "{{{id}}}", "type": "emitEvent", "parameters": {"type": "{{{id}}}.happened"}}""", ["main"]),
        };
        var isUndoable = undo.Length > 0 && json.Contains("\"compensate\"", StringComparison.Ordinal) && body is null;
        return _nodes[id] = new ModelNode(id, kind)
        {
            Json = json, Ports = ports, Body = body, Count = count, IsUndoable = isUndoable,
            MaxParallel = kind == "repeat" ? 1 : parallel, IsFailFast = mode == "failFast", Quorum = quorum,
        };
    }

    private uint Chance(string node, string iteration, int attempt) =>
        (uint)(Backoff.Seed(new Guid(_seed, 0, 0, new byte[8]), node, iteration, attempt) >> 32);
}
