namespace Workflows.Worker.Rounds;

/// <summary>When a round ends as its worker stops.</summary>
internal enum RoundPhase
{
    /// <summary>At once: nothing new is begun.</summary>
    Intake,

    /// <summary>After the executions: it goes on while running steps end.</summary>
    Owning,
}

/// <summary>One piece of a worker's work, repeated while it lives.</summary>
/// <param name="Name">What it does, for the log and the health page.</param>
/// <param name="Phase">When it ends.</param>
/// <param name="RunAsync">Does it once and says how long to wait before the next time.</param>
internal sealed record Round(string Name, RoundPhase Phase, Func<CancellationToken, Task<TimeSpan>> RunAsync);

/// <summary>Some rounds that belong together.</summary>
internal interface IRounds
{
    IEnumerable<Round> Rounds { get; }
}
