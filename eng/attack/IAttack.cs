namespace Workflows.Attack;

/// <summary>One thing that somebody could do to the platform or to another tenant.</summary>
internal interface IAttack
{
    /// <summary>One word; chooses it on the command line.</summary>
    string Name { get; }

    /// <summary>What must hold.</summary>
    string Promise { get; }

    /// <summary>Tries it, with bounds of its own on number and time.</summary>
    /// <exception cref="AttackException">It could not be tried: nothing is known then.</exception>
    Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken);
}
