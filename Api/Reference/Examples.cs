using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Workflows.Api.Http;

namespace Workflows.Api.Reference;

/// <summary>Request bodies that work as they stand; a test sends each of them.</summary>
internal static class Examples
{
    private const string Definition = """
        {
          "schema": 1,
          "triggers": [{ "id": "ordered", "type": "event", "eventType": "order.created" }],
          "nodes": [
            { "id": "begin", "type": "noop" },
            { "id": "total", "type": "set", "parameters": { "value": { "gross": "{{ input.net * 1.19 }}" } } }
          ],
          "edges": [{ "from": "begin", "to": "total" }],
          "parameters": { "type": "object", "properties": { "net": { "type": "number" } } }
        }
        """;

    /// <summary>By operation id.</summary>
    public static IReadOnlyDictionary<string, string> Bodies { get; } = new Dictionary<string, string>
    {
        ["postAuthLogin"] = """{ "email": "owner@localhost", "password": "a password of yours" }""",
        ["postWorkspaces"] = """{ "name": "Sales", "description": "Everything about orders" }""",
        ["postApiKeys"] = """{ "name": "web shop", "scopes": ["executions.start", "events.publish"] }""",
        ["postUsers"] = """{ "email": "ada@example.com", "name": "Ada", "password": "correct horse battery", "roles": ["editor"] }""",
        ["postWorkflows"] = $$"""{ "name": "Order", "tags": ["shop"], "definition": {{Definition}} }""",
        ["postWorkflowsValidate"] = $$"""{ "definition": {{Definition}} }""",
        ["postWorkflowsWorkflowIdExecute"] = """{ "input": { "net": 100 }, "correlationId": "order-4711" }""",
        ["postWorkflowsWorkflowIdExecuteBulk"] = """{ "executions": [{ "input": { "net": 1 } }, { "input": { "net": 2 } }] }""",
        ["postWorkflowsWorkflowIdCheckOut"] = """{ "comment": "new discounts", "minutes": 30 }""",
        ["postWorkflowsWorkflowIdCheckIn"] = $$"""{ "comment": "new discounts", "definition": {{Definition}} }""",
        ["postEvents"] = """
            { "specversion": "1.0", "id": "4711", "source": "/shop", "type": "order.created", "subject": "order-4711", "data": { "net": 100 } }
            """,
    };

    public static void Apply(OpenApiOperation operation)
    {
        if (operation.OperationId is { } id && Bodies.TryGetValue(id, out var body) && operation.RequestBody?.Content is { } content)
        {
            foreach (var media in content.Values)
            {
                media.Example = JsonNode.Parse(body);
            }
        }
    }

    /// <summary>What a request that fails with the code answers.</summary>
    public static JsonObject Of(ErrorCode error) => new()
    {
        ["success"] = false,
        ["error"] = new JsonObject { ["code"] = error.Code, ["message"] = error.Meaning, ["details"] = null },
        ["meta"] = new JsonObject
        {
            ["timestamp"] = "2026-01-31T12:00:00Z",
            ["version"] = Envelope.Version,
            ["requestId"] = "0198c1f0d3b27cc5a1f4c2d05d2b9a10",
        },
    };
}
