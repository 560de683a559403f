using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Notifications;

/// <param name="Unread">Only those not read yet.</param>
internal sealed record NotificationQuery([property: FromQuery(Name = "unread")] bool? Unread);

internal sealed record NotificationView(
    Guid Id, string Kind, string Level, string Title, string? Body, string? Link, DateTimeOffset CreatedAt, DateTimeOffset? ReadAt);

/// <param name="Marked">How many had not been read.</param>
internal sealed record MarkedView(int Marked);

/// <summary>What the caller was told; kept for 30 days. Nothing is ever addressed to an API key.</summary>
internal static class NotificationEndpoints
{
    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/notifications").WithTags("Notifications").Requires(Permission.None);
        group.MapGet("", ListAsync).WithSummary("List one's own notifications, newest first");
        group.MapPost("/{notificationId:guid}/read", MarkAsync).WithSummary("Mark a notification of one's own as read");
        group.MapPost("/read-all", MarkAllAsync).WithSummary("Mark all of one's own notifications as read");
    }

    private static async Task<ApiResponse<List<NotificationView>>> ListAsync(
        [AsParameters] NotificationQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"notifications?{filter}:{request.Caller.Id}");
        var notifications = Own(request).AsNoTracking();
        notifications = filter.Unread == true ? notifications.Where(row => row.ReadAt == null) : notifications;
        var total = await notifications.CountAsync(query, cancellationToken);
        var rows = await notifications.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take)
            .Select(row => new NotificationView(row.Id, row.Kind, row.Level, row.Title, row.Body, row.Link, row.CreatedAt, row.ReadAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<NotificationView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<NotificationView>(query));
    }

    private static Task<ApiResponse<Done>> MarkAsync(Guid notificationId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
        await Own(request).Where(row => row.Id == notificationId)
            .ExecuteUpdateAsync(row => row.SetProperty(notification => notification.ReadAt, notification => notification.ReadAt ?? request.Now), token) == 0
            ? new Problem(Errors.NotificationNotFound)
            : new Done(notificationId, "read"));

    private static Task<ApiResponse<MarkedView>> MarkAllAsync(ApiRequest request) => request.ChangeAsync<MarkedView>(async token =>
        new MarkedView(await Own(request).Where(row => row.ReadAt == null).ExecuteUpdateAsync(row => row.SetProperty(notification => notification.ReadAt, request.Now), token)));

    private static IQueryable<Notification> Own(ApiRequest request)
    {
        var me = request.Caller.UserId;
        return request.Db.Notifications.Where(row => row.UserId == me);
    }
}
