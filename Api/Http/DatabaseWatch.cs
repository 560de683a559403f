using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.Data.Database;
using Workflows.Data.Rounds;

namespace Workflows.Api.Http;

/// <summary>
/// Writes a row every second, over a connection of its own, and so knows three things at once: that the database
/// answers, that it can be written, and since when not. Guarantees: <c>/health</c> tells without asking anybody; when
/// nothing has been heard of the database for <see cref="LostAfter"/>, requests that wait for it are given up, and new
/// ones answered with 503, instead of hanging until a time-out of the network. What was sent may have been committed
/// nevertheless.
/// </summary>
internal sealed partial class DatabaseWatch(
    DatabaseOptions options, Loop loop, TimeProvider clock, ILogger<DatabaseWatch> log)
    : BackgroundService, IHealthCheck
{
    /// <summary>Silence after which the database counts as lost.</summary>
    public static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(3);

    private const int GivenUpAtOnce = 16;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<CancellationTokenSource, byte> _waiting = new();
    private volatile string? _trouble;
    private volatile bool _isLost;
    private long _heardAt;

    /// <summary>Nothing has been heard of the database for a while.</summary>
    public bool IsLost => _isLost;

    /// <summary>Ends with the request, or when the database is lost; to be disposed with the request.</summary>
    public Wait Enter(CancellationToken requestAborted)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(requestAborted);
        _waiting.TryAdd(source, 0);
        if (_isLost)
        {
            source.Cancel();
        }

        return new Wait(this, source);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) =>
        Task.FromResult(_trouble is { } trouble
            ? new HealthCheckResult(context.Registration.FailureStatus, trouble)
            : HealthCheckResult.Healthy());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var probe = new WriteProbe(options);
        _heardAt = clock.GetTimestamp();
        await loop.RunAsync("Watching the database", token => LookAsync(probe, token), stoppingToken);
    }

    private async Task<TimeSpan> LookAsync(WriteProbe probe, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        var answer = await probe.WriteAsync(cancellationToken);
        _trouble = answer.Trouble;
        if (answer.IsHeard)
        {
            _heardAt = clock.GetTimestamp();
        }

        Tell(clock.GetElapsedTime(_heardAt) > LostAfter);
        return Period - clock.GetElapsedTime(begun);
    }

    private void Tell(bool isLost)
    {
        var was = _isLost;
        _isLost = isLost;
        if (isLost && !was)
        {
            LogLost(log, _trouble ?? "");
        }
        else if (was && !isLost)
        {
            LogFound(log);
        }

        if (isLost)
        {
            // To give up a statement may itself wait for the network: not one after the other, and not here.
            _ = Task.Run(() => Parallel.ForEach(_waiting.Keys,
                new ParallelOptions { MaxDegreeOfParallelism = GivenUpAtOnce }, GiveUp));
        }
    }

    private void GiveUp(CancellationTokenSource request)
    {
        try
        {
            if (_isLost && !request.IsCancellationRequested)
            {
                request.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            _waiting.TryRemove(request, out _); // it was answered just now
        }
    }

    [LoggerMessage(LogLevel.Error, "The database is lost, requests are answered with 503: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "The database answers again")]
    private static partial void LogFound(ILogger logger);

    /// <summary>A request that may wait for the database.</summary>
    internal sealed class Wait(DatabaseWatch watch, CancellationTokenSource source) : IDisposable
    {
        public CancellationToken Token => source.Token;

        public void Dispose()
        {
            watch._waiting.TryRemove(source, out _);
            source.Dispose();
        }
    }
}
