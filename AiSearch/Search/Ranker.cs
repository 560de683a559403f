using System.Buffers;
using System.Runtime.InteropServices;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>What meaning says: a vector to compare all with, or the cosines that the database found.</summary>
/// <param name="Vector">Of length one, under the model of the corpus's vectors; null when <paramref name="Known"/> is
/// given.</param>
/// <param name="Known">Cosines by document and chunk.</param>
/// <param name="Floor">A lower cosine without a shared word is no hit.</param>
internal sealed record Meaning(float[]? Vector, IReadOnlyDictionary<(Guid DocumentId, int Chunk), float>? Known,
    float Floor);

/// <summary>What is to be ranked, and how much of it is wanted.</summary>
/// <param name="Query">The words.</param>
/// <param name="Trigrams">The query as names look.</param>
/// <param name="Meaning">Null: words only.</param>
/// <param name="Share">How much meaning counts against words; 0 without it.</param>
/// <param name="Filter">What may be found.</param>
/// <param name="Skip">Best hits to pass over.</param>
/// <param name="Limit">Most hits to return.</param>
/// <param name="Threshold">Lowest score to return.</param>
internal sealed record RankingRequest(
    KnownQuery Query, TermVector Trigrams, Meaning? Meaning, double Share, SearchFilter Filter, int Skip, int Limit,
        double Threshold)
{
    /// <summary>Documents that have a phrase in their text.</summary>
    public IReadOnlyDictionary<KnownAtom, HashSet<Guid>> Phrases { get; init; } = new Dictionary<KnownAtom,
        HashSet<Guid>>();

    /// <summary>Equal failures are one hit.</summary>
    public bool IsGrouped { get; init; }

    /// <summary>Nothing is asked for but what passes the filter: the newest first.</summary>
    public bool IsBrowsing { get; init; }

    /// <summary>A document that is not to be found: the one that others should be like.</summary>
    public Guid? Except { get; init; }
}

/// <summary>How many hits have a value.</summary>
internal sealed record FacetValue(string Value, int Count);

/// <summary>The hits that were wanted, how many there are, and how many have each type and tag.</summary>
/// <param name="Types">As if no type had been asked for.</param>
internal sealed record Ranking(
    IReadOnlyList<FusedHit> Hits, int Total, IReadOnlyList<FacetValue> Types, IReadOnlyList<FacetValue> Tags);

/// <summary>
/// Ranks all documents of a corpus: every chunk is scored by its words and by its vector, every document by its best
/// chunk of each. A document is a hit when it shares a word with the query, or its meaning or its title is near
/// enough. Called with the corpus locked.
/// </summary>
internal sealed class Ranker(CorpusEntries entries)
{
    public Ranking Rank(RankingRequest request)
    {
        var documents = entries.Documents.Count;
        var chunks = entries.Chunks.Count;
        using var isAllowed = new Rented<bool>(documents);
        using var isScored = new Rented<bool>(chunks);
        using var words = new Rented<float>(chunks);
        using var cosines = new Rented<float>(chunks);
        using var names = new Rented<float>(documents);
        using var best = new Rented<Best>(documents);
        entries.Allow(request.Filter, isAllowed.Span);
        Demands(request, isAllowed.Span);
        Exclude(request, isAllowed.Span);
        MarkChunks(isAllowed.Span, isScored.Span);
        ScoreWords(request.Query.Words, words.Span);
        ScoreMeaning(request.Meaning, isScored.Span, cosines.Span);
        entries.TitleIndex.ScoreShared(request.Trigrams, names.Span);
        Gather(words.Span, cosines.Span, isScored.Span, request.Meaning is not null, best.Span);
        return new HitCollector(entries, request).Collect(isAllowed.Span, names.Span, best.Span);
    }

