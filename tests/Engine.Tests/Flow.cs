using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Tests;

/// <summary>Definitions in few words.</summary>
internal static class Flow
{
    // The validator takes seconds for what the engine reads in milliseconds.
    private const int LargestForSchema = 20_000;

    /// <param name="nodes">JSON objects, separated by commas.</param>
    /// <param name="edges"><c>a&gt;b, a.true&gt;c</c>: from, port (main if left out), to.</param>
    /// <param name="rest">Further members of the definition, each with a comma before it.</param>
    public static string Json(string nodes, string edges = "", string rest = "") =>
        $$"""{"schema": 1, "nodes": [{{nodes}}], "edges": [{{Edges(edges)}}]{{rest}}}""";

    public static string Noop(string id) => $$"""{"id": "{{id}}", "type": "noop"}""";

    /// <summary>A node of a pure type that runs through the worker, so that a test decides when, and how, it ends.</summary>
    public static string Effect(string id, string more = "") =>
        $$$"""{"id": "{{{id}}}", "type": "set", "effect": true, "parameters": {"value": 1}{{{more}}}}""";

    public static string Set(string id, string value) => $$$"""{"id": "{{{id}}}", "type": "set", "parameters": {"value": {{{value}}}}}""";

    public static string Join(string id, string parameters) => $$$"""{"id": "{{{id}}}", "type": "join", "parameters": { {{{parameters}}} }}""";

    /// <param name="items">An expression.</param>
    /// <param name="rest">Further members of the body, each with a comma before it.</param>
    public static string ForEach(string id, string items, string nodes, string edges = "", string rest = "", string parameters = "", string more = "") =>
        $$$"""{"id": "{{{id}}}", "type": "forEach", "parameters": {"items": "{{ {{{items}}} }}"{{{parameters}}}}, "body": {"nodes": [{{{nodes}}}], "edges": [{{{Edges(edges)}}}]{{{rest}}}}{{{more}}}}""";

    public static string Repeat(string id, string parameters, string nodes, string edges = "", string rest = "", string more = "") =>
        $$$"""{"id": "{{{id}}}", "type": "repeat", "parameters": { {{{parameters}}} }, "body": {"nodes": [{{{nodes}}}], "edges": [{{{Edges(edges)}}}]{{{rest}}}}{{{more}}}}""";

    public static string If(string id, string condition) =>
        $$$"""{"id": "{{{id}}}", "type": "if", "parameters": {"condition": {{{JsonSerializer.Serialize(condition)}}}}}""";

    public static IReadOnlyList<DefinitionProblem> Problems(string json)
    {
        CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out var workflow, out var problems);
        Assert.Equal(workflow is null, problems.Count > 0);
        return problems;
    }

    /// <summary>What is compiled here the published schema accepts, too.</summary>
    public static CompiledWorkflow Compile(string json)
    {
        CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out var workflow, out var problems);
        Assert.True(workflow is not null, string.Join('\n', problems));
        if (json.Length <= LargestForSchema)
        {
            Assert.Null(PublishedSchema.FindProblem(json));
        }

        return workflow;
    }

    public static CompiledWorkflow Compile(string nodes, string edges, string rest = "") => Compile(Json(nodes, edges, rest));

    private static string Edges(string edges) => string.Join(", ", edges
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(edge =>
        {
            var ends = edge.Split('>', StringSplitOptions.TrimEntries);
            var from = ends[0].Split('.');
            return from.Length == 1
                ? $$"""{"from": "{{from[0]}}", "to": "{{ends[1]}}"}"""
                : $$"""{"from": "{{from[0]}}", "port": "{{from[1]}}", "to": "{{ends[1]}}"}""";
        }));
}
