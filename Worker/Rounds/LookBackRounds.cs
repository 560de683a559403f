using Workflows.Worker.Checkpoints;

namespace Workflows.Worker.Rounds;

/// <summary>Looks back for executions that are about to park.</summary>
internal sealed class LookBackRounds(LookBack lookBack) : IRounds
{
    public IEnumerable<Round> Rounds => [new("Looking back for events", RoundPhase.Owning, LookAsync)];

    private async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        await lookBack.RoundAsync(cancellationToken);
        return TimeSpan.Zero;
    }
}
