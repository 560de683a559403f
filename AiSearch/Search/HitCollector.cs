namespace Workflows.AiSearch.Search;

/// <summary>Chooses the hits out of scored documents, counts them, and lets one stand for equal failures.</summary>
internal sealed class HitCollector(CorpusEntries entries, RankingRequest request)
{
    private readonly Dictionary<string, int> _types = [];
    private readonly Dictionary<string, int> _tags = [];
    private readonly Dictionary<ulong, (Scored Best, int Count)> _groups = [];

    // The worst on top.
    private readonly PriorityQueue<(Scored Hit, int Alike), Rank> _best = new();
    private readonly int _wanted = request.Skip + request.Limit;
    private int _total;

    public Ranking Collect(ReadOnlySpan<bool> isAllowed, ReadOnlySpan<float> names, ReadOnlySpan<Best> best)
    {
        for (var i = 0; i < isAllowed.Length; i++)
        {
            if (!isAllowed[i])
            {
                continue;
            }

            var name = Math.Max(0, (names[i] - Limits.NameSimilarityMin) / (1 - Limits.NameSimilarityMin));
            var score = Fusion.Score(best[i].Words, best[i].Meaning, name, request.Share);
            var isHit = best[i].Words > 0 || name > 0 || request.IsBrowsing
                || (request.Meaning is { } meaning && best[i].Meaning >= meaning.Floor);
            if (isHit && score >= request.Threshold)
            {
                Take(new Scored(i, score, name, best[i]), entries.Documents[i]!);
            }
        }

        foreach (var (hit, count) in _groups.Values)
        {
            Keep(hit, count - 1);
        }

        return new Ranking(Hits(), _total, Facet(_types), Facet(_tags));
    }

    private void Take(Scored hit, CorpusDocument document)
    {
        var isFurtherOfGroup = false;
        if (request.IsGrouped && document.Group != 0 && request.Filter.AllowsType(document))
        {
            isFurtherOfGroup = _groups.TryGetValue(document.Group, out var group);
            _groups[document.Group] = isFurtherOfGroup && RankOf(group.Best).CompareTo(RankOf(hit)) >= 0
                ? (group.Best, group.Count + 1)
                : (hit, group.Count + 1);
        }

        if (isFurtherOfGroup)
        {
            return;
        }

        Count(_types, document.ContentType);
        if (!request.Filter.AllowsType(document))
        {
            return;
        }

        _total++;
        foreach (var tag in document.Tags)
        {
            Count(_tags, tag);
        }

        if (!request.IsGrouped || document.Group == 0)
        {
            Keep(hit, alike: 0);
        }
    }

    private void Keep(Scored hit, int alike)
    {
        var rank = RankOf(hit);
        if (_best.Count < _wanted)
        {
            _best.Enqueue((hit, alike), rank);
        }
        else if (_wanted > 0)
        {
            _best.EnqueueDequeue((hit, alike), rank);
        }
    }

    private List<FusedHit> Hits()
    {
        var hits = new List<FusedHit>(_best.Count);
        while (_best.Count > request.Skip)
        {
            var (hit, alike) = _best.Dequeue();
            hits.Add(ToHit(hit, alike));
        }

        hits.Reverse();
        return hits;
    }

    private FusedHit ToHit(Scored hit, int alike)
    {
        var id = entries.Documents[hit.Document]!.Id;
        var best = hit.Best;
        return new FusedHit(
            id,
            best.Words > 0 ? new SignalHit(id, best.WordsChunk, best.Words) : null,
            best.Meaning > 0 ? new SignalHit(id, best.MeaningChunk, best.Meaning) : null,
            hit.Name > 0 ? new SignalHit(id, 0, hit.Name) : null,
            hit.Score)
        {
            Alike = alike,
        };
    }

    /// <summary>By the score, then the newest, then by id, so that pages fit together.</summary>
    private Rank RankOf(Scored hit)
    {
        var document = entries.Documents[hit.Document]!;
        return new Rank(hit.Score, document.ContentAt, document.Id);
    }

    private static void Count(Dictionary<string, int> counts, string value) => counts[value] = counts.GetValueOrDefault(value) + 1;

    private static IReadOnlyList<FacetValue> Facet(Dictionary<string, int> counts) =>
        [.. counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(Limits.ValuesPerFacet).Select(pair => new FacetValue(pair.Key, pair.Value))];

    private readonly record struct Scored(int Document, double Score, float Name, Best Best);

    private readonly record struct Rank(double Score, DateTimeOffset At, Guid Id) : IComparable<Rank>
    {
        public int CompareTo(Rank other)
        {
            var byScore = Score.CompareTo(other.Score);
            var byTime = byScore != 0 ? byScore : At.CompareTo(other.At);
            return byTime != 0 ? byTime : other.Id.CompareTo(Id);
        }
    }
}
