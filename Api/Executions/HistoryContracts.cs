using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <param name="Text">Part of the message, in capital letters or not.</param>
internal sealed record LogQuery(
    [property: FromQuery(Name = "level")] string? Level,
    [property: FromQuery(Name = "node")] string? Node,
    [property: FromQuery(Name = "text")] string? Text);

internal sealed record LogView(
    Guid Id,
    [property: OneOf(ClosedList.LogLevel)] string Level,
    string? NodeId,
    string Message,
    RawJson? Metadata,
    DateTimeOffset At);

/// <param name="Origins">What it comes from: parents, the executions it is a rerun of, the event that started it; nearest first.</param>
/// <param name="Results">What came of it: children, reruns, events it emitted and executions that those started; nearest first.</param>
internal sealed record LineageView(Guid Id, IReadOnlyList<Relative> Origins, IReadOnlyList<Relative> Results);

/// <param name="From">Hours from this instant on; a day ago when left out.</param>
/// <param name="To">Hours that began before; now when left out.</param>
internal sealed record StatsQuery(
    [property: FromQuery(Name = "from")] DateTimeOffset? From, [property: FromQuery(Name = "to")] DateTimeOffset? To);

/// <summary>Ends of executions. Durations run from the start by a worker (of the last retry) to the end, waits included; percentiles are exact to 10 %.</summary>
/// <param name="SuccessRate">Completed among those that were not cancelled; null without any.</param>
internal sealed record StatsView(
    long Executions,
    long Completed,
    long Failed,
    long TimedOut,
    long Cancelled,
    double? SuccessRate,
    double? AverageMs,
    double? P50Ms,
    double? P95Ms,
    double? P99Ms);

internal sealed record HourView(DateTimeOffset Hour, StatsView Stats);

internal sealed record TriggerStatsView(
    [property: OneOf(ClosedList.ExecutionTrigger)] string TriggerType,
    StatsView Stats);

/// <param name="Hours">Hours in which executions ended.</param>
internal sealed record WorkflowStatsView(
    DateTimeOffset From, DateTimeOffset To, StatsView Total, IReadOnlyList<TriggerStatsView> Triggers, IReadOnlyList<HourView> Hours);

/// <param name="Live">Executions that are not over, by status; each counted up to 10,000.</param>
/// <param name="Ended">Ends within the time asked for.</param>
internal sealed record ExecutionStatsView(
    DateTimeOffset From, DateTimeOffset To, LiveCounts Live, int CountedUpTo, StatsView Ended, IReadOnlyList<HourView> Hours);

internal sealed record QueueView(
    [property: OneOf(ClosedList.QueuePriority)] string Priority,
    int Depth,
    DateTimeOffset OldestAt,
    double OldestAgeSeconds);

/// <param name="Queues">What waits for a worker, by priority; counted over the oldest 10,000.</param>
/// <param name="WorkersActive">Processes that take executions, of all tenants together.</param>
/// <param name="Workers">Each of them; for those who may manage the tenant.</param>
internal sealed record QueuesView(IReadOnlyList<QueueView> Queues, LiveCounts Live, int CountedUpTo, int WorkersActive, IReadOnlyList<LiveWorker>? Workers);
