using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tickets;

/// <summary>Tickets inside a tenant: everybody has their own and those assigned to them, who manages tickets has all.
/// A ticket addressed to the platform is seen by its operators, too.</summary>
internal static class TicketEndpoints
{
    private static readonly string[] Addressees = [Ticket.ToTenant, Ticket.ToPlatform];

    public static void MapTickets(this IEndpointRouteBuilder routes)
    {
        var tickets = routes.MapGroup("/tickets").WithTags("Tickets");
        tickets.MapGet("", ListAsync).Requires(Permission.None).WithSummary("List tickets, newest first");
        tickets.MapGet("/{ticketId:guid}", GetAsync).Requires(Permission.None).WithSummary("Get a ticket");
        tickets.MapPost("", CreateAsync).Requires(Permission.None).WithMetadata(new SuccessStatus(201))
            .WithSummary("Write a ticket to one's tenant or to the platform");
        tickets.MapPatch("/{ticketId:guid}", UpdateAsync).Requires(Permission.None)
            .WithSummary("Change a ticket, close or reopen it");
        tickets.MapDelete("/{ticketId:guid}", DeleteAsync).Requires(Permission.TicketsManage)
            .WithSummary("Delete a ticket with its comments");
        tickets.MapGet("/{ticketId:guid}/comments", ListCommentsAsync).Requires(Permission.None)
            .WithSummary("List comments of a ticket, oldest first");
        tickets.MapPost("/{ticketId:guid}/comment", CommentAsync).Requires(Permission.None)
            .WithMetadata(new SuccessStatus(201)).WithSummary("Comment on a ticket");
    }

    private static async Task<ApiResponse<List<TicketView>>> ListAsync(
        [AsParameters] TicketQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (TicketParts.CheckFilters(filter.Status, filter.Priority) is { } problem)
        {
            return problem;
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"tickets?{filter}:{request.Caller.Id}");
        var me = request.Caller.UserId;
        var tickets = Visible(request);
        tickets = filter.Status is { } status ? tickets.Where(row => row.Status == status) : tickets;
        tickets = filter.Priority is { } priority ? tickets.Where(row => row.Priority == priority) : tickets;
        tickets = filter.Label is { } label ? tickets.Where(row => row.Labels.Contains(label)) : tickets;
        tickets = filter.Assignee is { } assignee ? tickets.Where(row => row.AssigneeId == assignee) : tickets;
        tickets = filter.AddressedTo is { } to ? tickets.Where(row => row.AddressedTo == to) : tickets;
        tickets = filter.Mine == true ? tickets.Where(row => me != null && row.CreatedBy == me) : tickets;
        return await TicketParts.PageAsync(tickets, page, query, cancellationToken);
    }

    private static async Task<ApiResponse<TicketView>> GetAsync(
        Guid ticketId, ApiRequest request, CancellationToken token) =>
        await Visible(request).AsNoTracking().SingleOrDefaultAsync(row => row.Id == ticketId, token) is { } ticket
            ? ApiResponse<TicketView>.Ok(TicketParts.View(ticket), ticket.Version)
            : new Problem(Errors.TicketNotFound);

    private static Task<ApiResponse<TicketView>> CreateAsync(Body<CreateTicketRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var problem = new Checks().Name("title", wanted.Title).Text("text", wanted.Text, Limits.TermsLength)
            .OneOf("addressedTo", wanted.AddressedTo, Addressees)
            .OneOf("priority", wanted.Priority, TicketParts.Priorities).Tags("labels", wanted.Labels).Problem;
        return problem is not null
            ? Task.FromResult<ApiResponse<TicketView>>(problem)
            : request.ChangeAsync<TicketView>(async token =>
            {
                if (await CheckLabelsAsync(request, wanted.Labels, token) is { } unknown)
                {
                    return unknown;
                }

                var ticket = new Ticket
                {
                    TenantId = request.Caller.TenantId,
                    Id = Guid.CreateVersion7(request.Now),
                    AddressedTo = wanted.AddressedTo,
                    Title = wanted.Title,
                    Text = wanted.Text,
                    Priority = wanted.Priority,
                    Labels = [.. (wanted.Labels ?? []).Distinct()],
                    CreatedBy = request.Caller.UserId,
                    CreatedAt = request.Now,
                    UpdatedAt = request.Now,
                };
                request.Db.Tickets.Add(ticket);
                request.Record("ticket.create", "ticket", ticket.Id, ticket.Title, after: TicketParts.Told(ticket));
                return ApiResponse<TicketView>.Created(
                    TicketParts.View(ticket), $"/api/v1/tickets/{ticket.Id}", ticket.Version);
            });
    }

