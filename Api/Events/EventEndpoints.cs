using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Events;

namespace Workflows.Api.Events;

internal static class EventEndpoints
{
    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/events").WithTags("Events");
        group.MapPost("", PublishAsync).Requires(Permission.EventsPublish)
            .WithMetadata(
                new SuccessStatus(202),
                new AcceptsMetadata([CloudEventBody.Structured, CloudEventBody.Batch, Envelope.MediaType, "*/*"], typeof(System.Text.Json.JsonElement)))
            .WithSummary("Publish CloudEvents 1.0: structured, binary, or up to 1,000 in a batch");
        group.MapGet("", ListAsync).Requires(Permission.EventsRead).WithSummary("List events, newest first");
        group.MapGet("/{eventId:guid}", GetAsync).Requires(Permission.EventsRead).WithSummary("Get an event and what it did");
        group.MapGet("/{eventId:guid}/explain", ExplainAsync).Requires(Permission.EventsRead).WithSummary("Say what an event did, what it did not match, and why");
        group.MapPost("/{eventId:guid}/route", RouteAgainAsync).Requires(Permission.ExecutionsManage)
            .WithMetadata(new WholeTenantOnly())
            .WithSummary("Route an event again that was set aside");
    }

    private static async Task<ApiResponse<IngestView>> PublishAsync(ApiRequest request, EventStore store, CancellationToken cancellationToken)
    {
        var read = await CloudEventBody.ReadAsync(request.Http);
        if (read is [(null, { } problem)])
        {
            return problem;
        }

        var events = read.Where(item => item.Event is not null).Select(item => CloudEventBody.ToNew(item.Event!)).ToList();
        var outcomes = events.Count == 0 ? [] : await store.IngestAsync(request.Caller.TenantId, events, cancellationToken);
        var items = new IngestItem[read.Count];
        for (int index = 0, next = 0; index < items.Length; index++)
        {
            items[index] = read[index].Problem is { } refused ? Refused(index, refused) : Item(index, outcomes[next++]);
        }

        return ApiResponse<IngestView>.Accepted(new IngestView(
            items.Count(item => item.Status == "accepted"),
            items.Count(item => item.Status == "duplicate"),
            items.Count(item => item.Status == "refused"),
            items));
    }

    private static IngestItem Item(int index, IngestOutcome outcome) => outcome switch
    {
        IngestOutcome.Accepted accepted => new IngestItem(index, accepted.Id, "accepted", accepted.Executions, accepted.WaitsWoken, null),
        IngestOutcome.Duplicate duplicate => new IngestItem(index, duplicate.Id, "duplicate", [], 0, null),
        _ => throw new InvalidOperationException($"An outcome {outcome} is not known here."),
    };

    private static IngestItem Refused(int index, Problem problem) =>
        new(index, null, "refused", [], 0, new Error(problem.Code.Code, problem.Message, problem.Details));

    private static async Task<ApiResponse<List<EventItem>>> ListAsync(
        [AsParameters] EventQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"events?{filter}");
        var events = Filter(request.Db.Events.AsNoTracking(), filter);
        var total = await events.CountAsync(query, cancellationToken);
        var rows = await events.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take)
            .Select(row => new EventItem(row.Id, row.EventId, row.Source, row.Type, row.Subject, row.Time, row.ReceivedAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<EventItem>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<EventItem>(query));
    }

    private static IQueryable<EventRecord> Filter(IQueryable<EventRecord> events, EventQuery filter)
    {
        if (filter.Type is { } type)
        {
            events = events.Where(row => row.Type == type);
        }

        if (filter.Source is { } source)
        {
            events = events.Where(row => row.Source == source);
        }

        if (filter.Subject is { } subject)
        {
            events = events.Where(row => row.Subject == subject);
        }

        if (filter.CorrelationId is { } correlationId)
        {
            events = events.Where(row => row.CorrelationKey == correlationId);
        }

        if (filter.From is { } from)
        {
            var lowest = TimeIds.Lowest(from);
            events = events.Where(row => row.Id >= lowest);
        }

        if (filter.To is { } to)
        {
            var end = TimeIds.Lowest(to);
            events = events.Where(row => row.Id < end);
        }

        return events;
    }

    private static async Task<ApiResponse<EventView>> GetAsync(Guid eventId, ApiRequest request, CancellationToken cancellationToken)
    {
        var row = await request.Db.Events.AsNoTracking().SingleOrDefaultAsync(row => row.Id == eventId, cancellationToken);
        if (row is null)
        {
            return new Problem(Errors.EventNotFound);
        }

        var matches = await MatchesAsync(eventId, request, cancellationToken);
        return new EventView(
            row.Id,
            row.EventId,
            row.Source,
            row.Type,
            row.Subject,
            row.Time,
            row.DataContentType,
            row.DataSchema,
            RawJson.From(row.Data),
            new RawJson(row.Extensions),
            row.ReceivedAt,
            matches);
    }

    private static Task<List<EventMatchView>> MatchesAsync(Guid eventId, ApiRequest request, CancellationToken cancellationToken) =>
        request.Db.EventMatches.AsNoTracking().Where(match => match.EventId == eventId)
            .OrderBy(match => match.Target).Take(Limits.StepsShown)
            .Select(match => new EventMatchView(
                match.Target, match.WorkflowId, match.ExecutionId, match.RuleId, match.EmittedId, match.Notified, match.Matched, match.Reason))
            .ToListAsync(cancellationToken);

    private static async Task<ApiResponse<ExplainView>> ExplainAsync(
        Guid eventId, [AsParameters] ExplainQuery query, ApiRequest request, EventExplainer explainer, CancellationToken cancellationToken)
    {
        var matches = await MatchesAsync(eventId, request, cancellationToken);
        var misses = await explainer.ExplainAsync(
            request.Caller.TenantId, eventId, matches.Select(match => match.Target).ToHashSet(), query.Others == true, cancellationToken);
        if (misses is null)
        {
            return new Problem(Errors.EventNotFound);
        }

        var type = await request.Db.Events.Where(row => row.Id == eventId).Select(row => row.Type).SingleAsync(cancellationToken);
        var queued = await request.Db.EventsToRoute.AsNoTracking().SingleOrDefaultAsync(row => row.Id == eventId, cancellationToken);
        var ids = matches.Where(match => match.ExecutionId is not null).Select(match => match.ExecutionId!.Value).ToArray();
        var executions = await request.Db.Executions.AsNoTracking().Where(row => ids.Contains(row.Id)).OrderBy(row => row.Id)
            .Select(row => new ExplainedExecution(row.Id, row.WorkflowId, row.Version, row.Status, row.TriggerType)).ToListAsync(cancellationToken);
        return new ExplainView(
            eventId,
            type,
            queued is null ? "routed" : queued.SetAsideAt is null ? "queued" : "set_aside",
            queued?.Failures ?? 0,
            queued?.Error,
            matches,
            executions,
            misses,
            new ExplainLimits(Data.Limits.MatchesPerEvent, Engine.Limits.RuleHops, Data.Limits.NearMisses));
    }

    private static Task<ApiResponse<Done>> RouteAgainAsync(Guid eventId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        if (!await request.Db.Events.AnyAsync(row => row.Id == eventId, token))
        {
            return new Problem(Errors.EventNotFound);
        }

        var changed = await request.Db.EventsToRoute.Where(row => row.Id == eventId && row.SetAsideAt != null).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.SetAsideAt, (DateTimeOffset?)null).SetProperty(row => row.Failures, 0).SetProperty(row => row.DueAt, request.Now), token);
        if (changed == 0)
        {
            return new Problem(Errors.EventNotSetAside);
        }

        request.Record("event.route", "event", eventId, null);
        return new Done(eventId, "queued");
    });

    /// <summary>A stored event as one that comes.</summary>
    public static NewEvent ToNew(EventRecord row) => new()
    {
        EventId = row.EventId,
        Source = row.Source,
        Type = row.Type,
        Subject = row.Subject,
        CorrelationKey = row.CorrelationKey,
        Time = row.Time,
        DataContentType = row.DataContentType,
        DataSchema = row.DataSchema,
        Data = row.Data is null ? null : System.Text.Encoding.UTF8.GetBytes(row.Data),
        Extensions = System.Text.Encoding.UTF8.GetBytes(row.Extensions),
    };
}
