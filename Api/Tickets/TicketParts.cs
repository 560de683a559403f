using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tickets;

/// <summary>What the tenant's side of tickets and the platform's have in common.</summary>
internal static class TicketParts
{
    public static readonly string[] Statuses = ["open", "in_progress", "waiting", "resolved", Ticket.Closed];
    public static readonly string[] Priorities = ["low", "normal", "high", "urgent"];

    public static TicketView View(Ticket row) => new(
        row.Id, row.TenantId, row.AddressedTo, row.Title, row.Text, row.Status, row.Priority, row.Labels,
        row.CreatedBy, row.AssigneeId, row.ClosedAt, row.Version, row.CreatedAt, row.UpdatedAt);

    public static object Told(Ticket row) =>
        new { row.Title, row.Status, row.Priority, row.Labels, row.AssigneeId, row.AddressedTo };

    public static void SetStatus(this Ticket ticket, string? status, DateTimeOffset now)
    {
        ticket.Status = status ?? ticket.Status;
        ticket.ClosedAt = ticket.Status == Ticket.Closed ? ticket.ClosedAt ?? now : null;
    }

    /// <summary>Null when filters can be used.</summary>
    public static Problem? CheckFilters(string? status, string? priority) =>
        status is not null && !Statuses.Contains(status)
            ? Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.")
            : priority is not null && !Priorities.Contains(priority)
                ? Problem.Parameter("priority", $"'priority' is one of {string.Join(", ", Priorities)}.")
                : null;

    public static async Task<ApiResponse<List<TicketView>>> PageAsync(
        IQueryable<Ticket> tickets, PageRequest<IdKey> page, PageQuery query, CancellationToken token)
    {
        var total = await tickets.CountAsync(query, token);
        var rows = await tickets.AsNoTracking().After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id).Take(page.Take).ToListAsync(token);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<TicketView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<TicketView>(query));
    }

    /// <summary>A page of comments, oldest first.</summary>
    public static async Task<ApiResponse<List<TicketCommentView>>> CommentsAsync(
        IQueryable<TicketComment> comments, PageRequest<IdKey> page, PageQuery query, CancellationToken token)
    {
        var total = await comments.CountAsync(query, token);
        var rows = await comments.AsNoTracking().After(page, after => row => row.Id > after.Id)
            .OrderBy(row => row.Id).Take(page.Take)
            .Select(row => new TicketCommentView(row.Id, row.Text, row.AuthorId, row.ByPlatform, row.CreatedAt))
            .ToListAsync(token);
        return ApiResponse<List<TicketCommentView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<TicketCommentView>(query));
    }

    /// <summary>Adds a comment and tells those whom the ticket concerns, in the ticket's tenant, which the context is
    /// under.</summary>
    public static async Task<TicketCommentView> CommentAsync(
        this ApiRequest request, Ticket ticket, string text, bool byPlatform, CancellationToken token)
    {
        var comment = new TicketComment
        {
            TenantId = ticket.TenantId,
            TicketId = ticket.Id,
            Id = Guid.CreateVersion7(request.Now),
            Text = text,
            AuthorId = request.Caller.UserId,
            ByPlatform = byPlatform,
            CreatedAt = request.Now,
        };
        request.Db.TicketComments.Add(comment);
        var concerned = new[] { ticket.CreatedBy, ticket.AssigneeId }.OfType<Guid>().Distinct()
            .Where(user => user != request.Caller.UserId).ToList();
        foreach (var user in await request.Db.Users.Where(row => concerned.Contains(row.Id))
            .Select(row => row.Id).ToListAsync(token))
        {
            request.Db.Notifications.Add(new Notification
            {
                TenantId = ticket.TenantId,
                UserId = user,
                Id = Guid.CreateVersion7(request.Now),
                Source = $"ticket:{ticket.Id}:{comment.Id}",
                Kind = "ticket",
                Title = ticket.Title,
                Link = $"/tickets/{ticket.Id}",
                CreatedAt = request.Now,
            });
        }

        return new TicketCommentView(comment.Id, text, comment.AuthorId, byPlatform, comment.CreatedAt);
    }
}
