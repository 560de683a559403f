using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Api.NodeDefinitions;

/// <param name="Name">Definitions write it as the type <c>custom:NAME</c>; stays as it is.</param>
/// <param name="Schema">The JSON Schema of the node's parameters.</param>
/// <param name="Implementation">
/// <c>{"type": "http", ...}</c> with the parameters of an http node, as templates over <c>input</c>: the node's parameters. Or
/// <c>{"type": "workflow", "workflow": "ID or name", "timeoutSeconds": 60}</c>: the published version of the workflow is run with the parameters as its input, and
/// waited for; a name is replaced by the id.
/// </param>
internal sealed record CreateNodeDefinitionRequest(string Name, JsonElement Schema, JsonElement Implementation, string Description = "");

internal sealed record UpdateNodeDefinitionRequest(JsonElement? Schema = null, JsonElement? Implementation = null, string? Description = null);

internal sealed record NodeDefinitionView(
    Guid Id, string Name, string Type, string Description, RawJson Schema, RawJson Implementation, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Custom nodes. A version of a workflow keeps those it uses as they were when it was saved: a change holds for versions that are saved after it.</summary>
internal static class NodeDefinitionEndpoints
{
    public static void MapNodeDefinitions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/node-definitions").WithTags("Node definitions");
        group.MapGet("", ListAsync).Requires(Permission.WorkflowsRead).WithSummary("List custom nodes");
        group.MapPost("", CreateAsync).Requires(Permission.ConnectorsWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a custom node");
        group.MapGet("/{definitionId:guid}", GetAsync).Requires(Permission.WorkflowsRead).WithSummary("Get a custom node");
        group.MapPatch("/{definitionId:guid}", UpdateAsync).Requires(Permission.ConnectorsWrite).WithSummary("Change a custom node");
        group.MapDelete("/{definitionId:guid}", DeleteAsync).Requires(Permission.ConnectorsWrite).WithSummary("Delete a custom node");
    }

    private static async Task<ApiResponse<List<NodeDefinitionView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "node-definitions");
        var total = await request.Db.NodeDefinitions.CountAsync(query, cancellationToken);
        var rows = await request.Db.NodeDefinitions.AsNoTracking().After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<NodeDefinitionView>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<NodeDefinitionView>(query));
    }

    private static async Task<ApiResponse<NodeDefinitionView>> GetAsync(Guid definitionId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.NodeDefinitions.AsNoTracking().SingleOrDefaultAsync(row => row.Id == definitionId, cancellationToken) is { } row
            ? ApiResponse<NodeDefinitionView>.Ok(View(row), row.Version)
            : new Problem(Errors.NodeDefinitionNotFound);

    private static async Task<ApiResponse<NodeDefinitionView>> CreateAsync(
        Body<CreateNodeDefinitionRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        var checks = new Checks().Text("description", wanted.Description, Limits.DescriptionLength);
        if (!CustomNodes.IsName(wanted.Name))
        {
            checks.Add("name", "NAME", "A name begins with a small letter and has at most 100 letters, digits, '_' and '-'.");
        }

        if (checks.Problem is { } invalid)
        {
            return invalid;
        }

        var id = Guid.CreateVersion7(request.Now);
        var response = await request.ChangeAsync<NodeDefinitionView>(async token =>
        {
            var (implementation, problem) = await CheckAsync(wanted.Schema, wanted.Implementation, request, token);
            if (implementation is null)
            {
                return problem!;
            }

            if (await request.Db.NodeDefinitions.CountAsync(token) >= Limits.NodeDefinitionsPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.NodeDefinitionsPerTenant} custom nodes.");
            }

            var definition = new NodeDefinitionRecord
            {
                TenantId = request.Caller.TenantId,
                Id = id,
                Name = wanted.Name,
                Description = wanted.Description,
                Schema = wanted.Schema.GetRawText(),
                Implementation = implementation,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.NodeDefinitions.Add(definition);
            request.Record("nodeDefinition.create", "nodeDefinition", id, wanted.Name, after: Summary(definition));
            return ApiResponse<NodeDefinitionView>.Created(View(definition), $"/api/v1/node-definitions/{id}", definition.Version);
        });
        invalidation.Publish(Invalidated.NodeDefinition, request.Caller.TenantId, id);
        return response;
    }

    private static async Task<ApiResponse<NodeDefinitionView>> UpdateAsync(
        Guid definitionId, Body<UpdateNodeDefinitionRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        if (new Checks().Text("description", wanted.Description, Limits.DescriptionLength).Problem is { } invalid)
        {
            return invalid;
        }

        var response = await request.ChangeAsync<NodeDefinitionView>(async token =>
        {
            var definition = await request.Db.NodeDefinitions.SingleOrDefaultAsync(row => row.Id == definitionId, token);
            if (definition is null)
            {
                return new Problem(Errors.NodeDefinitionNotFound);
            }

            if (request.CheckMatch(definition) is { } conflict)
            {
                return conflict;
            }

            var before = Summary(definition);
            definition.Schema = wanted.Schema?.GetRawText() ?? definition.Schema;
            definition.Description = wanted.Description ?? definition.Description;
            var wished = wanted.Implementation ?? JsonElement.Parse(definition.Implementation);
            var (implementation, problem) = await CheckAsync(JsonElement.Parse(definition.Schema), wished, request, token);
            if (implementation is null)
            {
                return problem!;
            }

            definition.Implementation = implementation;
            definition.Touch(request.Now);
            request.Record("nodeDefinition.update", "nodeDefinition", definition.Id, definition.Name, before, Summary(definition));
            return ApiResponse<NodeDefinitionView>.Ok(View(definition), definition.Version);
        });
        invalidation.Publish(Invalidated.NodeDefinition, request.Caller.TenantId, definitionId);
        return response;
    }

    private static async Task<ApiResponse<Done>> DeleteAsync(Guid definitionId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var definition = await request.Db.NodeDefinitions.SingleOrDefaultAsync(row => row.Id == definitionId, token);
            if (definition is null)
            {
                return new Problem(Errors.NodeDefinitionNotFound);
            }

            if (request.CheckMatch(definition) is { } conflict)
            {
                return conflict;
            }

            if (await ResourceUsers.OfCustomNodeAsync(request.Db, definition.Name, token) is { } inUse)
            {
                return inUse;
            }

            request.Db.NodeDefinitions.Remove(definition);
            request.Record("nodeDefinition.delete", "nodeDefinition", definition.Id, definition.Name, Summary(definition));
            return new Done(definition.Id, "deleted");
        });
        invalidation.Publish(Invalidated.NodeDefinition, request.Caller.TenantId, definitionId);
        return response;
    }

    // The implementation as it is to be kept, or why it is not.
    private static async Task<(string? Implementation, Problem? Problem)> CheckAsync(
        JsonElement schema, JsonElement implementation, ApiRequest request, CancellationToken token)
    {
        if (schema.GetRawText().Length + implementation.GetRawText().Length > Limits.NodeDefinitionLength)
        {
            return (null, Problem.Invalid("/implementation", $"'schema' and 'implementation' have together at most {Limits.NodeDefinitionLength} characters.", "TOO_LONG"));
        }

        if (!CustomNodeCall.TryAccept(schema, implementation, out var call, out var problems))
        {
            return (null, DefinitionChecks.Refuse(problems, ""));
        }

        if (call.Workflow is { } workflow)
        {
            var (id, unknown) = await FindWorkflowAsync(workflow, request, token);
            return id is null ? (null, DefinitionChecks.Refuse([unknown!], "")) : (WithWorkflow(implementation, id.Value), null);
        }

        return DefinitionChecks.Refuse(await DefinitionChecks.FindMissingAsync(call.Resources, request.Db, token), "") is { } missing
            ? (null, missing)
            : (implementation.GetRawText(), null);
    }

    private static async Task<(Guid? Id, DefinitionProblem? Problem)> FindWorkflowAsync(string workflow, ApiRequest request, CancellationToken token)
    {
        var byName = workflow.ToLowerInvariant();
        var rows = Guid.TryParseExact(workflow, "D", out var id)
            ? request.Db.Workflows.Where(row => row.Id == id)
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL, where names are compared as the index on them does
            : request.Db.Workflows.Where(row => row.Name.ToLower() == byName);
#pragma warning restore CA1304, CA1311, CA1862
        var found = await rows.OrderBy(row => row.Id).Select(row => new { row.Id, row.PublishedVersion }).Take(2).ToListAsync(token);
        return found switch
        {
            [] => (null, Unusable($"There is no workflow '{workflow}'.", "Write the id or the name of a workflow of the tenant.")),
            [_, _] => (null, Unusable($"More than one workflow has the name '{workflow}'.", "Write the id of the one that is meant.")),
            [{ PublishedVersion: null }] => (null, Unusable($"The workflow '{workflow}' is not published.", "Publish it first: its published version is what nodes run.")),
            [var only] => (only.Id, null),
            _ => throw new InvalidOperationException("Two rows were asked for at most."),
        };
    }

    private static DefinitionProblem Unusable(string message, string hint) =>
        new("/implementation/workflow", DefinitionProblemCodes.WorkflowUnknown, message, hint);

    private static string WithWorkflow(JsonElement implementation, Guid workflow)
    {
        var named = JsonNode.Parse(implementation.GetRawText())!.AsObject();
        named["workflow"] = workflow.ToString();
        return named.ToJsonString(Envelope.Json);
    }

    private static object Summary(NodeDefinitionRecord row) =>
        new { row.Description, Schema = new RawJson(row.Schema), Implementation = new RawJson(row.Implementation) };

    private static NodeDefinitionView View(NodeDefinitionRecord row) => new(
        row.Id, row.Name, CustomNodes.Prefix + row.Name, row.Description, new RawJson(row.Schema), new RawJson(row.Implementation), row.Version, row.CreatedAt, row.UpdatedAt);
}
