using System.Runtime.InteropServices;

namespace Workflows.AiSearch.Search;

/// <summary>Chooses the hits out of scored documents, counts them, and lets one stand for equal failures.</summary>
internal sealed class HitCollector(CorpusEntries entries, RankingRequest request)
{
    private readonly int[] _types = new int[entries.Types.Count];
    private readonly int[] _tags = new int[entries.Tags.Count];
    private readonly bool[] _isWanted =
        [.. Enumerable.Range(0, entries.Types.Count).Select(type => request.Filter.AllowsType(entries.Types[type]))];

    private readonly Dictionary<ulong, (Scored Best, int Count)> _groups = [];

    // The worst on top.
    private readonly PriorityQueue<(Scored Hit, int Alike), Rank> _best = new();
    private readonly int _wanted = request.Skip + request.Limit;
    private double _worst = double.NegativeInfinity;
    private int _total;

    public Ranking Collect(ReadOnlySpan<bool> isAllowed, ReadOnlySpan<float> names, ReadOnlySpan<Best> best)
    {
        var facts = CollectionsMarshal.AsSpan(entries.Facts);
        var floor = request.Meaning?.Floor ?? float.PositiveInfinity;
        for (var i = 0; i < isAllowed.Length; i++)
        {
            if (!isAllowed[i])
            {
                continue;
            }

            ref readonly var document = ref best[i];
            var name = names[i] <= Limits.NameSimilarityMin
                ? 0
                : (names[i] - Limits.NameSimilarityMin) / (1 - Limits.NameSimilarityMin);
            if (document.Words > 0 || name > 0 || document.Meaning >= floor || request.IsBrowsing)
            {
                var score = Fusion.Score(document.Words, document.Meaning, name, request.Share);
                if (score >= request.Threshold)
                {
                    Take(i, score, name, in document, in facts[i]);
                }
            }
        }

        foreach (var (hit, count) in _groups.Values)
        {
            Keep(hit, count - 1);
        }

        return new Ranking(Hits(), _total, Facet(_types, entries.Types), Facet(_tags, entries.Tags));
    }

    private void Take(int document, double score, float name, in Best best, in DocumentFacts facts)
    {
        var isWanted = _isWanted[facts.Type];
        var isOfGroup = request.IsGrouped && facts.Group != 0;
        if (isWanted && isOfGroup && IsFurther(new Scored(document, score, name, best), facts.Group))
        {
            return;
        }

        _types[facts.Type]++;
        if (!isWanted)
        {
            return;
        }

        _total++;
        foreach (var tag in facts.Tags)
        {
            _tags[tag]++;
        }

        if (!isOfGroup && score >= _worst)
        {
            Keep(new Scored(document, score, name, best), alike: 0);
        }
    }

    /// <summary>Whether its group has a hit already; the best of the two stands for it.</summary>
    private bool IsFurther(Scored hit, ulong number)
    {
        var isFurther = _groups.TryGetValue(number, out var group);
        _groups[number] = isFurther && RankOf(group.Best).CompareTo(RankOf(hit)) >= 0
            ? (group.Best, group.Count + 1)
            : (hit, group.Count + 1);
        return isFurther;
    }

    private void Keep(Scored hit, int alike)
    {
        if (_best.Count < _wanted)
        {
            _best.Enqueue((hit, alike), RankOf(hit));
        }
        else if (hit.Score >= _worst)
        {
            _best.EnqueueDequeue((hit, alike), RankOf(hit));
            _worst = _best.TryPeek(out _, out var worst) ? worst.Score : double.PositiveInfinity;
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

    private static IReadOnlyList<FacetValue> Facet(int[] counts, NameTable names) =>
        [.. Enumerable.Range(0, counts.Length).Where(value => counts[value] > 0)
            .OrderByDescending(value => counts[value]).ThenBy(value => names[value], StringComparer.Ordinal)
            .Take(Limits.ValuesPerFacet).Select(value => new FacetValue(names[value], counts[value]))];

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
