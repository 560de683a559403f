using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Notifications;

/// <param name="Unread">Only those not read yet.</param>
internal sealed record NotificationQuery([property: FromQuery(Name = "unread")] bool? Unread);

internal sealed record NotificationView(
    Guid Id,
    string Kind,
    [property: OneOf(ClosedList.NoticeLevel)] string Level,
    string Title,
    string? Body,
    string? Link,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ReadAt);

/// <param name="Status">waiting, sent, failed or dropped.</param>
internal sealed record DeliveryQuery([property: FromQuery(Name = "status")] string? Status);

/// <param name="Channel">in_app or email.</param>
/// <param name="Event">failure, success or approval.</param>
/// <param name="Status">waiting, sent, failed (given up) or dropped (not seen or not wanted any more when it was
/// due).</param>
/// <param name="Error">Why it was not sent the last time.</param>
/// <param name="NextAttemptAt">Of those that wait.</param>
internal sealed record DeliveryView(
    Guid Id,
    string Channel,
    string Event,
    string Title,
    string? Body,
    string Link,
    [property: OneOf(ClosedList.DeliveryStatus)] string Status,
    int Attempts,
    string? Error,
    DateTimeOffset CreatedAt,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? EndedAt);

/// <param name="Marked">How many had not been read.</param>
internal sealed record MarkedView(int Marked);

/// <summary>What the caller was told; kept for 30 days. Nothing is ever addressed to an API key.</summary>
internal static class NotificationEndpoints
{
    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/notifications").WithTags("Notifications").Requires(Permission.None);
        group.MapGet("", ListAsync).WithSummary("List one's own notifications, newest first");
        group.MapGet("/deliveries", ListDeliveriesAsync)
            .WithSummary("List what was, or is to be, told to oneself because of a subscription, newest first");
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

    private static async Task<ApiResponse<List<DeliveryView>>> ListDeliveriesAsync(
        [AsParameters] DeliveryQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Status is not (null or "waiting" or "sent" or "failed" or "dropped"))
        {
            return Problem.Parameter("status", "'status' is one of waiting, sent, failed, dropped.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"deliveries?{filter}:{request.Caller.Id}");
        var me = request.Caller.UserId;
        // What became of a mail is in its own row.
        var deliveries =
            from row in request.Db.Deliveries.AsNoTracking()
            where row.UserId == me
            join sent in request.Db.Mails.AsNoTracking() on row.MailId equals (Guid?)sent.Id into mails
            from mail in mails.DefaultIfEmpty()
            select new
            {
                Row = row,
                Mail = mail,
                Status = row.Status != "sent" || mail == null || mail.SentAt != null ? row.Status
                    : mail.FailedAt != null ? "failed" : "waiting",
            };
        deliveries = filter.Status is { } status ? deliveries.Where(found => found.Status == status) : deliveries;
        var total = await deliveries.CountAsync(query, cancellationToken);
        var rows = await deliveries.After(page, after => found => found.Row.Id < after.Id)
            .OrderByDescending(found => found.Row.Id).Take(page.Take)
            .Select(found => new DeliveryView(
                found.Row.Id, found.Row.Channel, found.Row.Event, found.Row.Title, found.Row.Body, found.Row.Link,
                found.Status,
                found.Mail != null ? found.Mail.Attempts : found.Row.Attempts,
                found.Mail != null ? found.Mail.Error : found.Row.Error,
                found.Row.CreatedAt,
                found.Status == "waiting" ? (found.Mail != null ? found.Mail.NotBefore : found.Row.DueAt) : null,
                found.Mail != null ? found.Mail.SentAt ?? found.Mail.FailedAt : found.Row.EndedAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<DeliveryView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<DeliveryView>(query));
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
