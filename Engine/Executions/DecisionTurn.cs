namespace Workflows.Engine.Executions;

/// <summary>
/// The time in which the decider works during one call, handed in because the engine itself measures nothing. A call
/// whose turn is over stops after the node it is at and leaves the rest to a further call
/// (<see cref="ContinueLater"/>): so other executions get theirs, and a cancellation gets in between.
/// </summary>
public abstract class DecisionTurn
{
    /// <summary>The time of day. Read before and after each node, so that the record says when each ran.</summary>
    public abstract DateTimeOffset Now { get; }

    /// <summary>Whether this call has had its share. One node at least is decided in each call all the same.</summary>
    public abstract bool IsOver { get; }

    /// <summary>A turn without end in which the time stands still.</summary>
    public static DecisionTurn At(DateTimeOffset now) => new Standing(now);

    private sealed class Standing(DateTimeOffset now) : DecisionTurn
    {
        public override DateTimeOffset Now => now;

        public override bool IsOver => false;
    }
}
