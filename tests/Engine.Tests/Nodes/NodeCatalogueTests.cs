using System.Buffers;
using System.Text;
using System.Text.Json;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>What the parameter records say of themselves: JSON for the console, JSON Schema for editors, the documentation page.</summary>
public sealed class NodeCatalogueTests
{
    [Fact]
    public void Every_node_type_describes_itself_completely()
    {
        Assert.Equal(NodeCatalogue.Names.Count, NodeCatalogue.Names.Distinct().Count());
        Assert.All(NodeCatalogue.All, type =>
        {
            Assert.Same(type, NodeCatalogue.Find(type.Name));
            AssertSentence(type.Summary);
            AssertSentence(type.OutputSummary);
            Assert.All(type.Ports, port => AssertSentence(port.Summary));
            Assert.All(type.Parameters.SelectMany(parameter => parameter.Fields.Prepend(parameter)), parameter =>
            {
                AssertSentence(parameter.Summary);
                AssertJson(parameter.Example);
                AssertJson(parameter.DefaultJson);
            });
        });
    }

    [Fact]
    public void Only_runners_see_secrets() => Assert.All(
        NodeCatalogue.All.Where(type => type.Effect != NodeEffect.Effect),
        type => Assert.DoesNotContain(type.Parameters.SelectMany(parameter => parameter.Fields.Prepend(parameter)), parameter => parameter.Secret));

    [Fact]
    public void A_type_that_does_not_exist_is_not_found() => Assert.Null(NodeCatalogue.Find("teleport"));

    [Fact]
    public void The_json_of_a_type_has_what_a_form_needs()
    {
        var http = Write(NodeCatalogue.Find("http")!);

        Assert.Equal("effect", http.GetProperty("effect").GetString());
        var parameters = http.GetProperty("parameters").EnumerateArray().ToDictionary(parameter => parameter.GetProperty("name").GetString()!);
        Assert.Equal("choice", parameters["method"].GetProperty("kind").GetString());
        Assert.Equal("get", parameters["method"].GetProperty("default").GetString());
        Assert.Equal(["get", "post", "put", "patch", "delete", "head", "options"], parameters["method"].GetProperty("choices").EnumerateArray().Select(choice => choice.GetString()));
        Assert.True(parameters["url"].GetProperty("required").GetBoolean());
        Assert.True(parameters["url"].GetProperty("templated").GetBoolean());
        Assert.Equal(30, parameters["timeoutSeconds"].GetProperty("default").GetDouble());
        Assert.Equal(3_600, parameters["timeoutSeconds"].GetProperty("max").GetDouble());
        Assert.Equal(["main", "error"], http.GetProperty("ports").EnumerateArray().Select(port => port.GetProperty("name").GetString()));
    }

