using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tickets;

/// <summary>Tickets of all tenants that are addressed to the platform, for its operators. Of the tenants they see
/// nothing else by it: the database shows them these rows and no others.</summary>
internal static class PlatformTicketEndpoints
{
    public static void MapPlatformTickets(this IEndpointRouteBuilder routes)
    {
        var tickets = routes.MapGroup("/platform/tickets").WithTags("Tickets");
        tickets.MapGet("", ListAsync).Requires(Permission.PlatformRead)
            .WithSummary("List tickets addressed to the platform, of all tenants, newest first");
        tickets.MapGet("/{ticketId:guid}", GetAsync).Requires(Permission.PlatformRead)
            .WithSummary("Get a ticket addressed to the platform");
        tickets.MapPatch("/{ticketId:guid}", UpdateAsync).Requires(Permission.PlatformManage)
            .WithSummary("Change status or priority of a ticket addressed to the platform");
        tickets.MapGet("/{ticketId:guid}/comments", ListCommentsAsync).Requires(Permission.PlatformRead)
            .WithSummary("List comments of a ticket addressed to the platform");
        tickets.MapPost("/{ticketId:guid}/comment", CommentAsync).Requires(Permission.PlatformManage)
            .WithMetadata(new SuccessStatus(201)).WithSummary("Comment on a ticket addressed to the platform");
    }

    private static async Task<ApiResponse<List<TicketView>>> ListAsync(
        [AsParameters] PlatformTicketQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (TicketParts.CheckFilters(filter.Status, filter.Priority) is { } problem)
        {
            return problem;
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"platform/tickets?{filter}");
        var tickets = Addressed(request);
        tickets = filter.Tenant is { } tenant ? tickets.Where(row => row.TenantId == tenant) : tickets;
        tickets = filter.Status is { } status ? tickets.Where(row => row.Status == status) : tickets;
        tickets = filter.Priority is { } priority ? tickets.Where(row => row.Priority == priority) : tickets;
        return await TicketParts.PageAsync(tickets, page, query, cancellationToken);
    }

    private static async Task<ApiResponse<TicketView>> GetAsync(
        Guid ticketId, ApiRequest request, CancellationToken token) =>
        await FindAsync(request, ticketId, token) is { } ticket
            ? ApiResponse<TicketView>.Ok(TicketParts.View(ticket), ticket.Version)
            : new Problem(Errors.TicketNotFound);

    private static Task<ApiResponse<TicketView>> UpdateAsync(
        Guid ticketId, Body<UpdatePlatformTicketRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var problem = new Checks().OneOf("status", wanted.Status, TicketParts.Statuses)
            .OneOf("priority", wanted.Priority, TicketParts.Priorities).Problem;
        return problem is not null
            ? Task.FromResult<ApiResponse<TicketView>>(problem)
            : InTenantAsync<TicketView>(request, ticketId, "ticket.update", (ticket, _) =>
            {
                if (request.CheckMatch(ticket) is { } conflict)
                {
                    return Task.FromResult<ApiResponse<TicketView>>(conflict);
                }

                ticket.Priority = wanted.Priority ?? ticket.Priority;
                ticket.SetStatus(wanted.Status, request.Now);
                ticket.Touch(request.Now);
                return Task.FromResult(ApiResponse<TicketView>.Ok(TicketParts.View(ticket), ticket.Version));
            });
    }

    private static async Task<ApiResponse<List<TicketCommentView>>> ListCommentsAsync(
        Guid ticketId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"platform/tickets/{ticketId}/comments");
        return await FindAsync(request, ticketId, cancellationToken) is { } ticket
            ? await TicketParts.CommentsAsync(
                request.Db.TicketComments.IgnoreQueryFilters()
                    .Where(row => row.TenantId == ticket.TenantId && row.TicketId == ticketId),
                page, query, cancellationToken)
            : new Problem(Errors.TicketNotFound);
    }

    private static Task<ApiResponse<TicketCommentView>> CommentAsync(
        Guid ticketId, Body<TicketCommentRequest> body, ApiRequest request) =>
        new Checks().Name("text", body.Value.Text, Limits.DescriptionLength).Problem is { } problem
            ? Task.FromResult<ApiResponse<TicketCommentView>>(problem)
            : InTenantAsync<TicketCommentView>(request, ticketId, "ticket.comment", async (ticket, token) =>
                ApiResponse<TicketCommentView>.Created(
                    await request.CommentAsync(ticket, body.Value.Text, byPlatform: true, token),
                    $"/api/v1/platform/tickets/{ticketId}/comments"));

    // Under the tenant's own policies, with a row in the activity of both.
    private static Task<ApiResponse<T>> InTenantAsync<T>(
        ApiRequest request, Guid ticketId, string action, Func<Ticket, CancellationToken, Task<ApiResponse<T>>> work) =>
        request.ChangeAsync<T>(async token =>
        {
            if (await FindAsync(request, ticketId, token) is not { } found)
            {
                return new Problem(Errors.TicketNotFound);
            }

            var response = await request.Db.UnderTenantAsync(found.TenantId, async inside =>
            {
                var ticket = await request.Db.Tickets.SingleAsync(row => row.Id == ticketId, inside);
                var answer = await work(ticket, inside);
                if (answer.Problem is null)
                {
                    request.RecordIn(
                        found.TenantId, action, "ticket", ticketId, ticket.Title, TicketParts.Told(found),
                        TicketParts.Told(ticket));
                }

                return answer;
            }, token);
            if (response.Problem is null)
            {
                request.Record(action, "ticket", ticketId, null, after: new { found.TenantId });
            }

            return response;
        });

    private static IQueryable<Ticket> Addressed(ApiRequest request) =>
        request.Db.Tickets.IgnoreQueryFilters().Where(row => row.AddressedTo == Ticket.ToPlatform);

    private static Task<Ticket?> FindAsync(ApiRequest request, Guid ticketId, CancellationToken token) =>
        Addressed(request).AsNoTracking().SingleOrDefaultAsync(row => row.Id == ticketId, token);
}
