using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Nodes;

namespace Workflows.Api.NodeTypes;

/// <summary>The node types of this release and of the tenant: what editors draw their forms from.</summary>
internal static class NodeTypeEndpoints
{
    // They are fixed for the life of the process.
    private static readonly IReadOnlyList<(string Name, string Category, RawJson Json)> All =
        [.. NodeCatalogue.All.Select(type => (type.Name, type.Category, new RawJson(Write(type.WriteTo))))];

    public static void MapNodeTypes(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/node-types").WithTags("Node types").Requires(Permission.WorkflowsRead);
        group.MapGet("", ListAsync).WithSummary("List node types: ports, parameters, JSON Schema");
        group.MapGet("/{nodeType}", GetAsync).WithSummary("Get a node type");
    }

    private static async Task<ApiResponse<List<RawJson>>> ListAsync(
        [FromQuery(Name = "category")] string? category, ApiRequest request, CancellationToken cancellationToken)
    {
        var types = All.Where(type => category is null || type.Category == category).Select(type => type.Json).ToList();
        if (category is null or "custom")
        {
            var own = await request.Db.NodeDefinitions.AsNoTracking().OrderBy(row => row.Name).ToListAsync(cancellationToken);
            types.AddRange(own.Select(Custom));
        }

        return types;
    }

    private static async Task<ApiResponse<RawJson>> GetAsync(string nodeType, ApiRequest request, CancellationToken cancellationToken)
    {
        var own = CustomNodes.NameOf(nodeType) is { } name
            ? await request.Db.NodeDefinitions.AsNoTracking().SingleOrDefaultAsync(row => row.Name == name, cancellationToken)
            : null;
        return own is not null ? Custom(own)
            : All.FirstOrDefault(type => type.Name == nodeType) is { Name: not null } found ? found.Json
            : new Problem(Errors.NodeNotFound, "There is no such node type.");
    }

    private static RawJson Custom(NodeDefinitionRecord row) =>
        new(Write(writer => CustomNodes.WriteTo(
            writer,
            new CustomNodeDefinition(row.Name, row.Version, JsonElement.Parse(row.Schema), JsonElement.Parse(row.Implementation)) { Description = row.Description })));

    private static string Write(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
