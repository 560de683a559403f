using Workflows.Engine.Executions;
using Workflows.Engine.Testing;

namespace Workflows.Worker.Ownership;

/// <summary>
/// Carries out what a test decides as it is carried out of any execution, but that its progress becomes durable as that
/// of a test.
/// </summary>
internal sealed class TestEffects(IExecutionEffects inner, StepInputs inputs) : IExecutionEffects
{
    public void Write(Progress progress)
    {
        progress.BecomeTest(step => step with { Input = inputs.Take(step.NodeId, step.Iteration, step.Attempt) });
        inner.Write(progress);
    }

    public void Start(OwnedExecution execution, NodeRun run, CancellationToken abort) =>
        inner.Start(execution, run, abort);

    public void LookBack(OwnedExecution execution) => inner.LookBack(execution);

    public void AwaitTurn(OwnedExecution execution) => inner.AwaitTurn(execution);

    public void Release(OwnedExecution execution, Progress last) => inner.Release(execution, last);

    public void ReportEngineFailure(OwnedExecution execution, Exception exception) =>
        inner.ReportEngineFailure(execution, exception);

    public void ReportUnstorable(OwnedExecution execution, string reason) =>
        inner.ReportUnstorable(execution, reason);
}
