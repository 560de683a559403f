using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Secrets;

/// <param name="Name">What expressions read as <c>vars.NAME</c>.</param>
/// <param name="Value">Any JSON. Not for secrets: it is shown.</param>
/// <param name="WorkflowId">The one workflow that sees it; null = all of the tenant.</param>
internal sealed record CreateVariableRequest(string Name, JsonElement Value, Guid? WorkflowId = null, string Description = "");

internal sealed record UpdateVariableRequest(JsonElement? Value = null, string? Description = null);

internal sealed record VariableView(
    Guid Id, string Name, Guid? WorkflowId, RawJson Value, string Description, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Variables of tenant and workflow. An execution sees those that are there when a worker takes it over.</summary>
internal static class VariableEndpoints
{
    public static void MapVariables(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/variables").WithTags("Variables");
        group.MapGet("", ListAsync).Requires(Permission.WorkflowsRead).WithSummary("List variables of the tenant, or of one workflow");
        group.MapPost("", CreateAsync).Requires(Permission.WorkflowsWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a variable");
        group.MapGet("/{variableId:guid}", GetAsync).Requires(Permission.WorkflowsRead).WithSummary("Get a variable");
        group.MapPatch("/{variableId:guid}", UpdateAsync).Requires(Permission.WorkflowsWrite).WithSummary("Change a variable");
        group.MapDelete("/{variableId:guid}", DeleteAsync).Requires(Permission.WorkflowsWrite).WithSummary("Delete a variable");
    }

    private static async Task<ApiResponse<List<VariableView>>> ListAsync(
        [FromQuery(Name = "workflow")] Guid? workflow, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"variables?{workflow}");
        var variables = request.Db.Variables.AsNoTracking().Where(row => row.WorkflowId == workflow);
        var total = await variables.CountAsync(query, cancellationToken);
        var rows = await variables.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<VariableView>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<VariableView>(query));
    }

    private static async Task<ApiResponse<VariableView>> GetAsync(Guid variableId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Variables.AsNoTracking().SingleOrDefaultAsync(row => row.Id == variableId, cancellationToken) is { } variable
            ? ApiResponse<VariableView>.Ok(View(variable), variable.Version)
            : new Problem(Errors.VariableNotFound);

    private static async Task<ApiResponse<VariableView>> CreateAsync(Body<CreateVariableRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var checks = Check(wanted.Value, wanted.Description);
        if (!SecretEndpoints.NameForm().IsMatch(wanted.Name))
        {
            checks.Add("name", "NAME", "A name begins with a letter and has at most 100 letters, digits and '_'.");
        }

        if (checks.Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<VariableView>(async token =>
        {
            if (wanted.WorkflowId is { } workflowId && !await request.Db.Workflows.AnyAsync(row => row.Id == workflowId, token))
            {
                return Problem.Invalid("/workflowId", "There is no such workflow.", "UNKNOWN");
            }

            if (await request.Db.Variables.CountAsync(row => row.WorkflowId == wanted.WorkflowId, token) >= Limits.VariablesPerOwner)
            {
                return new Problem(Errors.LimitReached, $"A tenant, and each workflow, has at most {Limits.VariablesPerOwner} variables.");
            }

            var variable = new Variable
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                WorkflowId = wanted.WorkflowId,
                Name = wanted.Name,
                Value = wanted.Value.GetRawText(),
                Description = wanted.Description,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Variables.Add(variable);
            request.Record("variable.create", "variable", variable.Id, variable.Name, after: wanted);
            return ApiResponse<VariableView>.Created(View(variable), $"/api/v1/variables/{variable.Id}", variable.Version);
        });
    }

    private static async Task<ApiResponse<VariableView>> UpdateAsync(Guid variableId, Body<UpdateVariableRequest> body, ApiRequest request)
    {
        var (value, description) = body.Value;
        if (Check(value, description).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<VariableView>(async token =>
        {
            var variable = await request.Db.Variables.SingleOrDefaultAsync(row => row.Id == variableId, token);
            if (variable is null)
            {
                return new Problem(Errors.VariableNotFound);
            }

            if (request.CheckMatch(variable) is { } conflict)
            {
                return conflict;
            }

            var before = new { Value = new RawJson(variable.Value), variable.Description };
            variable.Value = value?.GetRawText() ?? variable.Value;
            variable.Description = description ?? variable.Description;
            variable.Touch(request.Now);
            request.Record("variable.update", "variable", variable.Id, variable.Name, before, new { Value = new RawJson(variable.Value), variable.Description });
            return ApiResponse<VariableView>.Ok(View(variable), variable.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid variableId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var variable = await request.Db.Variables.SingleOrDefaultAsync(row => row.Id == variableId, token);
        if (variable is null)
        {
            return new Problem(Errors.VariableNotFound);
        }

        if (request.CheckMatch(variable) is { } conflict)
        {
            return conflict;
        }

        request.Db.Variables.Remove(variable);
        request.Record("variable.delete", "variable", variable.Id, variable.Name, new { Value = new RawJson(variable.Value) });
        return new Done(variable.Id, "deleted");
    });

    private static Checks Check(JsonElement? value, string? description)
    {
        var checks = new Checks().Text("description", description, Limits.DescriptionLength);
        return value is { } json && Encoding.UTF8.GetByteCount(json.GetRawText()) > Limits.VariableBytes
            ? checks.Add("value", "TOO_LARGE", $"A variable has at most {Limits.VariableBytes} bytes.")
            : checks;
    }

    private static VariableView View(Variable row) => new(
        row.Id, row.Name, row.WorkflowId, new RawJson(row.Value), row.Description, row.Version, row.CreatedAt, row.UpdatedAt);
}
