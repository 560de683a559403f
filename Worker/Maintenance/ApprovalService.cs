using Workflows.Data.Approvals;
using Workflows.Data.Rounds;
using Workflows.Worker.Rounds;

namespace Workflows.Worker.Maintenance;

/// <summary>Tells, reminds and escalates open approval requests at their time. Each worker does it; a task goes to one of them.</summary>
internal sealed class ApprovalService(ApprovalTasks tasks, SetAsideLog setAside, Loop loop) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync("Approval tasks", RoundAsync, stoppingToken);

    private async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken)
    {
        var round = await tasks.RunDueAsync(Limits.ApprovalTasksPerRound, cancellationToken);
        setAside.Write(round.SetAside);
        return round.Tasks == Limits.ApprovalTasksPerRound && round.SetAside.Count < round.Tasks ? TimeSpan.Zero
            : Pause;
    }
}
