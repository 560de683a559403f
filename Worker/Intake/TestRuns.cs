using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Testing;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Intake;

/// <summary>What one test runs, and where what it decides goes.</summary>
internal sealed record PreparedTest(CompiledWorkflow Workflow, IExecutionEffects Effects);

/// <summary>
/// Prepares executions that are tests. Each is a workflow of its own, made from its rows alone: a worker that takes a
/// test over from another one makes the same.
/// </summary>
internal sealed class TestRuns(TestStore tests, IExecutionEffects effects)
{
    /// <returns>Null when what it runs is gone, or does not compile on this release.</returns>
    public async Task<PreparedTest?> FindAsync(ExecutionKey key, CancellationToken cancellationToken)
    {
        if (await tests.FindAsync(key, cancellationToken) is not { } stored
            || !CompiledWorkflow.TryCompile(stored.Definition, stored.CustomNodes, out var workflow, out _))
        {
            return null;
        }

        var inputs = new StepInputs();
        return new PreparedTest(
            TestWorkflow.Of(workflow, TestPlan.Read(stored.Plan), inputs), new TestEffects(effects, inputs));
    }
}