    /// <summary>The best chunks first, each scored by itself, at most as many as are wanted.</summary>
    public IReadOnlyList<SignalHit> RankPassages(RankingRequest request)
    {
        var chunks = entries.Chunks.Count;
        using var isAllowed = new Rented<bool>(entries.Documents.Count);
        using var isScored = new Rented<bool>(chunks);
        using var words = new Rented<float>(chunks);
        using var cosines = new Rented<float>(chunks);
        entries.Allow(request.Filter, isAllowed.Span);
        AllowTypes(request.Filter, isAllowed.Span);
        Exclude(request, isAllowed.Span);
        MarkChunks(isAllowed.Span, isScored.Span);
        ScoreWords(request.Query.Words, words.Span);
        ScoreMeaning(request.Meaning, isScored.Span, cosines.Span);
        var floor = request.Meaning?.Floor ?? float.PositiveInfinity;
        var best = new PriorityQueue<int, float>();
        for (var i = 0; i < chunks; i++)
        {
            if (!isScored.Span[i] || (words.Span[i] <= 0 && cosines.Span[i] < floor))
            {
                continue;
            }

            var score = (float)Fusion.Score(words.Span[i], cosines.Span[i], 0, request.Share);
            if (score >= request.Threshold)
            {
                best.Enqueue(i, score);
                if (best.Count > request.Limit)
                {
                    best.Dequeue();
                }
            }
        }

        return [.. best.UnorderedItems.OrderByDescending(hit => hit.Priority).ThenBy(hit => hit.Element)
            .Select(hit => new SignalHit(
                entries.Documents[entries.Chunks[hit.Element].Document]!.Id, entries.Chunks[hit.Element].Number,
                hit.Priority))];
    }

    private void AllowTypes(SearchFilter filter, Span<bool> isAllowed)
    {
        for (var i = 0; i < isAllowed.Length; i++)
        {
            isAllowed[i] = isAllowed[i] && filter.AllowsType(entries.Documents[i]!.ContentType);
        }
    }

    public IReadOnlyList<(Guid DocumentId, int Chunk)> PhraseCandidates(
        KnownAtom phrase, SearchFilter filter, int limit)
    {
        if (phrase.Words.Count == 0)
        {
            return [];
        }

        var chunks = entries.Chunks.Count;
        using var isAllowed = new Rented<bool>(entries.Documents.Count);
        using var hasWord = new Rented<bool>(chunks);
        using var hasAll = new Rented<bool>(chunks);
        using var scores = new Rented<float>(chunks);
        entries.Allow(filter, isAllowed.Span);
        hasAll.Span.Fill(true);
        foreach (var word in phrase.Words)
        {
            hasWord.Span.Clear();
            entries.ChunkIndex.Mark(word, hasWord.Span);
            And(hasAll.Span, hasWord.Span);
        }

        entries.ChunkIndex.Score(phrase.Words, scores.Span);
        var found = new List<(int Chunk, float Score)>();
        for (var i = 0; i < chunks; i++)
        {
            if (hasAll.Span[i] && isAllowed.Span[entries.Chunks[i].Document])
            {
                found.Add((i, scores.Span[i]));
            }
        }

        return [.. found.OrderByDescending(hit => hit.Score).Take(limit)
            .Select(hit => (entries.Documents[entries.Chunks[hit.Chunk].Document]!.Id,
                entries.Chunks[hit.Chunk].Number))];
    }

    /// <summary>Takes away what lacks something required or has something excluded, anywhere in the document.</summary>
    private void Demands(RankingRequest request, Span<bool> isAllowed)
    {
        using var satisfied = new Rented<bool>(isAllowed.Length);
        foreach (var clause in request.Query.Clauses)
        {
            var atoms = clause.Atoms.Where(atom => atom.Words.Count > 0 || request.Phrases.ContainsKey(atom)).ToList();
            if (clause.Demand == Demand.Optional || atoms.Count == 0)
            {
                continue;
            }

            satisfied.Span.Clear();
            foreach (var atom in atoms)
            {
                Satisfy(atom, request.Phrases, satisfied.Span);
            }

            var isWanted = clause.Demand == Demand.Required;
            for (var i = 0; i < isAllowed.Length; i++)
            {
                isAllowed[i] &= satisfied.Span[i] == isWanted;
            }
        }
    }

