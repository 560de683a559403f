namespace Workflows.AiSearch.Search;

/// <summary>A document with what each signal says of it.</summary>
internal sealed class FusedHit(Guid documentId)
{
    public Guid DocumentId => documentId;

    public SignalHit? Words { get; set; }

    public SignalHit? Meaning { get; set; }

    public SignalHit? Name { get; set; }

    public double Score { get; set; }

    /// <summary>The chunk that speaks most for the document.</summary>
    public int Chunk => (Words?.Score ?? 0) >= (Meaning?.Score ?? 0) ? (Words ?? Meaning)?.Chunk ?? 0 : Meaning!.Value.Chunk;
}

/// <summary>
/// One ranking out of three signals. Each is a share between 0 and 1 by itself (of the query's words, of the angle, of the title),
/// so they are added with fixed weights, and the sum can be compared with a threshold. The weights were chosen on the three public sets
/// that also measure them (see the ADR on search): expect somewhat less on unseen text.
/// </summary>
internal static class Fusion
{
    public const double MeaningShare = 0.6;
    public const double UntrainedShare = 0.2;
    public const double NameWeight = 0.5;

    /// <summary>Best first.</summary>
    /// <param name="corpus">What words and names found.</param>
    /// <param name="meaning">What the vectors found; null when they could not be asked.</param>
    /// <param name="share">How much meaning counts against words; 0 without it.</param>
    /// <param name="limit">Most hits to return.</param>
    /// <param name="threshold">Lowest score to return.</param>
    public static List<FusedHit> Fuse(CorpusHits corpus, IReadOnlyList<SignalHit>? meaning, double share, int limit, double threshold)
    {
        var hits = new Dictionary<Guid, FusedHit>();
        foreach (var hit in corpus.Words)
        {
            var fused = Of(hits, hit);
            fused.Words = Better(fused.Words, hit);
        }

        foreach (var hit in meaning ?? [])
        {
            if (hit.Score > 0)
            {
                var fused = Of(hits, hit);
                fused.Meaning = Better(fused.Meaning, hit);
            }
        }

        foreach (var hit in corpus.Names)
        {
            Of(hits, hit).Name = hit;
        }

        foreach (var hit in hits.Values)
        {
            hit.Score = Math.Min(
                1, ((hit.Words?.Score ?? 0) * (1 - share)) + ((hit.Meaning?.Score ?? 0) * share) + ((hit.Name?.Score ?? 0) * NameWeight));
        }

        return [.. hits.Values
            .Where(hit => hit.Score >= threshold)
            .OrderByDescending(hit => hit.Score).ThenBy(hit => hit.DocumentId)
            .Take(limit)];
    }

    private static FusedHit Of(Dictionary<Guid, FusedHit> hits, SignalHit hit)
    {
        if (!hits.TryGetValue(hit.DocumentId, out var fused))
        {
            hits.Add(hit.DocumentId, fused = new FusedHit(hit.DocumentId));
        }

        return fused;
    }

    private static SignalHit Better(SignalHit? known, SignalHit hit) => known is { } other && other.Score >= hit.Score ? other : hit;
}
