using Microsoft.Extensions.Logging;
using Workflows.Data.Isolation;

namespace Workflows.Data.Rounds;

/// <summary>
/// The maintenance loop of every service: repeats one piece of work until the process stops. A failure is logged and
/// the next round comes all the same, after a pause. It is written with its stack once and then counted, so that a
/// loop that fails for hours fills no disk. <see cref="LoopHealth"/> knows how each loop does.
/// </summary>
#pragma warning disable CA1716 // a word of Visual Basic only
public sealed partial class Loop(LoopHealth health, TimeProvider clock, ILogger<Loop> logger)
#pragma warning restore CA1716
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs rounds until it is cancelled. A stop is no failure: it is not logged, and nothing is thrown.
    /// </summary>
    /// <param name="name">What it does, for the log and the health page; no two loops of a process share it.</param>
    /// <param name="round">Does one round and says how long to wait for the next.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <param name="longestRound">What takes longer hangs; null = <see cref="Limits.LoopSilence"/>.</param>
    /// <param name="pauseAfterFailure">How long to wait after a round that failed; null = 500 ms.</param>
    public async Task RunAsync(
        string name,
        Func<CancellationToken, Task<TimeSpan>> round,
        CancellationToken cancellationToken,
        TimeSpan? longestRound = null,
        TimeSpan? pauseAfterFailure = null)
    {
        var failures = new RepeatedFailures(clock);
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                health.Began(name, longestRound ?? Limits.LoopSilence);
                pause = await round(cancellationToken);
                health.Succeeded(name);
                if (failures.Succeeded() is > 0 and var failed)
                {
                    LogRecovered(name, failed);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                health.Ended(name);
                return;
            }
#pragma warning disable CA1031 // the maintenance loop's boundary
            catch (Exception exception)
#pragma warning restore CA1031
            {
                health.Failed(name, exception.Message);
                Write(name, exception, failures.Note(exception));
                pause = pauseAfterFailure ?? PauseAfterFailure;
            }

            if (pause > TimeSpan.Zero)
            {
                try
                {
                    await Task.Delay(pause, clock, cancellationToken);
                }
                catch (OperationCanceledException) // the process stops
                {
                    health.Ended(name);
                    return;
                }
            }
        }

        health.Ended(name);
    }

    private void Write(string name, Exception exception, FailureNote note)
    {
        switch (note)
        {
            case { Count: 0 }:
                break;
            case { IsFirst: false }:
                LogRepeated(name, note.Count, exception.Message);
                break;
            case var _ when PostgresErrors.MayPass(exception):
                LogTransient(name, exception.Message);
                break;
            default:
                LogFailure(name, exception);
                break;
        }
    }

    /// <summary>Does something once, again and again until it succeeds.</summary>
    public async Task UntilDoneAsync(
        string name, Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await RunAsync(name, async token =>
        {
            await action(token);
            await done.CancelAsync();
            return TimeSpan.Zero;
        }, done.Token);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} could not be done now: {Reason}")]
    private partial void LogTransient(string name, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Name} failed {Count} more times: {Reason}")]
    private partial void LogRepeated(string name, long count, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name} works again after {Count} failures")]
    private partial void LogRecovered(string name, long count);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Name} failed")]
    private partial void LogFailure(string name, Exception exception);
}