    private static Task<ApiResponse<TicketView>> UpdateAsync(
        Guid ticketId, Body<UpdateTicketRequest> body, ApiRequest request) =>
        request.ChangeAsync<TicketView>(async token =>
        {
            var wanted = body.Value;
            var ticket = await Visible(request).SingleOrDefaultAsync(row => row.Id == ticketId, token);
            if (ticket is null)
            {
                return new Problem(Errors.TicketNotFound);
            }

            if ((request.CheckMatch(ticket) ?? await CheckAsync(request, ticket, wanted, token)) is { } problem)
            {
                return problem;
            }

            var before = TicketParts.Told(ticket);
            ticket.Title = wanted.Title ?? ticket.Title;
            ticket.Text = wanted.Text ?? ticket.Text;
            ticket.Priority = wanted.Priority ?? ticket.Priority;
            ticket.Labels = wanted.Labels is { } labels ? [.. labels.Distinct()] : ticket.Labels;
            ticket.AssigneeId = wanted.AssigneeId is { } assignee
                ? assignee == Guid.Empty ? null : assignee
                : ticket.AssigneeId;
            ticket.SetStatus(wanted.Status, request.Now);
            ticket.Touch(request.Now);
            request.Record("ticket.update", "ticket", ticketId, ticket.Title, before, TicketParts.Told(ticket));
            return ApiResponse<TicketView>.Ok(TicketParts.View(ticket), ticket.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid ticketId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var ticket = await request.Db.Tickets.SingleOrDefaultAsync(row => row.Id == ticketId, token);
            if (ticket is null)
            {
                return new Problem(Errors.TicketNotFound);
            }

            if (request.CheckMatch(ticket) is { } conflict)
            {
                return conflict;
            }

            request.Db.Tickets.Remove(ticket);
            request.Record("ticket.delete", "ticket", ticketId, ticket.Title, before: TicketParts.Told(ticket));
            return new Done(ticketId, "deleted");
        });

    private static async Task<ApiResponse<List<TicketCommentView>>> ListCommentsAsync(
        Guid ticketId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"tickets/{ticketId}/comments");
        return await Visible(request).AnyAsync(row => row.Id == ticketId, cancellationToken)
            ? await TicketParts.CommentsAsync(
                request.Db.TicketComments.Where(row => row.TicketId == ticketId), page, query, cancellationToken)
            : new Problem(Errors.TicketNotFound);
    }

    private static Task<ApiResponse<TicketCommentView>> CommentAsync(
        Guid ticketId, Body<TicketCommentRequest> body, ApiRequest request) =>
        new Checks().Name("text", body.Value.Text, Limits.DescriptionLength).Problem is { } problem
            ? Task.FromResult<ApiResponse<TicketCommentView>>(problem)
            : request.ChangeAsync<TicketCommentView>(async token =>
            {
                var ticket = await Visible(request).AsNoTracking()
                    .SingleOrDefaultAsync(row => row.Id == ticketId, token);
                if (ticket is null)
                {
                    return new Problem(Errors.TicketNotFound);
                }

                var view = await request.CommentAsync(ticket, body.Value.Text, byPlatform: false, token);
                request.Record("ticket.comment", "ticket", ticketId, ticket.Title);
                return ApiResponse<TicketCommentView>.Created(view, $"/api/v1/tickets/{ticketId}/comments");
            });

    private static IQueryable<Ticket> Visible(ApiRequest request)
    {
        var me = request.Caller.UserId;
        return request.Caller.May(Permission.TicketsManage)
            ? request.Db.Tickets
            : request.Db.Tickets.Where(row => me != null && (row.CreatedBy == me || row.AssigneeId == me));
    }

    private static async Task<Problem?> CheckAsync(
        ApiRequest request, Ticket ticket, UpdateTicketRequest wanted, CancellationToken token)
    {
        if (!request.Caller.May(Permission.TicketsManage)
            && (wanted.Priority is not null || wanted.Labels is not null || wanted.AssigneeId is not null
                || wanted.Status is not (null or "open" or Ticket.Closed)
                || ((wanted.Title ?? wanted.Text) is not null && ticket.CreatedBy != request.Caller.UserId)))
        {
            return new Problem(
                Errors.Forbidden,
                "Without the permission 'tickets.manage' you change title and text of your own, close and reopen.",
                [new ErrorDetail("", "PERMISSION", "tickets.manage")]);
        }

        var checks = new Checks().Name("title", wanted.Title).Text("text", wanted.Text, Limits.TermsLength)
            .OneOf("status", wanted.Status, TicketParts.Statuses)
            .OneOf("priority", wanted.Priority, TicketParts.Priorities).Tags("labels", wanted.Labels);
        if (wanted.AssigneeId is { } assignee && assignee != Guid.Empty
            && !await request.Db.Users.AnyAsync(row => row.Id == assignee && row.Active, token))
        {
            checks.Add("assigneeId", "UNKNOWN", "There is no such user.");
        }

        return checks.Problem ?? await CheckLabelsAsync(request, wanted.Labels, token);
    }

    private static async Task<Problem?> CheckLabelsAsync(ApiRequest request, string[]? labels, CancellationToken token)
    {
        if (labels is null || labels.Length == 0)
        {
            return null;
        }

        var known = await request.Db.TicketLabels.Where(row => labels.Contains(row.Name))
            .Select(row => row.Name).ToListAsync(token);
        var unknown = Array.FindIndex(labels, label => !known.Contains(label));
        return unknown < 0
            ? null
            : Problem.Invalid($"/labels/{unknown}", $"There is no label '{labels[unknown]}'.", "UNKNOWN");
    }
}
