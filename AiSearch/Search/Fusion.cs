namespace Workflows.AiSearch.Search;

/// <summary>A document found by one signal, with its best chunk.</summary>
internal readonly record struct SignalHit(Guid DocumentId, int Chunk, float Score);

/// <summary>A document with what each signal says of it.</summary>
internal sealed record FusedHit(Guid DocumentId, SignalHit? Words, SignalHit? Meaning, SignalHit? Name, double Score)
{
    /// <summary>Further failures of the same workflow with the same error, for which this one stands.</summary>
    public int Alike { get; init; }

    /// <summary>The chunk that speaks most for the document.</summary>
    public int Chunk => (Words?.Score ?? 0) >= (Meaning?.Score ?? 0) ? (Words ?? Meaning)?.Chunk ?? 0 : Meaning!.Value.Chunk;
}

/// <summary>
/// One score out of three signals. Each is a share between 0 and 1 by itself (of the query's words, of the angle, of the title), so
/// they are added with fixed weights, and the sum can be compared with a threshold. Both legs are scored for every document, not only
/// for those that the leg itself proposes: what only one of them knows is not taken for a zero of the other.
/// </summary>
internal static class Fusion
{
    public const double NameWeight = 0.5;

    /// <param name="words">Covered share of the query.</param>
    /// <param name="meaning">Cosine; a negative one is as good as none.</param>
    /// <param name="name">How much the title looks like the query.</param>
    /// <param name="share">How much meaning counts against words; 0 without it.</param>
    public static double Score(float words, float meaning, float name, double share) =>
        Math.Min(1, (words * (1 - share)) + (Math.Max(0, meaning) * share) + (name * NameWeight));
}
