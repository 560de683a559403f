using System.Text;
using Workflows.Engine.Definitions;

namespace Workflows.Bench.Engine;

internal static class Workloads
{
    /// <summary>What orders look like: reads the input, branches, computes, joins, reads earlier steps.</summary>
    public const string TenMixed = """
        {
          "schema": 1,
          "nodes": [
            {"id": "start", "type": "start"},
            {"id": "price", "type": "set", "parameters": {"value": {"net": "{{ input.price * input.quantity }}", "customer": "{{ input.customer }}"}}},
            {"id": "large", "type": "if", "parameters": {"condition": "steps.price.output.net > 100"}},
            {"id": "discount", "type": "set", "parameters": {"value": {"factor": 0.9, "why": "more than {{ 100 }}"}}},
            {"id": "full", "type": "set", "parameters": {"value": {"factor": 1}}},
            {"id": "join", "type": "join"},
            {"id": "total", "type": "set", "parameters": {"value": {"gross": "{{ steps.price.output.net * (steps.discount.output.factor ? steps.discount.output.factor : 1) }}"}}},
            {"id": "route", "type": "switch", "parameters": {"cases": [{"port": "eu", "when": "input.country = 'DE'"}, {"port": "us", "when": "input.country = 'US'"}]}},
            {"id": "eu", "type": "set", "parameters": {"value": {"vat": "{{ steps.total.output.gross * 0.19 }}"}}},
            {"id": "text", "type": "set", "parameters": {"value": {"line": "Order {{ input.id }} of {{ input.customer }}: {{ steps.total.output.gross }}"}}},
            {"id": "us", "type": "noop"}
          ],
          "edges": [
            {"from": "start", "to": "price"}, {"from": "price", "to": "large"},
            {"from": "large", "port": "true", "to": "discount"}, {"from": "large", "port": "false", "to": "full"},
            {"from": "discount", "to": "join"}, {"from": "full", "to": "join"}, {"from": "join", "to": "total"},
            {"from": "total", "to": "route"}, {"from": "route", "port": "eu", "to": "eu"}, {"from": "route", "port": "us", "to": "us"},
            {"from": "eu", "to": "text"}
          ]
        }
        """;

    /// <summary>1,000 rounds in parallel, each with one effect.</summary>
    private const string FanOut = """
        {
          "schema": 1,
          "nodes": [{"id": "l", "type": "forEach", "parameters": {"items": "{{ [1..1000] }}", "maxParallel": 1000},
                     "body": {"nodes": [{"id": "e", "type": "set", "effect": true, "parameters": {"value": "{{ item }}"}}], "edges": []}}],
          "edges": []
        }
        """;

    private const string Order = """{"id": "o-1", "customer": "Ada", "price": 19.99, "quantity": 12, "country": "DE"}""";

    public static string TenEffects { get; } = Chain(10, index =>
        $$$"""{"id": "n{{{index}}}", "type": "set", "effect": true, "parameters": {"value": {"text": "{{{new string('x', 1_000)}}}"} } }""");

    public static IReadOnlyList<(string Name, string Json, string Input)> All { get; } =
    [
        ("one-noop", Chain(1, index => $$"""{"id": "n{{index}}", "type": "noop"}"""), "{}"),
        ("ten-noops", Chain(10, index => $$"""{"id": "n{{index}}", "type": "noop"}"""), "{}"),
        ("ten-effects", TenEffects, "{}"),
        ("ten-mixed", TenMixed, Order),
        ("fan-out-1000", FanOut, "{}"),
    ];

    public static CompiledWorkflow Compile(string json) =>
        CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out var workflow, out var problems)
            ? workflow
            : throw new InvalidOperationException(string.Join('\n', problems));

    public static string Large(int count)
    {
        var json = Chain(count, index => index == 0
            ? """{"id": "n0", "type": "set", "parameters": {"value": 1}}"""
            : $$$"""{"id": "n{{{index}}}", "type": "set", "parameters": {"value": {"sum": "{{ steps.n{{{index - 1}}}.output.sum + input.amount }}"} } }""");
        return json;
    }

    private static string Chain(int count, Func<int, string> node)
    {
        var nodes = string.Join(',', Enumerable.Range(0, count).Select(node));
        var edges = string.Join(',', Enumerable.Range(1, count - 1).Select(index => $$"""{"from": "n{{index - 1}}", "to": "n{{index}}"}"""));
        return $$"""{"schema": 1, "nodes": [{{nodes}}], "edges": [{{edges}}]}""";
    }
}
