using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>
/// One tenant's words and vectors in memory, with the facts that filters ask for. A copy of what the database holds up to a revision,
/// brought forward by <see cref="CorpusCache"/>. Searches run beside each other, a change runs alone.
/// </summary>
internal sealed class Corpus : IDisposable
{
    private readonly ReaderWriterLockSlim _gate = new();
    private readonly CorpusEntries _entries = new();

    /// <summary>All changes up to this one are in.</summary>
    public long Revision { get; private set; }

    /// <summary>All words that came up to this one are in.</summary>
    public long WordsRevision { get; private set; }

    public int ChunkCount => _entries.ChunkCount;

    /// <summary>Bytes in memory, about.</summary>
    public long Size => _entries.Size;

    /// <summary>So much was replaced that the statistics are off and memory is wasted: read the corpus anew.</summary>
    public bool NeedsReload => _entries.NeedsReload;

    /// <summary>The model whose vectors are here; empty while none is.</summary>
    public string VectorModel => _entries.VectorModel;

    /// <summary>Whether the vectors of so many chunks are left to the database.</summary>
    public bool LeavesVectors => _entries.LeavesVectors;

    /// <summary>Puts each document's present state in the place of an earlier one; without chunks it is gone.</summary>
    public void Apply(IReadOnlyList<CorpusChange> changes) => Change(() =>
    {
        foreach (var change in changes)
        {
            _entries.Apply(change);
            Revision = Math.Max(Revision, change.Revision);
        }
    });

    /// <summary>There is nothing left to read up to this revision: not each one has a document.</summary>
    public void IsUpTo(long revision) => Change(() => Revision = Math.Max(Revision, revision));

    /// <summary>Adds words that beginnings and misspellings are completed to.</summary>
    public void AddWords(IReadOnlyList<(string Word, uint Term)> words, long revision) => Change(() =>
    {
        foreach (var (word, term) in words)
        {
            _entries.Words.Add(word, term);
        }

        WordsRevision = revision;
    });

    /// <summary>Drops the vectors there are; those that come from now on are of this model.</summary>
    public void BeginVectors(string model) => Change(() => _entries.BeginVectors(model));

    /// <summary>Keeps vectors of chunks that are still there.</summary>
    public void SetVectors(IReadOnlyList<(Guid DocumentId, int Chunk, Half[] Vector)> vectors) => Change(() =>
    {
        foreach (var (documentId, chunk, vector) in vectors)
        {
            _entries.SetVector(documentId, chunk, vector);
        }
    });

    /// <summary>The query with the terms that this corpus has for its words.</summary>
    public KnownQuery Understand(IReadOnlyList<QueryClause> clauses) =>
        Read(() => new QueryReader(_entries.ChunkIndex.FrequencyOf, _entries.Words).Read(clauses));

    /// <summary>The chunks that have all words of a phrase, those with the best words first.</summary>
    public IReadOnlyList<(Guid DocumentId, int Chunk)> PhraseCandidates(KnownAtom phrase, SearchFilter filter, int limit) =>
        Read(() => new Ranker(_entries).PhraseCandidates(phrase, filter, limit));

    /// <summary>Ranks the documents that pass the filter.</summary>
    public Ranking Rank(RankingRequest request) => Read(() => new Ranker(_entries).Rank(request));

    /// <summary>Ranks the chunks of the documents that pass the filter, each by itself.</summary>
    public IReadOnlyList<SignalHit> RankPassages(RankingRequest request) =>
        Read(() => new Ranker(_entries).RankPassages(request));

    /// <summary>Titles and words that complete what is being typed.</summary>
    public IReadOnlyList<Suggestion> Suggest(string text, SearchFilter filter, int limit) =>
        Read(() => new Suggester(_entries).Suggest(text, filter, limit));

    /// <summary>Whether a document is there and passes the filter, of whatever type it is.</summary>
    public bool Shows(Guid documentId, SearchFilter filter) => Read(() =>
        _entries.Find(documentId) is var (document, _) && filter.AllowsApartFromType(_entries.Documents[document]!));

    /// <summary>The direction in which a document's chunks lie together; null when none of them has a vector here.</summary>
    public float[]? DirectionOf(Guid documentId) => Read(() => _entries.Find(documentId) is var (_, chunks) && _entries.Vectors is { } vectors
        ? DirectionOf(vectors, chunks)
        : null);

    /// <summary>The terms by which others like a document are looked for: those of it that are rare in the corpus.</summary>
    public KnownQuery LikenessOf(TermVector terms) => Read(() => new KnownQuery(
        [.. terms.Terms
            .Where(term => _entries.ChunkIndex.FrequencyOf(term.Term) > 1)
            .OrderByDescending(term => Math.Min(term.Count, 4) / (double)_entries.ChunkIndex.FrequencyOf(term.Term))
            .Take(Limits.TermsOfSimilar)
            .Select(term => new KnownClause([new KnownAtom([new QueryWord([new Alternative(term.Term, 1)])], [])], Demand.Optional))]));

    /// <summary>All documents that pass a filter: for measuring against exact search.</summary>
    public Guid[] AllowedDocuments(SearchFilter filter) => Read(() =>
        _entries.Documents.OfType<CorpusDocument>().Where(filter.Allows).Select(document => document.Id).ToArray());

    public void Dispose() => _gate.Dispose();

    private static float[]? DirectionOf(VectorCodes vectors, int[] chunks)
    {
        var direction = new float[vectors.Dimension];
        var hasVector = false;
        foreach (var chunk in chunks)
        {
            hasVector |= vectors.AddTo(chunk, direction);
        }

        return hasVector && Embeddings.Vectors.Normalize(direction) ? direction : null;
    }

    private T Read<T>(Func<T> read)
    {
        _gate.EnterReadLock();
        try
        {
            return read();
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    private void Change(Action change)
    {
        _gate.EnterWriteLock();
        try
        {
            change();
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }
}
