using Workflows.Engine.Schedules;
using Workflows.Jsonata;

namespace Workflows.Engine.Definitions;

/// <summary>
/// What one expression of a workflow may use up: far above any sane use, far below what would hold up a worker.
/// </summary>
public static class EvaluationLimits
{
    /// <summary>Expressions and templates of nodes, evaluated by a worker.</summary>
    public static JsonataLimits Expressions { get; } = new(
        MaxSteps: 1_000_000,
        MaxDepth: 200,
        MaxSequenceLength: 200_000,
        MaxStringLength: 2 * Limits.StepOutputBytes,
        MaxOutputBytes: 2 * Limits.StepOutputBytes,
        RegexTimeoutMilliseconds: 100,
        MaxBytes: Limits.ExpressionBytes);

    /// <summary>
    /// Keys and conditions of starts, evaluated in the path of a request or for many at once: a look at the input, no
    /// calculation.
    /// About a millisecond, and twice the largest input in memory.
    /// </summary>
    public static JsonataLimits Small { get; } = new(
        MaxSteps: Limits.KeySteps,
        MaxDepth: 50,
        MaxSequenceLength: 2_000,
        MaxStringLength: Limits.InputBytes,
        MaxOutputBytes: Limits.InputBytes,
        RegexTimeoutMilliseconds: 10,
        MaxBytes: Limits.KeyBytes);

    /// <summary>Options with <see cref="Small"/>, to be shared.</summary>
    public static JsonataOptions SmallOptions { get; } =
        new() { Limits = Small, TimeZones = ExpressionTimeZones.Instance };
}
