using Workflows.Data.Approvals;
using Workflows.Worker.Dispatch;

namespace Workflows.Worker.Maintenance;

/// <summary>Tells, reminds and escalates open approval requests at their time. Each worker does it; a task goes to one of them.</summary>
internal sealed class ApprovalService(ApprovalTasks tasks, Loop loop) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync("Approval tasks", RoundAsync, stoppingToken);

    private async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken) =>
        await tasks.RunDueAsync(Limits.ApprovalTasksPerRound, cancellationToken) == Limits.ApprovalTasksPerRound ? TimeSpan.Zero : Pause;
}
