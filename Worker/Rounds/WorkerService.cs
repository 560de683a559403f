using Workflows.Data.Database;
using Workflows.Data.Rounds;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Rounds;

/// <summary>
/// The life of a worker: registers, does its rounds, and on SIGTERM takes nothing new, lets running steps end and hands
/// the rest back.
/// </summary>
internal sealed partial class WorkerService(
    CurrentSession current, Heartbeat heartbeat, IEnumerable<IRounds> rounds, Checkpointer checkpointer,
    EventRouting routing, Loop loop, WorkerOptions options, DatabaseClock clock, ILogger<WorkerService> logger)
    : BackgroundService
{
    private static readonly TimeSpan RestPause = TimeSpan.FromMilliseconds(50);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var owning = new CancellationTokenSource();
        await loop.UntilDoneAsync("Registering", heartbeat.RegisterAsync, stoppingToken);
        var all = rounds.SelectMany(group => group.Rounds).ToLookup(round => round.Phase);
        var intakes = RunAsync(all[RoundPhase.Intake], stoppingToken);
        var owners = RunAsync(all[RoundPhase.Owning], owning.Token);
        await intakes;
        await routing.SettleAsync();

        var session = current.Value;
        session.IsStopping = true;
        await LetEndAsync(session);
        await MakeDurableAsync();
        session.TryFence(); // calls that outlast the grace are abandoned, since their executions are handed over
        await owning.CancelAsync();
        await owners;
        await heartbeat.StopAsync(session);
    }

    private Task RunAsync(IEnumerable<Round> some, CancellationToken cancellationToken) =>
        Task.WhenAll(some.Select(round => loop.RunAsync(round.Name, round.RunAsync, cancellationToken)).ToList());

    private async Task LetEndAsync(WorkerSession session)
    {
        var (began, grace) = (clock.GetTimestamp(), TimeSpan.FromSeconds(options.StopGraceSeconds));
        while (!session.IsFenced && clock.GetElapsedTime(began) < grace
            && session.Owned.Values.Any(execution => execution.IsBusy))
        {
            await Task.Delay(RestPause, clock, CancellationToken.None);
        }
    }

    private async Task MakeDurableAsync()
    {
        try
        {
            await checkpointer.DisposeAsync();
        }
#pragma warning disable CA1031 // a lane that died has said why; what is owned must be handed back all the same
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUndurable(exception.Message);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Not all that was decided became durable; it is decided again elsewhere: {Reason}")]
    private partial void LogUndurable(string reason);
}
