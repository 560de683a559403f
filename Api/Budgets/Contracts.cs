using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Budgets;

/// <param name="Kind">executions, steps, storage (bytes) or modelCost (US cents).</param>
/// <param name="WorkspaceId">Of modelCost: what this workspace spends alone; left out = the tenant.</param>
/// <param name="Period">day or month, of UTC.</param>
/// <param name="Thresholds">Percents at which people are told.</param>
/// <param name="HardStop">Nothing new starts once it is used up.</param>
/// <param name="Mail">Alerts are mailed, too.</param>
/// <param name="Notify">Users, groups and roles; nobody = the owners.</param>
internal sealed record CreateBudgetRequest(
    string Name,
    string Kind,
    string Period,
    long Amount,
    int[]? Thresholds = null,
    bool HardStop = false,
    bool Enabled = true,
    bool Mail = false,
    Principal[]? Notify = null,
    Guid? WorkspaceId = null);

/// <summary>What is left out stays as it is. Kind and period stay: make another budget.</summary>
internal sealed record UpdateBudgetRequest(
    string? Name = null,
    long? Amount = null,
    int[]? Thresholds = null,
    bool? HardStop = null,
    bool? Enabled = null,
    bool? Mail = null,
    Principal[]? Notify = null);

/// <param name="Used">As it was last counted, at most seconds ago; storage hourly.</param>
/// <param name="StoppedUntil">It is used up and stops starts; null = it does not.</param>
internal sealed record BudgetView(
    Guid Id,
    string Name,
    string Kind,
    Guid? WorkspaceId,
    string Period,
    long Amount,
    IReadOnlyList<int> Thresholds,
    bool HardStop,
    bool Enabled,
    bool Mail,
    IReadOnlyList<Principal> Notify,
    long Used,
    double UsedPercent,
    DateTimeOffset? MeasuredAt,
    DateTimeOffset? StoppedUntil,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="PeriodStart">Of the day or month in which it was reached.</param>
internal sealed record BudgetAlertView(
    int Threshold, long Used, long Amount, DateTimeOffset PeriodStart, DateTimeOffset At);

/// <summary>Which budgets a list shows.</summary>
internal sealed record BudgetQuery(
    [property: FromQuery(Name = "kind")] string? Kind, [property: FromQuery(Name = "enabled")] bool? Enabled);

/// <param name="From">The first day, of UTC; 30 days ago when left out.</param>
/// <param name="To">The last day; today when left out.</param>
internal sealed record UsageQuery(
    [property: FromQuery(Name = "from")] DateOnly? From, [property: FromQuery(Name = "to")] DateOnly? To);

/// <param name="Executions">That ended, however they did.</param>
/// <param name="Failures">Those of them that failed or timed out.</param>
/// <param name="Steps">Of these executions.</param>
/// <param name="StorageBytes">As it was last measured.</param>
internal sealed record UsageView(
    DateOnly From, DateOnly To, long Executions, long Failures, long Steps, long? StorageBytes,
    IReadOnlyList<UsageDayView> Days);

internal sealed record UsageDayView(
    DateOnly Day, long Executions, long Failures, long Steps, long? StorageBytes);