    [Fact]
    public void The_schema_of_a_type_says_what_is_required_and_what_may_be_an_expression()
    {
        var schema = Write(NodeCatalogue.Find("delay")!).GetProperty("schema");

        Assert.False(schema.GetProperty("additionalProperties").GetBoolean());
        var seconds = schema.GetProperty("properties").GetProperty("seconds").GetProperty("anyOf");
        Assert.Equal("number", seconds[0].GetProperty("type").GetString());
        Assert.Equal("string", seconds[1].GetProperty("type").GetString());

        var cases = Write(NodeCatalogue.Find("switch")!).GetProperty("schema").GetProperty("properties").GetProperty("cases");
        Assert.Equal("array", cases.GetProperty("type").GetString());
        Assert.Equal(["port", "when"], cases.GetProperty("items").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public void The_documentation_shows_every_type_and_parameter()
    {
        var text = new StringBuilder("""
            # Node types

            This page is written from the parameter records in `Engine/Nodes` and compared with them by a test (`WORKFLOWS_UPDATE_DOCS=1`
            rewrites it). **T** marks parameters whose value, or any text within it, may be or hold `{{ expression }}`; **S** those whose
            expressions may read `secrets.NAME`.

            Every node may also have `name`, `position`, `retry`, `timeoutSeconds`, `onError`, `effect` and `compensate`: the id of a node of the same graph,
            without edges, that undoes this one when the execution fails. Types with a body have, instead of `retry` and `timeoutSeconds`, `body`:
            `{"nodes": [...], "edges": [...], "output": template}`. Its nodes see the steps before the loop; nothing outside sees theirs.

            """);
        foreach (var type in NodeCatalogue.All)
        {
            text.Append($"\n## {type.Name}\n\n{type.Summary} *({type.Category}, {type.Effect.ToString().ToLowerInvariant()})*\n\n");
            text.Append($"Output: {type.OutputSummary}\n");
            text.Append(type.HasBody ? "\nHas a body.\n" : "");
            AppendPorts(text, type);
            AppendParameters(text, type.Parameters, prefix: "");
        }

        text.Append("""

            ## custom:NAME

            A type of the tenant's own, made under `/api/v1/node-definitions`: a JSON Schema of the parameters, and what a node of the type does.

            - `{"type": "http", ...}` is an HTTP call with the parameters of `http` as templates over `input`, the node's parameters; it reads nothing else, and
              credentials come from its connector. Output, retries and idempotency key are those of `http`.
            - `{"type": "workflow", "workflow": "ID or name", "timeoutSeconds": 60}` is an execution of that workflow, in the version that is published when the
              node runs, with the node's parameters as its input. The node waits for its end as `subworkflow` does: its output is the node's, its failure the error
              `CHILD_FAILED`; it is cancelled with its parent or when its time is over, and at most 20 of them start each other. A name is replaced by the id when
              the custom node is saved; the workflow must be published then. When it is gone, unpublished or disabled later, the node fails with
              `WORKFLOW_NOT_FOUND`, `WORKFLOW_NOT_PUBLISHED` or `WORKFLOW_DISABLED`; where its limit refuses it, with `CONCURRENCY_SKIPPED`, which `retry` may try again.
              `timeoutSeconds` of the node comes before that of the custom node.

            Ports are `main` and `error`. Any text of the parameters may be or hold `{{ expression }}`, without `secrets`. What is constant is checked against the
            schema when the workflow is saved, what expressions yield when the node runs (`PARAMETER_INVALID`).

            A version of a workflow keeps the custom nodes it uses as they are when it is saved; `GET /workflows/{id}/versions/{number}` says which version of each.
            A change of a custom node holds for versions saved after it, so neither running executions nor published workflows change by it; to take it up, save the
            workflow again and publish it. A deleted custom node goes on working in versions that keep it, and they can no longer be published or restored. A restored
            version keeps those of the version it was made from. What custom nodes name, the connector and the workflow, is not kept: it is what it is at the time.
            Versions that were saved before versions kept custom nodes look up HTTP calls at each run, and fail with `NODE_DEFINITION_NOT_KEPT` where the custom node is
            a workflow by now.

            """);
        Repository.AssertDocument("docs/node-types.md", text.ToString());
    }

    private static void AppendPorts(StringBuilder text, NodeType type)
    {
        if (type.Ports.Count == 0)
        {
            text.Append("\nPorts: none.\n");
            return;
        }

        text.Append("\n| port | taken when |\n|---|---|\n");
        foreach (var port in type.Ports)
        {
            text.Append($"| `{port.Name}` | {port.Summary} |\n");
        }

        if (type.PortsOfParameters is { } further)
        {
            text.Append($"| ... | {further} |\n");
        }
    }

    private static void AppendParameters(StringBuilder text, IReadOnlyList<NodeParameter> parameters, string prefix)
    {
        if (parameters.Count > 0 && prefix.Length == 0)
        {
            text.Append("\n| parameter | kind | default | |\n|---|---|---|---|\n");
        }

        foreach (var parameter in parameters)
        {
            var kind = parameter.Choices.Count > 0
                ? string.Join(", ", parameter.Choices.Select(choice => $"`{choice}`"))
                : parameter.Kind.ToString().ToLowerInvariant();
            text.Append($"| `{prefix}{parameter.Name}`{(parameter.Required ? " (required)" : "")} | {kind}{(parameter.Templated ? " **T**" : "")}{(parameter.Secret ? " **S**" : "")} ");
            text.Append($"| {(parameter.DefaultJson is { } json ? $"`{json}`" : "")} | {parameter.Summary}");
            text.Append(parameter.Example is { } example ? $" E.g. `{example}`." : "").Append(" |\n");
            AppendParameters(text, parameter.Fields, $"{prefix}{parameter.Name}[].");
        }
    }

    private static JsonElement Write(NodeType type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            type.WriteTo(writer);
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private static void AssertSentence(string text) => Assert.Matches(@"^[A-Z`].*\.$", text);

    private static void AssertJson(string? json)
    {
        if (json is not null)
        {
            JsonElement.Parse(json);
        }
    }
}
