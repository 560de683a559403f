using System.Collections.Concurrent;
using System.Text;
using Npgsql;
using Workflows.Data.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Checkpoints;

/// <summary>What becomes of checkpoints that do not go through, each as the database says it.</summary>
public sealed class CheckpointerTests
{
    [Fact]
    public async Task An_execution_is_told_after_the_commit_and_callers_before_it()
    {
        await using var bed = new CheckpointBed();
        var mayCommit = new TaskCompletionSource();
        bed.OnWrite = (_, _) => mayCommit.Task;
        bed.Execution().Handle(TakenUp.Instance);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Empty(bed.Ended);

        mayCommit.SetResult();
        await EndedAsync(bed, 1);
        Assert.Equal(1, bed.Announced);
    }

    [Theory]
    [InlineData("42703")] // the schema is older than this worker
    [InlineData("42501")] // a lost grant
    [InlineData("XX000")]
    [InlineData("40P01")]
    [InlineData("25006")] // read-only at the edge of a failover
    [InlineData("57014")] // alone it cannot be halved
    public async Task What_may_pass_is_sent_again_until_it_goes_through(string state)
    {
        await using var bed = new CheckpointBed();
        var sendings = new ConcurrentQueue<bool>();
        bed.OnWrite = (_, again) =>
        {
            sendings.Enqueue(again);
            return sendings.Count < 4 ? throw Error(state) : Task.CompletedTask;
        };
        bed.Execution().Handle(TakenUp.Instance);
        await EndedAsync(bed, 1);

        Assert.Equal([false, true, true, true], sendings);
        Assert.Equal("completed", Assert.Single(bed.Ended).Status);
        Assert.Empty(bed.Health.Problems());
    }

    [Fact]
    public async Task A_broken_connection_is_trouble_like_any_other()
    {
        await using var bed = new CheckpointBed();
        var sendings = 0;
        bed.OnWrite = (_, _) =>
            ++sendings < 3 ? throw new NpgsqlException("broken", new IOException("reset")) : Task.CompletedTask;
        bed.Execution().Handle(TakenUp.Instance);
        await EndedAsync(bed, 1);
        Assert.Equal(3, sendings);
    }

