using Workflows.Jsonata;

namespace Workflows.Engine.Definitions;

/// <summary>
/// What one expression of a workflow may use up: far above any sane use, far below what would hold up a worker.
/// </summary>
internal static class EvaluationLimits
{
    public static JsonataLimits Expressions { get; } = new(
        MaxSteps: 1_000_000,
        MaxDepth: 200,
        MaxSequenceLength: 200_000,
        MaxStringLength: 2 * Limits.StepOutputBytes,
        MaxOutputBytes: 2 * Limits.StepOutputBytes,
        RegexTimeoutMilliseconds: 100);
}
