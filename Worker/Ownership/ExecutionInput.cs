using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>Something that happens to an execution while a worker owns it.</summary>
internal abstract record ExecutionInput
{
    /// <summary>
    /// It goes before whatever else waits for a turn of the tenant: it ends the execution, or it costs next to nothing.
    /// </summary>
    public virtual bool IsUrgent => false;
}

/// <summary>The worker has taken it up. Only the first input has an effect by itself.</summary>
internal sealed record TakenUp : ExecutionInput
{
    public static TakenUp Instance { get; } = new();
}

/// <summary>An outside call has ended. Each call that was started is followed by exactly one.</summary>
/// <param name="Run">The attempt.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Notes">What its runner leaves in the log of the execution.</param>
internal sealed record CallEnded(NodeRun Run, ExecutionEvent Outcome, IReadOnlyList<LogRow> Notes) : ExecutionInput;

/// <summary>The delay before another attempt of a pure node is over, which counts as a call until then.</summary>
internal sealed record DelayEnded(NodeRun Run) : ExecutionInput;

/// <summary>Somebody wants the execution to end or to rest.</summary>
internal sealed record Asked(ExecutionEvent Request) : ExecutionInput
{
    public override bool IsUrgent => true;
}

/// <summary>Waits of the execution have an outcome.</summary>
/// <param name="Waits">The waits with an outcome.</param>
/// <param name="Wakes">
/// The row's wakes, read before the waits were: what is resolved after that counts as news.
/// </param>
internal sealed record WaitsResolved(IReadOnlyList<WaitRow> Waits, int Wakes) : ExecutionInput;

/// <summary>Events that came before its waits were durable have been looked for.</summary>
/// <param name="Found">The waits that they resolve.</param>
internal sealed record LookedBack(IReadOnlyList<WaitRow> Found) : ExecutionInput;

/// <summary>The platform cannot carry it on.</summary>
internal sealed record Broken(string Code, string Message) : ExecutionInput
{
    public override bool IsUrgent => true;
}

/// <summary>Progress is committed.</summary>
internal sealed record BecameDurable(Progress Progress) : ExecutionInput
{
    public override bool IsUrgent => Progress.EndsStay;
}

/// <summary>The database refuses progress for the data's sake, and will refuse it again.</summary>
internal sealed record WasRejected(Progress Progress, string Reason) : ExecutionInput
{
    public override bool IsUrgent => true;
}

/// <summary>Its tenant has a turn, for which it has asked.</summary>
internal sealed record TurnCame : ExecutionInput
{
    public static TurnCame Instance { get; } = new();
}