    private void Satisfy(KnownAtom atom, IReadOnlyDictionary<KnownAtom, HashSet<Guid>> phrases, Span<bool> satisfied)
    {
        if (phrases.TryGetValue(atom, out var having))
        {
            foreach (var id in having)
            {
                if (entries.Find(id) is var (document, _))
                {
                    satisfied[document] = true;
                }
            }

            return;
        }

        using var hasAll = new Rented<bool>(satisfied.Length);
        using var hasWord = new Rented<bool>(satisfied.Length);
        using var chunks = new Rented<bool>(entries.Chunks.Count);
        hasAll.Span.Fill(true);
        foreach (var word in atom.Words)
        {
            hasWord.Span.Clear();
            chunks.Span.Clear();
            entries.ChunkIndex.Mark(word, chunks.Span);
            for (var i = 0; i < chunks.Span.Length; i++)
            {
                if (chunks.Span[i])
                {
                    hasWord.Span[entries.Chunks[i].Document] = true;
                }
            }

            And(hasAll.Span, hasWord.Span);
        }

        for (var i = 0; i < satisfied.Length; i++)
        {
            satisfied[i] |= hasAll.Span[i];
        }
    }

    private void MarkChunks(ReadOnlySpan<bool> documents, Span<bool> marks)
    {
        var chunks = CollectionsMarshal.AsSpan(entries.Chunks);
        for (var i = 0; i < chunks.Length; i++)
        {
            marks[i] = documents[chunks[i].Document];
        }
    }

    private void Exclude(RankingRequest request, Span<bool> isAllowed)
    {
        if (request.Except is { } id && entries.Find(id) is var (document, _))
        {
            isAllowed[document] = false;
        }
    }

    private void ScoreWords(IReadOnlyList<QueryWord> words, Span<float> scores)
    {
        entries.ChunkIndex.Score(words, scores);
        var ceiling = entries.ChunkIndex.Ceiling(words);
        if (ceiling > 0)
        {
            System.Numerics.Tensors.TensorPrimitives.Divide(scores, ceiling, scores);
        }
    }

    private void ScoreMeaning(Meaning? meaning, ReadOnlySpan<bool> isScored, Span<float> cosines)
    {
        cosines.Clear();
        if (meaning?.Vector is { } vector && entries.Vectors is { } vectors && vectors.Dimension == vector.Length)
        {
            vectors.Score(vector, isScored, cosines);
        }

        foreach (var ((documentId, number), cosine) in meaning?.Known ?? new Dictionary<(Guid, int), float>())
        {
            if (entries.Find(documentId) is var (_, chunks) && number < chunks.Length)
            {
                cosines[chunks[number]] = cosine;
            }
        }
    }

    private void Gather(
        ReadOnlySpan<float> words, ReadOnlySpan<float> cosines, ReadOnlySpan<bool> isScored, bool hasMeaning,
            Span<Best> best)
    {
        best.Clear();
        var chunks = CollectionsMarshal.AsSpan(entries.Chunks);
        for (var i = 0; i < chunks.Length; i++)
        {
            if (!isScored[i])
            {
                continue;
            }

            ref var document = ref best[chunks[i].Document];
            if (words[i] > document.Words)
            {
                (document.Words, document.WordsChunk) = (words[i], chunks[i].Number);
            }

            if (hasMeaning && cosines[i] > document.Meaning)
            {
                (document.Meaning, document.MeaningChunk) = (cosines[i], chunks[i].Number);
            }
        }
    }

    private static void And(Span<bool> marks, ReadOnlySpan<bool> others)
    {
        for (var i = 0; i < marks.Length; i++)
        {
            marks[i] &= others[i];
        }
    }

    /// <summary>Room for as many values as there are entries, given back when it is done with. Not cleared.</summary>
    private sealed class Rented<T>(int length) : IDisposable
    {
        private readonly T[] _array = ArrayPool<T>.Shared.Rent(length);

        public Span<T> Span => _array.AsSpan(0, length);

        public void Dispose() => ArrayPool<T>.Shared.Return(_array);
    }
}

/// <summary>A document's best chunk by words and by meaning.</summary>
internal struct Best
{
    public float Words;
    public int WordsChunk;
    public float Meaning;
    public int MeaningChunk;
}
