using System.Text;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>What an owned execution does with one input after the other.</summary>
public sealed class OwnedExecutionTests
{
    private const string Call = """{"id": "a", "type": "http", "parameters": {"url": "http://x.test/"}}""";
    private const string Other = """{"id": "b", "type": "http", "parameters": {"url": "http://x.test/"}}""";
    private const string Chain = """{"from": "a", "to": "b"}""";

    [Fact]
    public void What_is_urgent_before_the_beginning_begins_it_first()
    {
        using var bed = new OwnedBed(Call);
        bed.Execution.Handle(new Asked(new CancelRequested("enough"))); // overtook the beginning
        bed.Begin();

        Assert.Equal("cancelled", Assert.Single(bed.Writing().Finished).Status);
        Assert.Empty(bed.Effects.EngineFailures);
    }

    [Fact]
    public void A_second_call_starts_only_after_the_first_ones_step_is_durable()
    {
        using var bed = new OwnedBed($"{Call}, {Other}", Chain);
        bed.Begin();
        bed.Answer();
        Assert.Empty(bed.Effects.Calls);
        bed.Commit();
        Assert.Equal("b", Assert.Single(bed.Effects.Calls).Run.NodeId);
    }

    [Fact]
    public void An_execution_is_busy_until_what_its_call_answered_is_durable()
    {
        using var bed = new OwnedBed($"{Call}, {Other}", Chain);
        bed.Begin();
        bed.Session.IsStopping = true;
        Assert.True(bed.Execution.IsBusy);
        bed.Answer();
        Assert.True(bed.Execution.IsBusy);
        bed.Commit();

        Assert.False(bed.Execution.IsBusy);
        Assert.Empty(bed.Effects.Calls); // the next owner's
    }

    [Fact]
    public async Task An_execution_is_busy_while_somebody_is_at_it()
    {
        using var bed = new OwnedBed(Call);
        var isInside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayGo = new TaskCompletionSource();
        var slow = new CallEnded(
            new NodeRun(Guid.Empty, 0, "a", "http", "", 1, default, null, null),
            new CancelRequested(null),
            new BlockingRows(isInside, mayGo));
        var handling = Task.Run(() => bed.Execution.Handle(slow), TestContext.Current.CancellationToken);
        await isInside.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.True(bed.Execution.IsBusy);
        Assert.False(bed.Execution.TryHandle(TakenUp.Instance, out _));
        mayGo.SetResult();
        await handling;
        Assert.True(bed.Execution.TryHandle(TakenUp.Instance, out _));
    }

    [Fact]
    public void A_failure_of_the_platform_starts_nothing_that_was_decided_before()
    {
        using var bed = new OwnedBed($"{Call}, {Other}", Chain);
        bed.Begin();
        bed.Answer(); // its step is on the way, and the second call after it
        bed.Execution.Handle(new Broken("LOOK_BACK_FAILED", "x"));
        bed.Commit();

        Assert.Empty(bed.Effects.Calls);
        Assert.Equal("failed", Assert.Single(bed.Writing().Finished).Status);
        bed.Commit();
        Assert.Equal("failed", bed.Effects.Last!.Finished!.Status);
    }

