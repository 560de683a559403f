using System.Text;
using Workflows.Engine.Definitions;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>
/// A random definition, and what the outside world answers to each attempt: all of it from one seed, and the same
/// whatever the order in which things happen.
/// </summary>
internal sealed class OwnershipWorkflow
{
    private static readonly string[] Kinds =
        ["noop", "set", "call", "call", "flaky", "slowly", "delay", "event", "list"];

    private readonly Random _random;
    private readonly int _seed;

    public OwnershipWorkflow(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        var nodes = new List<string>();
        var edges = new List<string>();
        for (var place = 0; place < _random.Next(2, 7); place++)
        {
            nodes.Add(Node($"n{place}", Kinds[_random.Next(Kinds.Length)]));
            for (var before = 0; before < place; before++)
            {
                if (_random.Next(place) < 2)
                {
                    edges.Add($$"""{"from": "n{{before}}", "to": "n{{place}}"}""");
                }
            }
        }

        Json = $$"""{"schema": 1, "nodes": [{{string.Join(", ", nodes)}}], "edges": [{{string.Join(", ", edges)}}]}""";
        Workflow = CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(Json), out var workflow, out var problems)
            ? workflow
            : throw new InvalidOperationException($"{string.Join('\n', problems)}\n{Json}");
    }

    public string Json { get; }

    public CompiledWorkflow Workflow { get; }

    /// <summary>Whether the outside world refuses an attempt for now.</summary>
    public bool IsRefused(string node, string iteration, int attempt) =>
        attempt < 3 && (Json.Contains($"\"id\": \"{node}\", \"name\": \"flaky\"", StringComparison.Ordinal)
            || Json.Contains($"\"id\": \"{node}\", \"name\": \"slowly\"", StringComparison.Ordinal))
        && Chance(node, iteration, attempt) % 2 == 0;

    public static byte[] AnswerOf(string node, string iteration) => Encoding.UTF8.GetBytes($"\"{node} {iteration}\"");

    private string Node(string id, string kind) => kind switch
    {
        "noop" => $$"""{"id": "{{id}}", "type": "noop"}""",
        "set" => $$$"""{"id": "{{{id}}}", "type": "set", "parameters": {"value": "{{ 'v' & 1 }}"}}""",
        "call" => Call(id, kind, ""),
        "flaky" => Call(id, kind, """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.1}"""),
        "slowly" => Call(id, kind, """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 30}"""),
        "delay" => $$$"""{"id": "{{{id}}}", "type": "delay", "parameters": {"seconds": 60}}""",
        "event" => $$$"""
            {"id": "{{{id}}}", "type": "waitForEvent",
             "parameters": {"eventType": "e", "correlation": "'{{{id}}}'"}}
            """,
        _ => $$$"""
            {"id": "{{{id}}}", "type": "forEach",
             "parameters": {"items": "{{ [1..{{{_random.Next(1, 5)}}}] }}", "maxParallel": {{{_random.Next(1, 4)}}}},
             "body": {"nodes": [{{{Call(
                 id + "b", "flaky", """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.1}""")}}}],
                      "edges": []}}
            """,
    };

    private static string Call(string id, string kind, string more) => $$$"""
        {"id": "{{{id}}}", "name": "{{{kind}}}", "type": "http",
         "parameters": {"url": "http://x.test/"}{{{more}}}}
        """;

    private int Chance(string node, string iteration, int attempt)
    {
        var hash = _seed;
        foreach (var character in $"{node}/{iteration}/{attempt}")
        {
            hash = unchecked((hash * 31) + character);
        }

        return (hash ^ (hash >> 7)) & 0xFFFF;
    }
}
