using System.Globalization;
using System.Text.Json;

namespace Workflows.Engine.Tests.Executions;

/// <summary>
/// What must become of an execution, said as simply as it can be: node after node, round after round, in one thread, without events, records or crashes.
/// For definitions whose steps do not depend on the order in which things happen.
/// </summary>
internal sealed class ReferenceModel(ModelWorkflow workflow)
{
    private readonly List<string> _steps = [];

    /// <summary>The recorded steps, sorted, and the output at the end.</summary>
    public string Run()
    {
        var (output, error) = RunGraph(workflow.Root, "");
        Assert.Null(error);
        return Describe(_steps, output!);
    }

    public static string Describe(IEnumerable<string> steps, string output) =>
        string.Join('\n', steps.Order(StringComparer.Ordinal)) + "\n" + output;

    public static string Describe(string node, string iteration, int attempt, string? port, string? output) =>
        string.Create(CultureInfo.InvariantCulture, $"{node}[{iteration}]/{attempt} {port} {output}");

    private (string? Output, (string Code, string Node)? Error) RunGraph(ModelGraph graph, string iteration)
    {
        var results = new (string? Port, string Output)[graph.Nodes.Count];
        for (var place = 0; place < results.Length; place++)
        {
            var node = graph.Nodes[place];
            if (node.Incoming.Count > 0 && !node.Incoming.Exists(edge => results[edge.From].Port == edge.Port))
            {
                continue; // all ways to it are dead
            }

            var (port, output, code) = RunNode(graph, node, iteration, results);
            if (code is not null)
            {
                return (null, (code, node.Id));
            }

            results[place] = (port, output!);
        }

        var terminals = Enumerable.Range(0, results.Length)
            .Where(place => results[place].Port is { } port && !graph.Nodes.Exists(node => node.Incoming.Contains((place, port))))
            .ToList();

        // A switch from which only other ways lead on counts only when there is nothing else.
        bool IsRouter(int place) =>
            graph.Nodes[place].Kind == "choice"
            && graph.Nodes.Exists(node => node.Incoming.Exists(edge => edge.From == place));
        var others = terminals.FindAll(place => !IsRouter(place));
        terminals = others.Count > 0 ? others : terminals;
        return (terminals.Count switch
        {
            0 => "null",
            1 => results[terminals[0]].Output,
            _ => "{" + string.Join(',', terminals.Select(place => $"\"{graph.Nodes[place].Id}\":{results[place].Output}")) + "}",
        }, null);
    }

    private (string? Port, string? Output, string? Code) RunNode(
        ModelGraph graph, ModelNode node, string iteration, (string? Port, string Output)[] results)
    {
        switch (node.Kind)
        {
            case "noop":
                return Record("main", "null");
            case "set":
                return Record("main", iteration.Length == 0 ? $"\"{node.Id}\"" : $"\"{node.Id}/{iteration.Split('/')[^1]}\"");
            case "delay":
                return Record("main", $$"""{"dueAt":"2026-01-31T12:00:{{node.Count * 10:00}}.000Z"}""");
            case "emit":
                return Record("main", "…");
            case "join":
                var arrived = node.Incoming.Where(edge => results[edge.From].Port == edge.Port).Select(edge => $"\"{graph.Nodes[edge.From].Id}\"");
                return Record("main", $$"""{"arrived":[{{string.Join(',', arrived)}}]}""");
            case "event" when workflow.EventArrives(node.Id, iteration):
                return Record("main", ModelWorkflow.EventOf(node.Id));
            case "event" when graph.Nodes.Exists(other => other.Incoming.Exists(edge => graph.Nodes[edge.From] == node && edge.Port == "timeout")):
                return Record("timeout", "null");
            case "event":
                return Record("main", Error("WAIT_TIMED_OUT", "No event 'e' arrived in time.", "permanent"));
            case "forEach" or "risky":
                return Record("main", Each(node, iteration));
            case "repeat":
                return Record("main", Repeat(node, iteration));
            default:
                return Outside(node, iteration);
        }

        (string?, string?, string?) Record(string port, string output)
        {
            _steps.Add(Describe(node.Id, iteration, 1, port, output));
            return (port, output, null);
        }
    }

    private (string? Port, string? Output, string? Code) Outside(ModelNode node, string iteration)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (port, code) = workflow.Answer(node.Id, iteration, attempt);
            if (code is null)
            {
                var output = port == "main" ? ModelWorkflow.OutputOf(node.Id, attempt) : $"\"{port}\"";
                _steps.Add(Describe(node.Id, iteration, attempt, port, output));
                return (port, output, null);
            }

            if (code == "BUSY" && attempt < 3)
            {
                _steps.Add(Describe(node.Id, iteration, attempt, null, ""));
            }
            else if (node.Kind == "risk")
            {
                _steps.Add(Describe(node.Id, iteration, attempt, null, ""));
                return (null, null, code);
            }
            else
            {
                var output = Error(code, $"{code} happened.", code is "BUSY" or "PICKY" ? "transient" : "permanent");
                _steps.Add(Describe(node.Id, iteration, attempt, "main", output));
                return ("main", output, null);
            }
        }
    }

    private string Each(ModelNode node, string iteration)
    {
        var results = new List<string>();
        var errors = new List<string>();
        for (var index = 0; index < node.Count; index++)
        {
            var (output, error) = RunGraph(node.Body!, Path(iteration, index));
            results.Add(output ?? "null");
            if (error is var (code, failed))
            {
                errors.Add($$"""{"index":{{index}},"code":"{{code}}","message":"{{code}} happened.","node":"{{failed}}"}""");
            }
        }

        return $$"""{"results":[{{string.Join(',', results)}}],"count":{{node.Count}},"failed":{{errors.Count}},"errors":[{{string.Join(',', errors)}}]}""";
    }

    private string Repeat(ModelNode node, string iteration)
    {
        var output = "null";
        var rounds = 0;
        do
        {
            output = RunGraph(node.Body!, Path(iteration, rounds++)).Output!;
        }
        while (rounds - 1 < node.Count);
        return $$"""{"result":{{output}},"rounds":{{rounds}}}""";
    }

    private static string Path(string iteration, int index) =>
        iteration.Length == 0 ? index.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{iteration}/{index}");

    private static string Error(string code, string message, string kind) =>
        $$$"""{"error":{"code":"{{{code}}}","message":{{{JsonSerializer.Serialize(message, Relaxed)}}},"kind":"{{{kind}}}"}}""";

    private static JsonSerializerOptions Relaxed { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
