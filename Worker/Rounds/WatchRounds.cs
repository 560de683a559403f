using Workflows.Data.Dispatch;
using Workflows.Data.Live;

namespace Workflows.Worker.Rounds;

/// <summary>Keeps known which executions somebody looks on at.</summary>
internal sealed class WatchRounds(LiveWatches watches) : IRounds
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PauseWithoutRedis = TimeSpan.FromSeconds(2);

    private bool _isListening;

    public IEnumerable<Round> Rounds => [new("Hearing who looks on", RoundPhase.Owning, HearAsync)];

    private async Task<TimeSpan> HearAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (_isListening)
            {
                await watches.RefreshAsync();
            }
            else
            {
                await watches.ListenAsync();
                _isListening = true;
            }
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            return PauseWithoutRedis; // nobody can look on; no failure of this worker
        }

        return Pause;
    }
}
