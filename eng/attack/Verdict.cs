namespace Workflows.Attack;

/// <summary>What an attack came to.</summary>
/// <param name="Held">Whether the promise was kept.</param>
/// <param name="Seen">The figures or answers that say so.</param>
internal sealed record Verdict(bool Held, string Seen);
