using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Activity;

internal sealed record ActivityQuery(
    [property: FromQuery(Name = "object")] Guid? Object,
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
    public static void MapActivity(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/activity", ListAsync).WithTags("Activity").Requires(Permission.ActivityRead).WithSummary("Who did what, newest first");

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