    [Fact]
    public async Task What_the_database_refuses_costs_only_the_execution_it_belongs_to()
    {
        await using var bed = new CheckpointBed();
        await using var held = new Held(bed);
        var executions = Enumerable.Range(0, 20).Select(_ => bed.Execution()).ToList();
        var culprit = executions[13].Key;
        held.OnWrite = checkpoint => checkpoint.Finished.Exists(end => end.Key == culprit && end.Status == "completed")
            ? throw Error("22P05") : Task.CompletedTask;
        await held.FillAsync(executions);
        await EndedAsync(bed, 21);

        var failed = Assert.Single(bed.Ended, end => end.Status == "failed");
        Assert.Equal(culprit, failed.Key);
        Assert.Contains("CHECKPOINT_REJECTED", Encoding.UTF8.GetString(failed.Error!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("25P04")] // transaction_timeout
    [InlineData("57014")] // statement_timeout
    [InlineData("55P03")] // lock_timeout
    public async Task What_takes_too_long_goes_out_in_halves_and_what_follows_is_smaller(string state)
    {
        const int most = 10;
        await using var bed = new CheckpointBed();
        await using var held = new Held(bed);
        var sizes = new ConcurrentQueue<int>();
        held.OnWrite = checkpoint =>
        {
            sizes.Enqueue(checkpoint.Finished.Count);
            return checkpoint.Finished.Count > most ? throw Error(state) : Task.CompletedTask;
        };
        await held.FillAsync(Enumerable.Range(0, 64).Select(_ => bed.Execution()));
        await EndedAsync(bed, 65);

        Assert.Equal([64, 32, 16, 8, 8, 16, 8, 8, 32, 16, 8, 8, 16, 8, 8], sizes);
        Assert.Equal(65, bed.Ended.Select(end => end.Key).Distinct().Count());
    }

    [Fact]
    public async Task A_fenced_worker_writes_nothing_more_and_tells_nobody()
    {
        await using var bed = new CheckpointBed();
        var sendings = 0;
        bed.OnWrite = (_, _) =>
        {
            sendings++;
            throw Error("WF001");
        };
        bed.Execution().Handle(TakenUp.Instance);
        Assert.True(SpinWait.SpinUntil(() => bed.Session.IsFenced, TimeSpan.FromSeconds(20)));
        bed.Execution().Handle(TakenUp.Instance); // of the same session
        await Task.Delay(50, TestContext.Current.CancellationToken);

        Assert.Empty(bed.Ended);
        Assert.Equal(1, sendings);
    }

    [Fact]
    public async Task Who_is_fenced_while_the_database_is_away_gives_up()
    {
        await using var bed = new CheckpointBed();
        var isTrying = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.OnWrite = (_, _) =>
        {
            isTrying.TrySetResult();
            throw Error("57P01");
        };
        bed.Execution().Handle(TakenUp.Instance);
        await isTrying.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        bed.Session.TryFence();
        await bed.Checkpointer.DisposeAsync().AsTask()
            .WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Empty(bed.Ended);
    }

    [Fact]
    public async Task A_lane_that_meets_a_bug_stops_the_worker()
    {
        var exitCode = Environment.ExitCode;
        await using var bed = new CheckpointBed();
        bed.OnWrite = (_, _) => throw new InvalidCastException("a bug");
        bed.Execution().Handle(TakenUp.Instance);
        Assert.True(
            SpinWait.SpinUntil(() => bed.ApplicationStopping.IsCancellationRequested, TimeSpan.FromSeconds(20)));
        Assert.NotEqual(0, Environment.ExitCode);
        Environment.ExitCode = exitCode;
        await Assert.ThrowsAsync<InvalidCastException>(async () => await bed.Checkpointer.DisposeAsync());
    }

    [Fact]
    public async Task What_is_decided_after_the_lanes_closed_is_dropped()
    {
        await using var bed = new CheckpointBed();
        var late = bed.Execution();
        await bed.Checkpointer.DisposeAsync();
        late.Handle(TakenUp.Instance);
        Assert.Empty(bed.Committed);
    }

    [Fact]
    public async Task A_checkpoint_is_bounded_in_bytes()
    {
        await using var bed = new CheckpointBed();
        await using var held = new Held(bed);
        const int executions = 12, size = 2_000_000;
        var sizes = new ConcurrentQueue<long>();
        held.OnWrite = checkpoint =>
        {
            if (checkpoint.Steps.Sum(step => (long)step.Output!.Length) is >= size and var bytes)
            {
                sizes.Enqueue(bytes); // the others are what the executions do when they are told
            }

            return Task.CompletedTask;
        };
        await held.FillAsync([]);
        for (var number = 0; number < executions; number++)
        {
            var progress = new Progress(bed.Execution());
            progress.Add(new StepRow
            {
                Key = progress.Execution.Key,
                NodeId = "n",
                Attempt = 1,
                Sequence = 1,
                NodeType = "noop",
                Status = "completed",
                Output = new byte[size],
                StartedAt = default,
                FinishedAt = default,
            });
            bed.Checkpointer.Add(progress);
        }

        held.Release();
        Assert.True(SpinWait.SpinUntil(() => sizes.Sum() == executions * (long)size, TimeSpan.FromSeconds(20)));
        Assert.True(sizes.Max() < Limits.CheckpointBytes + size, $"{sizes.Max()} bytes");
        Assert.Equal(3, sizes.Count);
    }

    private static PostgresException Error(string state) => new("refused", "ERROR", "ERROR", state);

    private static async Task EndedAsync(CheckpointBed bed, int count)
    {
        for (var tries = 0; bed.Ended.Count < count; tries++)
        {
            Assert.True(tries < 2_000, $"{bed.Ended.Count} of {count} ended.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Holds the lane by a first checkpoint, so that what comes meanwhile goes out together.</summary>
    private sealed class Held : IAsyncDisposable
    {
        private readonly CheckpointBed _bed;
        private readonly TaskCompletionSource _isHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _mayGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Held(CheckpointBed bed)
        {
            _bed = bed;
            bed.OnWrite = (checkpoint, _) =>
            {
                if (_isHeld.TrySetResult())
                {
                    return _mayGo.Task;
                }

                return OnWrite(checkpoint);
            };
        }

        public Func<Checkpoint, Task> OnWrite { get; set; } = _ => Task.CompletedTask;

        public async Task FillAsync(IEnumerable<OwnedExecution> executions)
        {
            var some = executions.ToList();
            _bed.Execution().Handle(TakenUp.Instance);
            await _isHeld.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            some.ForEach(execution => execution.Handle(TakenUp.Instance));
            if (some.Count > 0)
            {
                Release();
            }
        }

        public void Release() => _mayGo.TrySetResult();

        public ValueTask DisposeAsync()
        {
            Release();
            return ValueTask.CompletedTask;
        }
    }
}
