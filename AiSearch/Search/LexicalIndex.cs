using System.Buffers;
using System.Runtime.InteropServices;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>One entry found by its words, with its score.</summary>
internal readonly record struct ScoredEntry(int Entry, float Score);

/// <summary>
/// An inverted index in memory: for each term the entries that have it, in the order of their numbers. BM25 in the form of Lucene
/// (k1 = 1.2, b = 0.75). Entries are only added and marked dead; the dead still count in the statistics until the owner
/// builds the index anew, which it does when they are many. Not thread-safe: the owner locks.
/// </summary>
internal sealed class LexicalIndex
{
    private const float K1 = 1.2f;
    private const float B = 0.75f;

    private readonly Dictionary<uint, Postings> _postings = [];
    private readonly List<ushort> _lengths = [];
    private long _totalLength;

    /// <summary>Numbers given out so far, the dead included.</summary>
    public int Count => _lengths.Count;

    /// <summary>Places in all lists: a measure of the memory used, 6 to 12 bytes each.</summary>
    public long PostingCount { get; private set; }

    /// <summary>Adds an entry under the next number.</summary>
    public int Add(TermVector terms)
    {
        var entry = _lengths.Count;
        _lengths.Add((ushort)Math.Min(terms.Length, ushort.MaxValue));
        _totalLength += terms.Length;
        PostingCount += terms.Terms.Count;
        foreach (var (term, count) in terms.Terms)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_postings, term, out _).Add(entry, count);
        }

        return entry;
    }

    /// <summary>How many entries have the term.</summary>
    public int FrequencyOf(uint term) => _postings.TryGetValue(term, out var postings) ? postings.Count : 0;

    /// <summary>
    /// What an entry could score at most, could it have every term of the query any number of times: scores divided by it say
    /// how much of the query an entry covers, which is comparable between queries.
    /// </summary>
    public float Ceiling(TermVector query)
    {
        var ceiling = 0f;
        foreach (var (term, count) in query.Terms)
        {
            var frequency = FrequencyOf(term);
            ceiling += frequency == 0 ? 0 : InverseFrequency(frequency) * count;
        }

        return ceiling;
    }

    /// <summary>The best entries by BM25, best first; on equal scores the older entry first.</summary>
    /// <param name="query">Terms; a repeated one counts as often.</param>
    /// <param name="isAllowed">By entry: whether it is alive and passes the filter.</param>
    /// <param name="limit">Most entries to return.</param>
    public List<ScoredEntry> Search(TermVector query, ReadOnlySpan<bool> isAllowed, int limit)
    {
        var average = Count == 0 ? 1 : Math.Max(1f, (float)_totalLength / Count);
        var lengths = CollectionsMarshal.AsSpan(_lengths);
        return Collect(query, isAllowed, limit, static (index, postings, queryCount, scores, context) =>
        {
            var weight = index.InverseFrequency(postings.Count) * queryCount;
            var (entries, counts) = postings.Span();
            for (var i = 0; i < entries.Length; i++)
            {
                var count = (float)counts[i];
                var entry = entries[i];
                scores[entry] += weight * count / (count + (K1 * (1 - B + (B * context.Lengths[entry] / context.Average))));
            }
        }, new Context(lengths, average));
    }

    /// <summary>The best entries by the share of the query's terms that they have: for the trigrams of names.</summary>
    public List<ScoredEntry> SearchShared(TermVector query, ReadOnlySpan<bool> isAllowed, int limit) =>
        Collect(query, isAllowed, limit, static (_, postings, _, scores, context) =>
        {
            var share = 1f / context.Average;
            foreach (var entry in postings.Span().Entries)
            {
                scores[entry] += share;
            }
        }, new Context([], query.Terms.Count));

    private delegate void Scorer(LexicalIndex index, Postings postings, int queryCount, Span<float> scores, Context context);

    private List<ScoredEntry> Collect(TermVector query, ReadOnlySpan<bool> isAllowed, int limit, Scorer scorer, Context context)
    {
        var rented = ArrayPool<float>.Shared.Rent(Count);
        var scores = rented.AsSpan(0, Count);
        scores.Clear();
        foreach (var (term, count) in query.Terms)
        {
            if (_postings.TryGetValue(term, out var postings))
            {
                scorer(this, postings, count, scores, context);
            }
        }

        var best = Best(scores, isAllowed, limit);
        ArrayPool<float>.Shared.Return(rented);
        return best;
    }

    private static List<ScoredEntry> Best(ReadOnlySpan<float> scores, ReadOnlySpan<bool> isAllowed, int limit)
    {
        // A heap of the best so far with the worst on top. Among equals the later entry is the worse one.
        var heap = new PriorityQueue<int, (float Score, int Older)>(limit + 1);
        var threshold = 0f;
        for (var entry = 0; entry < scores.Length; entry++)
        {
            if (scores[entry] > threshold && isAllowed[entry])
            {
                heap.Enqueue(entry, (scores[entry], -entry));
                if (heap.Count > limit)
                {
                    heap.Dequeue();
                    heap.TryPeek(out _, out var worst);
                    threshold = worst.Score;
                }
            }
        }

        var best = new List<ScoredEntry>(heap.Count);
        while (heap.TryDequeue(out var entry, out var priority))
        {
            best.Add(new ScoredEntry(entry, priority.Score));
        }

        best.Reverse();
        return best;
    }

    private float InverseFrequency(int frequency) => MathF.Log(1 + ((Count - frequency + 0.5f) / (frequency + 0.5f)));

    private readonly ref struct Context(ReadOnlySpan<ushort> lengths, float average)
    {
        public ReadOnlySpan<ushort> Lengths { get; } = lengths;

        public float Average { get; } = average;
    }

    /// <summary>One term's entries and counts, growing.</summary>
    private struct Postings
    {
        private int[]? _entries;
        private ushort[]? _counts;

        public int Count { get; private set; }

        public void Add(int entry, int count)
        {
            if (_entries is null || Count == _entries.Length)
            {
                var capacity = Math.Max(2, Count + (Count / 2));
                Array.Resize(ref _entries, capacity);
                Array.Resize(ref _counts, capacity);
            }

            _entries[Count] = entry;
            _counts![Count++] = (ushort)Math.Min(count, ushort.MaxValue);
        }

        public readonly Slices Span() => new(_entries.AsSpan(0, Count), _counts.AsSpan(0, Count));
    }

    private readonly ref struct Slices(ReadOnlySpan<int> entries, ReadOnlySpan<ushort> counts)
    {
        public ReadOnlySpan<int> Entries { get; } = entries;

        public ReadOnlySpan<ushort> Counts { get; } = counts;

        public void Deconstruct(out ReadOnlySpan<int> entries, out ReadOnlySpan<ushort> counts)
        {
            entries = Entries;
            counts = Counts;
        }
    }
}
