using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Activity;

/// <param name="ObjectType">workflow, user, execution, …: the kind of object.</param>
internal sealed record ActivityQuery(
    [property: FromQuery(Name = "object")] Guid? Object,
    [property: FromQuery(Name = "object_type")] string? ObjectType,
    [property: FromQuery(Name = "actor")] Guid? Actor,
    [property: FromQuery(Name = "action")] string? Action,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To);

internal sealed record ActivityView(
    Guid Id,
    string ActorType,
    Guid? ActorId,
    string ActorName,
    string Action,
    string ObjectType,
    Guid? ObjectId,
    string? ObjectName,
    string? Ip,
    string? UserAgent,
    RawJson? Before,
    RawJson? After,
    string? RequestId,
    DateTimeOffset At);

internal static class ActivityEndpoints
{
    private static readonly string[] Header =
    [
        "at", "actorType", "actorId", "actorName", "action", "objectType", "objectId", "objectName", "ip", "userAgent",
        "requestId", "before", "after",
    ];

    public static void MapActivity(this IEndpointRouteBuilder routes)
    {
        var activity = routes.MapGroup("/activity").WithTags("Activity").Requires(Permission.ActivityRead);
        activity.MapGet("", ListAsync).WithSummary("Who did what, newest first");
        activity.MapGet("/export", ExportAsync).Produces(StatusCodes.Status200OK, contentType: "text/csv")
            .WithSummary("Who did what, oldest first, as CSV: at most 100,000 lines");
    }

    private static async Task<ApiResponse<List<ActivityView>>> ListAsync(
        [AsParameters] ActivityQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"activity?{filter}");
        var activities = Filter(request.Db.Activities.AsNoTracking(), filter);
        var total = await activities.CountAsync(query, cancellationToken);
        var rows = await activities.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<ActivityView>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<ActivityView>(query));
    }

    private static IQueryable<UserActivity> Filter(IQueryable<UserActivity> activities, ActivityQuery filter)
    {
        if (filter.Object is { } objectId)
        {
            activities = activities.Where(row => row.ObjectId == objectId);
        }

        if (filter.ObjectType is { } objectType)
        {
            activities = activities.Where(row => row.ObjectType == objectType);
        }

        if (filter.Actor is { } actorId)
        {
            activities = activities.Where(row => row.ActorId == actorId);
        }

        if (filter.Action is { } action)
        {
            activities = activities.Where(row => row.Action == action);
        }

        if (filter.From is { } from)
        {
            var lowest = TimeIds.Lowest(from);
            activities = activities.Where(row => row.Id >= lowest);
        }

        if (filter.To is { } to)
        {
            var end = TimeIds.Lowest(to);
            activities = activities.Where(row => row.Id < end);
        }

        return activities;
    }

    private static IResult ExportAsync([AsParameters] ActivityQuery filter, ApiRequest request)
    {
        var rows = Filter(request.Db.Activities.AsNoTracking(), filter).OrderBy(row => row.Id).Take(Limits.ExportedLines)
            .Select(row => new
            {
                row.At, row.ActorType, row.ActorId, row.ActorName, row.Action, row.ObjectType, row.ObjectId,
                row.ObjectName, row.Ip, row.UserAgent, row.RequestId, row.Before, row.After,
            });
        return Csv.File("activity.csv", Header, rows.AsAsyncEnumerable(), row =>
        [
            row.At.UtcDateTime.ToString("O"), row.ActorType, row.ActorId?.ToString(), row.ActorName, row.Action,
            row.ObjectType, row.ObjectId?.ToString(), row.ObjectName, row.Ip, row.UserAgent, row.RequestId, row.Before,
            row.After,
        ]);
    }

    private static ActivityView View(UserActivity row) => new(
        row.Id,
        row.ActorType,
        row.ActorId,
        row.ActorName,
        row.Action,
        row.ObjectType,
        row.ObjectId,
        row.ObjectName,
        row.Ip,
        row.UserAgent,
        RawJson.From(row.Before),
        RawJson.From(row.After),
        row.RequestId,
        row.At);
}
