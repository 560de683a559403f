using Workflows.Jsonata.Evaluation;

namespace Workflows.Jsonata;

/// <summary>
/// What compiling may spend on evaluating constant expressions in advance, for all templates of one document
/// together. Whoever
/// compiles on behalf of others shares one among them: when it is spent, constants stay expressions, which is slower
/// and never wrong.
/// </summary>
public sealed class FoldingBudget
{
    /// <summary>Steps that the folding of one document may take, some milliseconds.</summary>
    public const long DefaultSteps = 100_000;

    // What it takes to begin at all.
    private const long MinimalSteps = 10;

    // Enough for what people write as constants. A costlier one is left to its evaluation and that one's budget.
    private static readonly JsonataOptions Options = new()
    {
        Limits = new JsonataLimits(
            MaxSteps: 1_000,
            MaxDepth: 50,
            MaxSequenceLength: 1_000,
            MaxStringLength: 4_000,
            MaxOutputBytes: 16_000,
            RegexTimeoutMilliseconds: 5,
            MaxBytes: 64_000),
    };

    private long _stepsLeft;

    /// <summary>A budget of its own.</summary>
    /// <param name="steps">Steps of evaluation, see <see cref="JsonataLimits.MaxSteps"/>.</param>
    public FoldingBudget(long steps = DefaultSteps) => _stepsLeft = steps;

    /// <returns>False when it is an error, costs too much, or the budget is spent.</returns>
    internal bool TryEvaluate(Func<EvaluationContext, JsonataValue> evaluate, out JsonataValue value)
    {
        value = default;
        if (_stepsLeft <= 0)
        {
            return false;
        }

        var context = new EvaluationContext(Options, default);
        try
        {
            value = evaluate(context);
            _stepsLeft -= MinimalSteps + context.StepsTaken;
            return true;
        }
        catch (JsonataException)
        {
            // Evaluated where nobody may ever come: "false ? 1/'a' : 2" is a good expression.
            _stepsLeft -= Options.Limits.MaxSteps;
            return false;
        }
    }
}
