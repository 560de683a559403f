using Workflows.Data.Budgets;
using Workflows.Data.Rounds;

namespace Workflows.Worker.Maintenance;

/// <summary>
/// Measures what tenants use, and their budgets against it. Each worker does it; locks in the database see to it that
/// nothing is told twice.
/// </summary>
internal sealed class UsageService(BudgetRounds budgets, UsageStore usage, Loop loop) : BackgroundService
{
    private static readonly TimeSpan BudgetPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BudgetFresh = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan StoragePause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StorageFresh = TimeSpan.FromMinutes(59);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        loop.RunAsync("Measuring budgets", MeasureBudgetsAsync, stoppingToken),
        loop.RunAsync("Measuring storage", MeasureStorageAsync, stoppingToken, Limits.LongMaintenance));

    private async Task<TimeSpan> MeasureBudgetsAsync(CancellationToken cancellationToken)
    {
        await budgets.RunAsync(BudgetFresh, cancellationToken);
        return BudgetPause;
    }

    private async Task<TimeSpan> MeasureStorageAsync(CancellationToken cancellationToken)
    {
        await usage.MeasureStorageAsync(StorageFresh, cancellationToken);
        return StoragePause;
    }
}
