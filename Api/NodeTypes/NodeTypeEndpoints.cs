using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Engine.Nodes;

namespace Workflows.Api.NodeTypes;

/// <summary>The node types of this release: what editors draw their forms from.</summary>
internal static class NodeTypeEndpoints
{
    // They are fixed for the life of the process.
    private static readonly IReadOnlyList<(string Name, string Category, RawJson Json)> All =
        [.. NodeCatalogue.All.Select(type => (type.Name, type.Category, new RawJson(Write(type))))];

    public static void MapNodeTypes(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/node-types").WithTags("Node types").Requires(Permission.WorkflowsRead);
        group.MapGet("", List).WithSummary("List node types: ports, parameters, JSON Schema");
        group.MapGet("/{nodeType}", Get).WithSummary("Get a node type");
    }

    private static ApiResponse<List<RawJson>> List([FromQuery(Name = "category")] string? category) =>
        All.Where(type => category is null || type.Category == category).Select(type => type.Json).ToList();

    private static ApiResponse<RawJson> Get(string nodeType) =>
        All.FirstOrDefault(type => type.Name == nodeType) is { Name: not null } found ? found.Json : new Problem(Errors.NodeNotFound, "There is no such node type.");

    private static string Write(NodeType type)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            type.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
