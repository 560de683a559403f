using Workflows.Data.Budgets;
using Workflows.Data.Conversations;
using Workflows.Data.Executions;
using Workflows.Data.Models;
using Workflows.Data.Notifications;
using Workflows.Data.Rounds;
using Workflows.Data.Secrets;
using Workflows.Data.Workers;

namespace Workflows.Worker.Maintenance;

/// <summary>Hourly housekeeping of the database. Each worker does it; locks in the database see to it that one does it at a time.</summary>
internal sealed partial class MaintenanceService(
    Data.Workers.Maintenance maintenance, WorkerRegistry registry, PerformanceStore performance, UsageStore usage,
    BudgetRounds budgets, ModelLedger models, ConversationStore conversations, TellingRounds telling,
    Resealing resealing, Loop loop, WorkerOptions options, ILogger<MaintenanceService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private const int MonthsAhead = 2;

    // Executions last: what stays of the others is judged by their rows, and of events by what they matched.
    private static readonly string[] RunTables = ["step_executions", "events", "event_matches", "executions"];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync("Maintenance", RoundAsync, stoppingToken, Limits.LongMaintenance);

    private async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken)
    {
        var made = await maintenance.MakePartitionsAsync(MonthsAhead, cancellationToken);
        var retired = await maintenance.RetirePartitionsAsync("user_activity", TimeSpan.FromDays(options.ActivityRetentionDays), cancellationToken);
        foreach (var table in RunTables)
        {
            retired += await maintenance.RetirePartitionsAsync(table, TimeSpan.FromDays(options.RetentionDays), cancellationToken);
        }

        retired += await maintenance.RetireDayPartitionsAsync("execution_logs", TimeSpan.FromDays(options.LogRetentionDays), cancellationToken);
        while (await performance.ExpireAsync(TimeSpan.FromDays(options.PerformanceRetentionDays), Limits.ExpiredPerRound, cancellationToken) == Limits.ExpiredPerRound)
        {
        }

        foreach (var table in await maintenance.TablesWithStraysAsync(cancellationToken))
        {
            LogStrays(table);
        }

        await DeleteAsync(cancellationToken);
        while (await resealing.RoundAsync(Data.Limits.ResealedPerRound, cancellationToken) is > 0 and var resealed)
        {
            LogResealed(resealed);
        }

        while (await maintenance.DeleteExpiredFamiliesAsync(Limits.ExpiredPerRound, cancellationToken) >= Limits.ExpiredPerRound)
        {
        }

        await registry.ForgetEndedAsync(cancellationToken);
        if (made + retired > 0)
        {
            LogPartitions(made, retired);
        }

        return Hour;
    }

    // Row by row, in rounds of bounded size; each goes on until there is nothing left of its kind.
    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        Func<int, Task<int>>[] kinds =
        [
            most => maintenance.ExpireExecutionsAsync(Math.Min(most, Limits.ExpiredExecutionsPerRound),
                cancellationToken),
            most => maintenance.ExpireTestsAsync(
                Math.Min(most, Limits.ExpiredExecutionsPerRound), Limits.TestsKept, cancellationToken),
            most => maintenance.DeleteExpiredAsync(most, cancellationToken),
            most => maintenance.DeleteOldFiresAsync(most, TimeSpan.FromDays(options.RetentionDays), cancellationToken),
            most => maintenance.DeleteOldPeopleRowsAsync(most, cancellationToken),
            most => telling.ExpireAsync(most, cancellationToken),
            most => maintenance.DeleteOldTransactionsAsync(most, cancellationToken),
            most => maintenance.DeleteOldRunsAsync(most, TimeSpan.FromDays(options.JobRunRetentionDays),
                cancellationToken),
            most => maintenance.DeleteOldDeadLettersAsync(most, TimeSpan.FromDays(options.DeadLetterRetentionDays),
                cancellationToken),
            most => usage.ExpireAsync(most, TimeSpan.FromDays(options.PerformanceRetentionDays), cancellationToken),
            most => budgets.ExpireAlertsAsync(most, TimeSpan.FromDays(options.PerformanceRetentionDays),
                cancellationToken),
            most => models.LoseAsync(most, Data.Limits.LongestModelCall, cancellationToken),
            most => conversations.EndAbandonedAsync(most, Data.Limits.LongestModelCall, cancellationToken),
            most => conversations.ExpireAsync(most, cancellationToken),
            most => models.ForgetAnswersAsync(most, Data.Limits.ModelAnswerKept, cancellationToken),
            most => models.ExpireAsync(most, TimeSpan.FromDays(options.ModelCallRetentionDays), cancellationToken),
            most => models.ExpireUsageAsync(
                most, TimeSpan.FromDays(options.PerformanceRetentionDays), cancellationToken),
            most => maintenance.DeleteOldMetricsAsync(
                most, TimeSpan.FromDays(options.MetricRetentionDays), cancellationToken),
            most => maintenance.DeleteUnusedMetricsAsync(
                most, TimeSpan.FromDays(options.MetricRetentionDays), cancellationToken),
            most => maintenance.ForgetEndedSessionsAsync(most, TimeSpan.FromDays(options.SessionRetentionDays),
                cancellationToken),
        ];
        foreach (var delete in kinds)
        {
            int deleted;
            do
            {
                deleted = await delete(Limits.ExpiredPerRound);
            }
            while (deleted >= Limits.ExpiredExecutionsPerRound);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions: {Made} made, {Retired} retired")]
    private partial void LogPartitions(int made, int retired);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} secrets and connectors are sealed under the current master key now")]
    private partial void LogResealed(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The default partition of {Table} holds rows: a partition was missing when they came")]
    private partial void LogStrays(string table);
}
