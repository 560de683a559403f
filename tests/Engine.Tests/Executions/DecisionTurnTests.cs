using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>A call of the decider that has had its share leaves the rest to a further one.</summary>
public sealed class DecisionTurnTests
{
    private const string Rounds = """
        {"id": "each", "type": "forEach", "parameters": {"items": "{{ [1..20] }}", "maxParallel": 5},
         "body": {"nodes": [{"id": "a", "type": "set", "parameters": {"value": "{{ item * 2 }}"}},
           {"id": "b", "type": "set", "parameters": {"value": "{{ steps.a.output + 1 }}"}}], "edges": [{"from": "a",
             "to": "b"}]}}
        """;

    [Fact]
    public void What_is_decided_in_short_turns_is_the_same()
    {
        var whole = ExecutionDriver.Start(Rounds);

        var sliced = new ExecutionDriver(Flow.Compile(Rounds, "", ""), "{}") { IsSlow = true }.Start();

        Assert.NotNull(whole.Output);
        Assert.Equal(whole.Output, sliced.Output);
        Assert.Equal(whole.Story.Split(' ').Order(), sliced.Story.Split(' ').Order());
    }

    [Fact]
    public void A_call_decides_one_node_at_least_and_says_that_there_is_more()
    {
        var (state, decisions) = (Chain(3), new List<Decision>());

        Decider.Resume(state, [], [], new SlowTurn(TimeSpan.FromSeconds(1)), decisions);

        Assert.Equal(["a0"], decisions.OfType<RecordStep>().Select(record => record.Step.NodeId));
        Assert.IsType<ContinueLater>(decisions[^1]);
        Assert.True(state.HasMore);
        Assert.False(state.IsParked);
    }

    [Fact]
    public void A_cancellation_comes_between_two_turns()
    {
        var (state, decisions) = (Chain(100), new List<Decision>());
        var turn = new SlowTurn(TimeSpan.FromSeconds(1));
        Decider.Resume(state, [], [], turn, decisions);

        Decider.Apply(state, new CancelRequested("enough"), turn, decisions);

        Assert.IsType<CancelExecution>(decisions[^1]);
        Assert.Single(decisions.OfType<RecordStep>());
    }

    [Fact]
    public void A_pause_comes_between_two_turns()
    {
        var (state, decisions) = (Chain(100), new List<Decision>());
        var turn = new SlowTurn(TimeSpan.FromSeconds(1));
        Decider.Resume(state, [], [], turn, decisions);

        Decider.Apply(state, new PauseRequested(), turn, decisions);

        Assert.True(state.IsPaused);
        Assert.Single(decisions.OfType<RecordStep>());
    }

    // Of two nodes that wait only one is taken over when the first turn is over.
    [Theory]
    [InlineData(WaitKind.Retry)]
    [InlineData(WaitKind.Timer)]
    public void A_wait_that_resolves_before_it_is_taken_over_is_not_forgotten(WaitKind kind)
    {
        var node = kind == WaitKind.Retry
            ? Flow.Effect("w", """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 30}""")
            : """{"id": "w", "type": "delay", "parameters": {"seconds": 60}}""";
        var state = new ExecutionDriver(Flow.Compile($"{Flow.Noop("a")}, {node}", "", "")).State;
        var decisions = new List<Decision>();
        var turn = new SlowTurn(TimeSpan.FromSeconds(1));
        var dueAt = ExecutionDriver.Epoch.AddMinutes(1);
        var wait = new RecordedWait("w", "", 1, kind, dueAt, null, default, ExecutionDriver.Epoch);
        Decider.Resume(state, [], [wait], turn, decisions);
        Assert.True(state.HasMore);

        ExecutionEvent due = kind == WaitKind.Retry
            ? new RetryDue(1, "", 1)
            : new WaitResolved(1, "", 1, WaitOutcome.Due);
        Decider.Apply(state, due, turn, decisions);
        for (var calls = 0; state.HasMore && calls < 10; calls++)
        {
            Decider.Apply(state, new Continued(), turn, decisions);
        }

        Assert.False(state.IsParked);
        Assert.True(state.IsEnded || decisions.OfType<RunNode>().Any(run => run.Run is { NodeId: "w", Attempt: 2 }));
    }

    // Within one call, too: the time is looked at before each node.
    [Fact]
    public void The_execution_times_out_while_it_evaluates()
    {
        var (state, decisions) = (Chain(100, """, "settings": {"timeoutSeconds": 10}"""), new List<Decision>());

        Decider.Resume(state, [], [], new SlowTurn(TimeSpan.FromSeconds(2)) { NeverOver = true }, decisions);

        Assert.Equal(ExecutionStatus.TimedOut, Assert.IsType<FailExecution>(decisions[^1]).Status);
        Assert.InRange(decisions.OfType<RecordStep>().Count(), 1, 10);
    }

    [Fact]
    public void The_record_says_when_each_node_began_and_ended()
    {
        var (state, decisions) = (Chain(3), new List<Decision>());

        Decider.Resume(state, [], [], new SlowTurn(TimeSpan.FromSeconds(1)) { NeverOver = true }, decisions);

        var steps = decisions.OfType<RecordStep>().Select(record => record.Step).ToList();
        Assert.Equal(3, steps.Count);
        Assert.All(steps, step => Assert.True(step.FinishedAt > step.StartedAt, $"{step.NodeId} took no time."));
        Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.True(pair.Second.StartedAt >= pair.First.FinishedAt));
    }

    private static ExecutionState Chain(int length, string rest = "")
    {
        var nodes = string.Join(", ", Enumerable.Range(0, length).Select(index => Flow.Noop($"a{index}")));
        var edges = string.Join(", ", Enumerable.Range(1, length - 1).Select(index => $"a{index - 1}>a{index}"));
        return new ExecutionState(Flow.Compile(nodes, edges, rest), new ExecutionFacts
        {
            ExecutionId = Guid.CreateVersion7(),
            TenantId = Guid.CreateVersion7(),
            WorkflowId = Guid.CreateVersion7(),
            Version = 1,
            TriggerType = "manual",
            CreatedAt = ExecutionDriver.Epoch,
        });
    }

    /// <summary>Time goes on with each look at it.</summary>
    private sealed class SlowTurn(TimeSpan step) : DecisionTurn
    {
        private int _looks;

        public bool NeverOver { get; init; }

        public override DateTimeOffset Now => ExecutionDriver.Epoch + (_looks++ * step);

        public override bool IsOver => !NeverOver;
    }
}
