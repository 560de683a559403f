using System.Text;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>A random workflow, and for each of its nodes and attempts what the outside world answers: all of it from one seed.</summary>
internal sealed class RandomWorkflow
{
    private static readonly string[] Kinds = ["noop", "set", "effect", "retried", "guarded", "choice", "delay", "event", "join", "emit"];

    private readonly int _seed;
    private readonly Dictionary<string, string> _kinds = [];

    /// <param name="isOrderFree">
    /// True = whatever the order in which things happen, the same steps are recorded: no joins for any or a count, no failure that
    /// ends the execution.
    /// </param>
    public RandomWorkflow(int seed, bool isOrderFree)
    {
        _seed = seed;
        var random = new Random(seed);
        var count = random.Next(2, 14);
        var nodes = new StringBuilder();
        var edges = new List<string>();
        var ports = new List<string[]>();
        for (var index = 0; index < count; index++)
        {
            var kind = Kinds[random.Next(Kinds.Length)];
            var (json, nodePorts) = Node($"n{index}", kind, isOrderFree, random);
            _kinds[$"n{index}"] = kind;
            nodes.Append(index == 0 ? "" : ", ").Append(json);
            ports.Add(nodePorts);
            for (var parent = 0; parent < index; parent++)
            {
                if (random.Next(index) < 2 && ports[parent].Length > 0)
                {
                    edges.Add($"n{parent}.{ports[parent][random.Next(ports[parent].Length)]}>n{index}");
                }
            }
        }

        // A failure must lead somewhere if it may not end the execution.
        Json = Flow.Json(nodes.ToString(), string.Join(',', edges));
        Workflow = Flow.Compile(Json);
    }

    public string Json { get; }

    public CompiledWorkflow Workflow { get; }

    /// <summary>Lets one thing happen; false when the execution has ended.</summary>
    public bool Step(ExecutionDriver driver, Random order)
    {
        if (driver.End is not null)
        {
            return false;
        }

        var choice = order.Next(driver.Runs.Count + driver.Waits.Count);
        if (choice < driver.Runs.Count)
        {
            Finish(driver, driver.Runs[choice]);
        }
        else
        {
            var wait = driver.Waits.Values.ElementAt(choice - driver.Runs.Count);
            var isEvent = wait.Kind == WaitKind.Event && Chance(wait.NodeId, wait.Attempt) % 2 == 0;
            driver.Resolve(
                wait.NodeId,
                isEvent ? WaitOutcome.Event : wait.Kind == WaitKind.Event ? WaitOutcome.Timeout : WaitOutcome.Due,
                isEvent ? $$"""{"event": "{{wait.NodeId}}"}""" : null);
        }

        return true;
    }

    private void Finish(ExecutionDriver driver, NodeRun run)
    {
        var chance = Chance(run.NodeId, run.Attempt) % 10;
        switch (_kinds[run.NodeId])
        {
            case "choice":
                var port = chance < 4 ? "x" : chance < 8 ? "y" : "default";
                driver.Succeed(run.NodeId, $"\"{port}\"", port);
                break;
            case "retried" when chance < 5:
                driver.Fail(run.NodeId, "BUSY", retryAfter: chance < 2 ? TimeSpan.FromMinutes(5) : null);
                break;
            case "guarded" when chance < 5:
                driver.Fail(run.NodeId, "NO", StepErrorKind.Permanent);
                break;
            default:
                driver.Succeed(run.NodeId, $$"""{"by": "{{run.NodeId}}", "attempt": {{run.Attempt}}}""");
                break;
        }
    }

    private static (string Json, string[] Ports) Node(string id, string kind, bool isOrderFree, Random random)
    {
        const string Retry = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.2}""";
        var onError = isOrderFree || random.Next(2) == 0 ? """, "onError": "continue" """ : "";
        return kind switch
        {
            "noop" => (Flow.Noop(id), ["main"]),
            "set" => (Flow.Set(id, $"\"{id}\""), ["main"]),
            "effect" => (Flow.Effect(id), ["main"]),
            "retried" => (Flow.Effect(id, Retry + onError), ["main"]),
            "guarded" => (Flow.Effect(id, onError), onError.Length > 0 ? ["main"] : ["main", "error"]),
            "choice" => (FlowTests.SwitchTo(id, "x").Replace("\"no\"", "\"y\"", StringComparison.Ordinal), ["x", "y", "default"]),
            "delay" => ($$$"""{"id": "{{{id}}}", "type": "delay", "parameters": {"seconds": {{{random.Next(3) * 10}}}}}""", ["main"]),
            "event" => ($$$"""{"id": "{{{id}}}", "type": "waitForEvent"{{{onError}}}, "parameters": {"eventType": "e", "timeoutSeconds": 9}}""", ["main", "timeout"]),
            "join" when isOrderFree => (Flow.Join(id, ""), ["main"]),
            "join" => (Flow.Join(id, "\"mode\": \"any\""), ["main"]),
            _ => ($$$"""{"id": "{{{id}}}", "type": "emitEvent", "parameters": {"type": "{{{id}}}.happened"}}""", ["main"]),
        };
    }

    private uint Chance(string node, int attempt) => (uint)(Backoff.Seed(new Guid(_seed, 0, 0, new byte[8]), node, "", attempt) >> 32);
}
