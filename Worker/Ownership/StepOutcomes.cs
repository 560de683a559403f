using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>Outcomes of attempts that no runner has said.</summary>
internal static class StepOutcomes
{
    public static StepError AbortedError { get; } =
        new(StepErrorCodes.Aborted, "Stopped because the execution ended.", StepErrorKind.Cancelled);

    /// <summary>Of an attempt that was decided and never started, because its execution ends.</summary>
    public static StepFailed Aborted(NodeRun run, DateTimeOffset now) =>
        new(run.Ordinal, run.Iteration, run.Attempt, AbortedError, now, now);
}
