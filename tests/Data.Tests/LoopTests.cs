using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Workflows.Data.Rounds;

namespace Workflows.Data.Tests;

public sealed class LoopTests : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new();
    private readonly Seen _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<long> _rounds = new();
    private readonly LoopHealth _health;
    private readonly Loop _loop;

    public LoopTests()
    {
        _health = new LoopHealth(_clock);
        _loop = new Loop(_health, _clock, _log);
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task The_next_round_comes_after_the_pause_that_the_last_one_asked_for()
    {
        var loop = Start(_ => Task.FromResult(Pause));

        await RoundsAsync(3);

        Assert.All(Pauses(), pause => Assert.InRange(pause, Pause, Pause * 2));
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_round_that_fails_ends_no_loop_and_is_written_whole_once()
    {
        var isBroken = true;
        var loop = Start(_ => isBroken
            ? throw new InvalidOperationException("no such table") : Task.FromResult(TimeSpan.FromSeconds(1)));

        await RoundsAsync(10);

        Assert.All(Pauses(), pause => Assert.True(pause >= TimeSpan.FromMilliseconds(500), $"{pause}"));
        Assert.Equal(["Error Work failed: no such table"], _log.Lines);
        isBroken = false;
        await RoundsAsync(_rounds.Count + 2);
        Assert.StartsWith("Information Work works again after ", _log.Lines.Last(), StringComparison.Ordinal);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_loop_may_wait_longer_after_a_failure()
    {
        var loop = Start(_ => throw new InvalidOperationException("no"), pauseAfterFailure: Pause);

        await RoundsAsync(3);

        Assert.All(Pauses(), pause => Assert.InRange(pause, Pause, Pause * 2));
        await StopAsync(loop);
    }

    [Fact]
    public async Task Trouble_of_the_database_that_may_pass_is_a_warning_without_a_stack()
    {
        var loop = Start(_ => throw new TimeoutException("too long"));

        await RoundsAsync(3);

        Assert.Equal(["Warning Work could not be done now: too long"], _log.Lines);
        await StopAsync(loop);
    }

    [Fact]
    public async Task Health_knows_of_a_loop_that_only_fails_and_of_its_recovery()
    {
        var isBroken = true;
        var loop = Start(_ => isBroken
            ? throw new InvalidOperationException("no such table") : Task.FromResult(TimeSpan.FromSeconds(1)));
        await RoundsAsync(1);
        Assert.Empty(_health.Problems());

        await UntilAsync(() => _health.Problems().Count > 0);

        Assert.Matches("^Work has failed for 1[0-9] s: no such table$", _health.Problems().Single());
        isBroken = false;
        await UntilAsync(() => _health.Problems().Count == 0);
        await StopAsync(loop);
    }

    [Fact]
    public async Task Health_knows_of_a_round_that_does_not_end_but_not_of_a_long_pause()
    {
        var never = new TaskCompletionSource();
        var resting = _loop.RunAsync("Rest", _ => Task.FromResult(TimeSpan.FromHours(1)), _stop.Token);
        var loop = Start(async token =>
        {
            await never.Task.WaitAsync(token);
            return Pause;
        });
        await Eventually(() => !_rounds.IsEmpty);
        Assert.Empty(_health.Problems());

        _clock.Advance(Limits.LoopSilence + TimeSpan.FromSeconds(1));

        Assert.Equal(["Work has not come round for 61 s."], _health.Problems());
        await StopAsync(loop);
        await resting.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_stop_is_no_failure_wherever_it_meets_the_loop()
    {
        var never = new TaskCompletionSource();
        var inRound = Start(async token =>
        {
            await never.Task.WaitAsync(token);
            return Pause;
        });
        var inPause = Start(_ => Task.FromResult(Pause), "Rest");
        await Eventually(() => _rounds.Count == 2);

        await StopAsync(inRound);
        await inPause.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Empty(_log.Lines);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(_health.Problems());
    }

    [Fact]
    public async Task What_is_to_be_done_once_is_tried_until_it_succeeds_and_then_no_more()
    {
        var tries = 0;
        var done = Task.Run(
            () => _loop.UntilDoneAsync(
                "Work",
                _ => ++tries < 3 ? throw new InvalidOperationException("not yet") : Task.CompletedTask,
                _stop.Token),
            TestContext.Current.CancellationToken);

        await UntilAsync(() => done.IsCompleted);

        await done;
        Assert.Equal(3, tries);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(_health.Problems());
    }

    private Task Start(
        Func<CancellationToken, Task<TimeSpan>> round, string name = "Work", TimeSpan? pauseAfterFailure = null) =>
        Task.Run(() => _loop.RunAsync(
            name,
            token =>
            {
                _rounds.Enqueue(_clock.GetTimestamp());
                return round(token);
            },
            _stop.Token,
            pauseAfterFailure: pauseAfterFailure));

    private IEnumerable<TimeSpan> Pauses() =>
        _rounds.Zip(_rounds.Skip(1), (one, next) => _clock.GetElapsedTime(one, next));

    private Task RoundsAsync(int count) => UntilAsync(() => _rounds.Count >= count);

    /// <summary>Lets time pass until something is so.</summary>
    private Task UntilAsync(Func<bool> condition) => Eventually(() =>
    {
        if (condition())
        {
            return true;
        }

        _clock.Advance(TimeSpan.FromMilliseconds(250));
        return false;
    });

    private static async Task Eventually(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(1, limit.Token);
        }
    }

    private async Task StopAsync(Task loop)
    {
        await _stop.CancelAsync();
        await loop.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private sealed class Seen : ILogger<Loop>
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(
                $"{logLevel} {formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
    }
}
