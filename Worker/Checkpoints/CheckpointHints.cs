using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Checkpoints;

/// <summary>Tells of committed checkpoints through Redis.</summary>
internal sealed partial class CheckpointHints(
    DispatchAnnouncer announcer, ReplyPublisher replies, LiveHints live, IndexHint index,
        ILogger<CheckpointHints> logger)
    : ICheckpointHints
{
    public void Announce(IReadOnlyList<Progress> batch, CheckpointResult result)
    {
        try
        {
            announcer.Announce(result);
            foreach (var address in batch.Where(IsAwaited)
                .GroupBy(progress => progress.Execution.Claimed.ReplyTo!, progress => progress.Execution.Key.Id))
            {
                replies.Publish(address.Key, [.. address]);
            }

            live.Announce(batch);
            if (batch.Any(progress => progress.Finished is { Status: "failed" or "timed_out" }))
            {
                index.Nudge();
            }
        }
        catch (Exception exception)
            when (RedisErrors.IsTrouble(exception) || exception is ObjectDisposedException)
        {
            LogUnannounced(exception.Message); // what is lost of it is found by the sweeps
        }
    }

    private static bool IsAwaited(Progress progress) =>
        progress.Execution.Claimed.ReplyTo is not null && (progress.Finished is not null || progress.RepliesToSession);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "What a checkpoint has queued could not be announced; the sweeps find it: {Reason}")]
    private partial void LogUnannounced(string reason);
}
