using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

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
    private ushort _longest;

    /// <summary>Numbers given out so far, the dead included.</summary>
    public int Count => _lengths.Count;

    /// <summary>Places in all lists: a measure of the memory used, 6 to 12 bytes each.</summary>
    public long PostingCount { get; private set; }

    /// <summary>Adds an entry under the next number.</summary>
    public int Add(TermVector terms)
    {
        var entry = _lengths.Count;
        _lengths.Add((ushort)Math.Min(terms.Length, ushort.MaxValue));
        _longest = Math.Max(_longest, _lengths[^1]);
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
    /// What an entry could score at most, could it have every word of the query any number of times: scores divided by it say
    /// how much of the query an entry covers, which is comparable between queries. A word that no entry has does not count.
    /// </summary>
    public float Ceiling(IReadOnlyList<QueryWord> words)
    {
        var ceiling = 0f;
        foreach (var word in words)
        {
            var rarest = 0f;
            foreach (var (term, _) in word.Alternatives)
            {
                var frequency = FrequencyOf(term);
                rarest = Math.Max(rarest, frequency == 0 ? 0 : InverseFrequency(frequency));
            }

            ceiling += rarest;
        }

        return ceiling;
    }

    /// <summary>Writes the BM25 score of every entry. Of the alternatives of a word the one that scores best counts.</summary>
    /// <param name="words">A repeated word counts as often.</param>
    /// <param name="scores">As many as <see cref="Count"/>.</param>
    public void Score(IReadOnlyList<QueryWord> words, Span<float> scores)
    {
        scores.Clear();
        var norms = Norms();
        float[]? rented = null;
        foreach (var word in words)
        {
            if (word.Alternatives.Count == 1)
            {
                Add(word.Alternatives[0], norms, scores);
                continue;
            }

            rented ??= ArrayPool<float>.Shared.Rent(Count);
            var best = rented.AsSpan(0, Count);
            best.Clear();
            foreach (var alternative in word.Alternatives)
            {
                Raise(alternative, norms, best);
            }

            TensorPrimitives.Add(scores, best, scores);
        }

        if (rented is not null)
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Writes for every entry the share of the query's terms that it has: for the trigrams of names.</summary>
    public void ScoreShared(TermVector query, Span<float> scores)
    {
        scores.Clear();
        var share = 1f / Math.Max(1, query.Terms.Count);
        foreach (var (term, _) in query.Terms)
        {
            if (_postings.TryGetValue(term, out var postings))
            {
                foreach (var entry in postings.Span().Entries)
                {
                    scores[entry] += share;
                }
            }
        }
    }

    /// <summary>Marks the entries that have the word, by any of its alternatives.</summary>
    public void Mark(QueryWord word, Span<bool> marks)
    {
        foreach (var (term, _) in word.Alternatives)
        {
            if (_postings.TryGetValue(term, out var postings))
            {
                foreach (var entry in postings.Span().Entries)
                {
                    marks[entry] = true;
                }
            }
        }
    }

    /// <summary>The entries that have the term.</summary>
    public ReadOnlySpan<int> EntriesOf(uint term) => _postings.TryGetValue(term, out var postings) ? postings.Span().Entries : [];

    private void Add(Alternative alternative, float[] norms, Span<float> scores)
    {
        if (!_postings.TryGetValue(alternative.Term, out var postings))
        {
            return;
        }

        var weight = InverseFrequency(postings.Count) * alternative.Weight;
        var lengths = CollectionsMarshal.AsSpan(_lengths);
        var (entries, counts) = postings.Span();
        for (var i = 0; i < entries.Length; i++)
        {
            scores[entries[i]] += weight * counts[i] / (counts[i] + norms[lengths[entries[i]]]);
        }
    }

    private void Raise(Alternative alternative, float[] norms, Span<float> best)
    {
        if (!_postings.TryGetValue(alternative.Term, out var postings))
        {
            return;
        }

        var weight = InverseFrequency(postings.Count) * alternative.Weight;
        var lengths = CollectionsMarshal.AsSpan(_lengths);
        var (entries, counts) = postings.Span();
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            best[entry] = Math.Max(best[entry], weight * counts[i] / (counts[i] + norms[lengths[entry]]));
        }
    }

    /// <summary>What a count is weighed against, by the length of the entry.</summary>
    private float[] Norms()
    {
        var average = Count == 0 ? 1 : Math.Max(1f, (float)_totalLength / Count);
        var norms = new float[_longest + 1];
        for (var length = 0; length < norms.Length; length++)
        {
            norms[length] = K1 * (1 - B + (B * length / average));
        }

        return norms;
    }

    private float InverseFrequency(int frequency) => MathF.Log(1 + ((Count - frequency + 0.5f) / (frequency + 0.5f)));

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
