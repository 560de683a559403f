using Workflows.Data.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>What is durable of an execution that a worker takes up.</summary>
internal sealed record RecordedExecution(IReadOnlyCollection<StepRow> Steps, IReadOnlyCollection<WaitRow> Waits)
{
    public static RecordedExecution Nothing { get; } = new([], []);
}
