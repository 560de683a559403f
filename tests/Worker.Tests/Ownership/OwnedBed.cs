using System.Text;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>An owned execution of a small definition, whose effects a test carries out by hand.</summary>
internal sealed class OwnedBed : IDisposable
{
    private readonly WorkerSession _session;

    /// <param name="nodes">JSON objects, separated by commas.</param>
    /// <param name="edges">JSON objects, separated by commas.</param>
    /// <param name="change">What the claimed row says besides.</param>
    /// <param name="recorded">What is durable of it; null = nothing.</param>
    /// <param name="settings">Further members of the definition, each with a comma before it.</param>
    /// <param name="effects">Where effects go; null = to <see cref="Effects"/>.</param>
    /// <param name="session">Under which it is owned; null = one of its own.</param>
    public OwnedBed(
        string nodes, string edges = "", Func<ClaimedExecution, ClaimedExecution>? change = null,
        RecordedExecution? recorded = null, string settings = "", IExecutionEffects? effects = null,
        WorkerSession? session = null)
    {
        _session = session ?? new WorkerSession();
        var json = $$"""{"schema": 1, "nodes": [{{nodes}}], "edges": [{{edges}}]{{settings}}}""";
        Assert.True(
            CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out var workflow, out var problems),
            string.Join('\n', problems));
        var claimed = new ClaimedExecution
        {
            Key = new ExecutionKey(Guid.CreateVersion7(), Guid.CreateVersion7()),
            WorkflowId = Guid.CreateVersion7(),
            Version = 1,
            Fence = 1,
            Wakes = 2,
            Run = 1,
            Priority = Workflows.Data.Executions.ExecutionPriority.Normal,
            TriggerType = "manual",
            Input = "{}"u8.ToArray(),
            QueuedAt = Clock.GetUtcNow(),
            StartedAt = Clock.GetUtcNow(),
        };
        claimed = change is null ? claimed : change(claimed);
        Execution = new OwnedExecution(
            _session, claimed, workflow, Facts.Of(claimed, ScopeValues.None, callbacks: null),
            recorded ?? RecordedExecution.Nothing, effects ?? Effects, Clock);
    }

    public SteppingClock Clock { get; } = new(0);

    public RecordingEffects Effects { get; } = new();

    public OwnedExecution Execution { get; }

    public WorkerSession Session => _session;

    public void Begin() => Execution.Handle(TakenUp.Instance);

    /// <summary>What the progress under way would write.</summary>
    public Checkpoint Writing()
    {
        var checkpoint = new Checkpoint();
        Assert.NotNull(Effects.Writing);
        Effects.Writing.AddTo(checkpoint);
        return checkpoint;
    }

    /// <summary>Commits what is under way.</summary>
    public void Commit() => Execution.Handle(new BecameDurable(Effects.TakeWritten(isDurable: true)));

    public void Reject() =>
        Execution.Handle(new WasRejected(Effects.TakeWritten(isDurable: false), "no such character"));

    /// <summary>Answers the first call under way.</summary>
    public void Answer(byte[]? output = null, long? rows = null, params IReadOnlyList<LogRow> notes)
    {
        var (run, _) = Effects.TakeCall(0);
        var now = Clock.GetUtcNow();
        Execution.Handle(new CallEnded(
            run,
            new StepSucceeded(run.Ordinal, run.Iteration, run.Attempt, "main", output ?? "1"u8.ToArray(), now, now)
            {
                RowsProcessed = rows,
            },
            notes));
    }

    public void Dispose() => _session.Dispose();
}
