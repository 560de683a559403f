using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tickets;

/// <summary>Labels that tickets of a tenant may bear.</summary>
internal static partial class LabelEndpoints
{
    public static void MapTicketLabels(this IEndpointRouteBuilder routes)
    {
        var labels = routes.MapGroup("/ticket-labels").WithTags("Tickets");
        labels.MapGet("", ListAsync).Requires(Permission.None).WithSummary("List labels of tickets by name");
        labels.MapPost("", CreateAsync).Requires(Permission.TicketsManage).WithMetadata(new SuccessStatus(201))
            .WithSummary("Create a label");
        labels.MapPatch("/{labelId:guid}", UpdateAsync).Requires(Permission.TicketsManage)
            .WithSummary("Change a label's color or description");
        labels.MapDelete("/{labelId:guid}", DeleteAsync).Requires(Permission.TicketsManage)
            .WithSummary("Delete a label and take it off all tickets");
    }

    private static async Task<ApiResponse<List<LabelView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<TextKey>(query, request.Caller.TenantId, "ticket-labels");
        var labels = request.Db.TicketLabels.AsNoTracking();
        var total = await labels.CountAsync(query, cancellationToken);
        var rows = await labels.After(page, after => row => string.Compare(row.Name, after.Text) > 0)
            .OrderBy(row => row.Name).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new TextKey(row.Name, row.Id), total);
        return ApiResponse<List<LabelView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<LabelView>(query));
    }

    private static Task<ApiResponse<LabelView>> CreateAsync(Body<CreateLabelRequest> body, ApiRequest request)
    {
        var wanted = body.Value with { Name = Names.Clean(body.Value.Name) };
        var checks = new Checks().Name("name", wanted.Name, Limits.TagLength);
        return Check(checks, wanted.Color, wanted.Description) is { } problem
            ? Task.FromResult<ApiResponse<LabelView>>(problem)
            : request.ChangeAsync<LabelView>(async token =>
            {
                if (await request.Db.TicketLabels.CountAsync(token) >= Limits.LabelsPerTenant)
                {
                    return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.LabelsPerTenant} labels.");
                }

                var label = new TicketLabel
                {
                    TenantId = request.Caller.TenantId,
                    Id = Guid.CreateVersion7(request.Now),
                    Name = wanted.Name,
                    Color = wanted.Color,
                    Description = wanted.Description,
                    CreatedAt = request.Now,
                    UpdatedAt = request.Now,
                };
                request.Db.TicketLabels.Add(label);
                request.Record("ticket-label.create", "ticket_label", label.Id, label.Name, after: View(label));
                return ApiResponse<LabelView>.Created(
                    View(label), $"/api/v1/ticket-labels/{label.Id}", label.Version);
            });
    }

    private static Task<ApiResponse<LabelView>> UpdateAsync(
        Guid labelId, Body<UpdateLabelRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        return Check(new Checks(), wanted.Color, wanted.Description) is { } problem
            ? Task.FromResult<ApiResponse<LabelView>>(problem)
            : request.ChangeAsync<LabelView>(async token =>
            {
                var label = await request.Db.TicketLabels.SingleOrDefaultAsync(row => row.Id == labelId, token);
                if (label is null)
                {
                    return new Problem(Errors.TicketLabelNotFound);
                }

                if (request.CheckMatch(label) is { } conflict)
                {
                    return conflict;
                }

                var before = View(label);
                label.Color = wanted.Color ?? label.Color;
                label.Description = wanted.Description ?? label.Description;
                label.Touch(request.Now);
                request.Record("ticket-label.update", "ticket_label", labelId, label.Name, before, View(label));
                return ApiResponse<LabelView>.Ok(View(label), label.Version);
            });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid labelId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var label = await request.Db.TicketLabels.SingleOrDefaultAsync(row => row.Id == labelId, token);
            if (label is null)
            {
                return new Problem(Errors.TicketLabelNotFound);
            }

            if (request.CheckMatch(label) is { } conflict)
            {
                return conflict;
            }

            await request.Db.Database.ExecuteSqlAsync(
                $"""
                 update tickets set labels = array_remove(labels, {label.Name}), version = version + 1
                 where tenant_id = {request.Caller.TenantId} and labels @> array[{label.Name}]
                 """, token);
            request.Db.TicketLabels.Remove(label);
            request.Record("ticket-label.delete", "ticket_label", labelId, label.Name, before: View(label));
            return new Done(labelId, "deleted");
        });

    private static Problem? Check(Checks checks, string? color, string? description)
    {
        checks.Text("description", description, Limits.DescriptionLength);
        return (string.IsNullOrEmpty(color) || ColorForm().IsMatch(color)
            ? checks
            : checks.Add("color", "COLOR", "A color is # and six hexadecimal digits.")).Problem;
    }

    private static LabelView View(TicketLabel row) =>
        new(row.Id, row.Name, row.Color, row.Description, row.Version, row.CreatedAt, row.UpdatedAt);

    [GeneratedRegex("^#[0-9A-Fa-f]{6}$")]
    private static partial Regex ColorForm();
}