    [Fact]
    public void What_comes_after_a_failure_of_the_platform_changes_nothing()
    {
        using var bed = new OwnedBed($"{Call}, {Other}");
        bed.Begin();
        bed.Answer();
        bed.Execution.Handle(new Broken("INTERNAL_ERROR", "x"));
        bed.Answer(); // the other one: the execution would be complete
        bed.Commit();

        Assert.Equal("failed", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void An_end_that_is_decided_is_not_broken_any_more()
    {
        using var bed = new OwnedBed($"{Call}, {Other}");
        bed.Begin();
        bed.Answer();
        bed.Answer(); // complete; the first step is still on its way
        bed.Execution.Handle(new Broken("LOOK_BACK_FAILED", "x"));
        bed.Commit();
        Assert.Equal("completed", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void What_the_database_refuses_fails_with_its_reason_and_in_the_end_without_its_input()
    {
        using var bed = new OwnedBed(Call, change: claimed => claimed with { Input = "{\"a\":1}"u8.ToArray() });
        bed.Begin();
        bed.Answer();
        bed.Reject();

        var first = bed.Writing();
        Assert.Empty(first.Steps);
        Assert.Contains("no such character", Encoding.UTF8.GetString(Assert.Single(first.Finished).Error!),
            StringComparison.Ordinal);
        Assert.NotNull(Assert.Single(first.DeadLetters).Input);
        bed.Reject();
        Assert.Null(Assert.Single(bed.Writing().DeadLetters).Input);
        bed.Reject();
        Assert.Equal("no such character", bed.Effects.Unstorable);
        Assert.Null(bed.Effects.Last!.Finished);
    }

    [Fact]
    public void A_pause_asked_for_before_it_was_taken_up_lets_nothing_begin()
    {
        using var bed = new OwnedBed(Call, change: claimed => claimed with { StopRequest = "pause" });
        bed.Begin();
        bed.Execution.Handle(new WaitsResolved([], Wakes: 7));

        Assert.Empty(bed.Effects.Calls);
        Assert.Single(bed.Writing().Paused);
        bed.Commit();
        Assert.True(bed.Effects.Last!.Pauses);
    }

    [Fact]
    public void A_pause_that_cannot_be_stored_fails_like_everything_else()
    {
        using var bed = new OwnedBed(Call, change: claimed => claimed with { StopRequest = "pause" });
        bed.Begin();
        bed.Reject();
        Assert.Equal("failed", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void A_cancellation_takes_back_a_pause_that_has_not_gone_out()
    {
        using var bed = new OwnedBed($"{Call}, {Other}", Chain);
        bed.Begin();
        bed.Answer(); // on its way
        bed.Execution.Handle(new Asked(new PauseRequested()));
        bed.Execution.Handle(new Asked(new CancelRequested("enough")));
        bed.Commit();

        var checkpoint = bed.Writing();
        Assert.Empty(checkpoint.Paused);
        Assert.Equal("cancelled", Assert.Single(checkpoint.Finished).Status);
    }

    [Fact]
    public void A_time_out_asked_for_while_nobody_had_it_ends_it_at_once()
    {
        using var bed = new OwnedBed(Call, change: claimed => claimed with { StopRequest = "timeout" });
        bed.Begin();
        Assert.Equal("timed_out", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void What_arrives_after_the_session_ended_has_no_effect()
    {
        using var bed = new OwnedBed(Call);
        bed.Begin();
        bed.Session.TryFence();
        Assert.True(Assert.Single(bed.Effects.Calls).Abort.IsCancellationRequested);
        bed.Answer();
        Assert.Null(bed.Effects.Writing);
    }

    [Fact]
    public void An_abort_reaches_the_call_and_its_end_is_awaited()
    {
        using var bed = new OwnedBed(Call);
        bed.Begin();
        bed.Execution.Handle(new Asked(new CancelRequested("enough")));
        var (run, abort) = bed.Effects.TakeCall(0);
        Assert.True(SpinWait.SpinUntil(() => abort.IsCancellationRequested, TimeSpan.FromSeconds(10)));
        Assert.Null(bed.Effects.Writing);

        bed.Execution.Handle(new CallEnded(run, StepOutcomes.Aborted(run, bed.Clock.GetUtcNow()), []));
        Assert.Equal("cancelled", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void Notes_become_durable_with_the_step_and_are_bounded()
    {
        using var bed = new OwnedBed(Call);
        bed.Begin();
        var note =
            new LogRow(Guid.CreateVersion7(), bed.Execution.Key, "info", "a", "told", null, bed.Clock.GetUtcNow());
        bed.Answer(null, null, [.. Enumerable.Repeat(note, Limits.NotesPerStay + 5)]);

        var checkpoint = bed.Writing();
        Assert.Single(checkpoint.Steps);
        Assert.Equal(Limits.NotesPerStay, checkpoint.Logs.Count);
    }

    [Fact]
    public void An_input_that_does_not_fit_fails_before_anything_runs()
    {
        using var bed = new OwnedBed(
            Call,
            change: claimed => claimed with { TriggerType = "event" },
            settings: """, "parameters": {"type": "object", "required": ["order"]}""");
        bed.Begin();
        Assert.Contains("INPUT_INVALID", Encoding.UTF8.GetString(Assert.Single(bed.Writing().Finished).Error!),
            StringComparison.Ordinal);
        bed.Execution.Handle(new WaitsResolved([], 9));
        bed.Commit();
        Assert.NotNull(bed.Effects.Last);
    }

    [Fact]
    public void Large_results_go_out_in_parts_one_after_the_other()
    {
        const int calls = 8;
        var nodes = string.Join(", ", Enumerable.Range(0, calls).Select(number =>
            $$$"""{"id": "n{{{number}}}", "type": "http", "parameters": {"url": "http://x.test/"}}"""));
        var end = """{"id": "end", "type": "set", "parameters": {"value": 1}}""";
        var edges = string.Join(
            ", ", Enumerable.Range(0, calls).Select(number => $$"""{"from": "n{{number}}", "to": "end"}"""));
        using var bed = new OwnedBed($"{nodes}, {end}", edges);
        bed.Begin();
        var large = Encoding.UTF8.GetBytes($"\"{new string('x', 1_000_000)}\"");
        for (var call = 0; call < calls; call++)
        {
            bed.Answer(large); // the first goes out alone; the others collect meanwhile
        }

        var parts = new List<int>();
        while (bed.Effects.Last is null)
        {
            Assert.True(bed.Effects.Writing!.Bytes < Limits.ProgressBytes + large.Length);
            parts.Add(bed.Writing().Steps.Count);
            bed.Commit();
        }

        Assert.Equal([1, 5, 3], parts);
        Assert.Equal("completed", bed.Effects.Last.Finished!.Status);
    }

    /// <summary>Notes that hold their reader until a test lets it go.</summary>
    private sealed class BlockingRows(TaskCompletionSource isInside, TaskCompletionSource mayGo) : IReadOnlyList<LogRow>
    {
        public int Count => 0;

        public LogRow this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public IEnumerator<LogRow> GetEnumerator()
        {
            isInside.SetResult();
            mayGo.Task.Wait();
            return Enumerable.Empty<LogRow>().GetEnumerator();
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
