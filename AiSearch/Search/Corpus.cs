using System.Runtime.InteropServices;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>What of a document the words and the filters need.</summary>
internal sealed record CorpusDocument(
    Guid Id, string ContentType, Guid ContentId, string Title, string[] Tags, Guid? WorkspaceId,
    DateTimeOffset ContentAt, Guid? WorkflowId = null);

/// <summary>A document found by one signal, with its best chunk.</summary>
internal readonly record struct SignalHit(Guid DocumentId, int Chunk, float Score);

/// <summary>
/// One tenant's words in memory: an index over the chunks and one over the trigrams of the titles, with the facts that filters ask
/// for. A copy of what the database holds up to a revision, brought forward by <see cref="CorpusCache"/>.
/// Searches run beside each other, a change runs alone.
/// </summary>
internal sealed class Corpus : IDisposable
{
    private readonly ReaderWriterLockSlim _gate = new();
    private readonly Dictionary<Guid, Entries> _documents = [];
    private readonly LexicalIndex _chunks = new();
    private readonly LexicalIndex _titles = new();
    private readonly List<ChunkEntry> _chunkEntries = [];
    private readonly List<bool> _aliveChunks = [];
    private readonly List<CorpusDocument?> _titleEntries = [];
    private readonly List<bool> _aliveTitles = [];
    private int _deadChunks;

    /// <summary>All changes up to this one are in.</summary>
    public long Revision { get; private set; }

    public int ChunkCount => _chunkEntries.Count - _deadChunks;

    /// <summary>Bytes in memory, about.</summary>
    public long Size => ((_chunks.PostingCount + _titles.PostingCount) * 9) + (_documents.Count * 400L) + (_chunkEntries.Count * 20L);

    /// <summary>So much was replaced that the statistics are off and memory is wasted: read the corpus anew.</summary>
    public bool NeedsReload => _deadChunks > Limits.DeadChunksKept && _deadChunks > _chunkEntries.Count / 4;

    /// <summary>Puts each document's present state in the place of an earlier one; without chunks it is gone.</summary>
    public void Apply(IReadOnlyList<CorpusChange> changes)
    {
        _gate.EnterWriteLock();
        try
        {
            foreach (var change in changes)
            {
                Remove(change.Document.Id);
                if (change.Chunks.Count > 0)
                {
                    Insert(change);
                }

                Revision = Math.Max(Revision, change.Revision);
            }
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Searches by words and by the look of names.</summary>
    public CorpusHits Search(TermVector query, TermVector trigrams, SearchFilter filter, int limit)
    {
        _gate.EnterReadLock();
        try
        {
            var (chunks, titles) = filter.IsEmpty
                ? new AllowedEntries(CollectionsMarshal.AsSpan(_aliveChunks), CollectionsMarshal.AsSpan(_aliveTitles))
                : Allowed(filter);
            var ceiling = _chunks.Ceiling(query);
            var words = _chunks.Search(query, chunks, limit)
                .Select(hit => new SignalHit(DocumentOf(hit.Entry).Id, _chunkEntries[hit.Entry].Number, hit.Score / ceiling))
                .ToList();
            var names = _titles.SearchShared(trigrams, titles, Limits.NameCandidates)
                .Where(hit => hit.Score >= Limits.NameSimilarityMin)
                .Select(hit => new SignalHit(
                    _titleEntries[hit.Entry]!.Id, Chunk: 0, (hit.Score - Limits.NameSimilarityMin) / (1 - Limits.NameSimilarityMin)))
                .ToList();
            var allowedChunks = filter.IsEmpty ? ChunkCount : chunks.Count(true);
            return new CorpusHits(words, names, ChunkCount, allowedChunks, FewDocuments(filter, titles, allowedChunks));
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>All documents that pass a filter: for measuring against exact search.</summary>
    public Guid[] AllowedDocuments(SearchFilter filter)
    {
        _gate.EnterReadLock();
        try
        {
            return [.. _titleEntries.OfType<CorpusDocument>().Where(filter.Allows).Select(document => document.Id)];
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    public void Dispose() => _gate.Dispose();

    private void Insert(CorpusChange change)
    {
        var title = _titles.Add(TermVector.TrigramsOf(change.Document.Title));
        _titleEntries.Add(change.Document);
        _aliveTitles.Add(true);
        var numbers = new int[change.Chunks.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = _chunks.Add(change.Chunks[i].Terms);
            _chunkEntries.Add(new ChunkEntry(title, change.Chunks[i].Number));
            _aliveChunks.Add(true);
        }

        _documents.Add(change.Document.Id, new Entries(title, numbers));
    }

    private void Remove(Guid documentId)
    {
        if (_documents.Remove(documentId, out var entries))
        {
            _titleEntries[entries.Title] = null;
            _aliveTitles[entries.Title] = false;
            _deadChunks += entries.Chunks.Length;
            foreach (var chunk in entries.Chunks)
            {
                _aliveChunks[chunk] = false;
            }
        }
    }

    private CorpusDocument DocumentOf(int chunk) => _titleEntries[_chunkEntries[chunk].Title]!;

    private AllowedEntries Allowed(SearchFilter filter)
    {
        var titles = new bool[_titleEntries.Count];
        for (var i = 0; i < titles.Length; i++)
        {
            titles[i] = _titleEntries[i] is { } document && filter.Allows(document);
        }

        var chunks = new bool[_chunkEntries.Count];
        for (var i = 0; i < chunks.Length; i++)
        {
            chunks[i] = _aliveChunks[i] && titles[_chunkEntries[i].Title];
        }

        return new AllowedEntries(chunks, titles);
    }

    /// <summary>The documents that may be found, when they are so few that comparing all their vectors is cheaper than an index,
    /// or when the index does not know what they are chosen by.</summary>
    private Guid[]? FewDocuments(SearchFilter filter, ReadOnlySpan<bool> titles, int allowedChunks)
    {
        if (allowedChunks > Limits.ExactSearchChunks && filter.Workflows is null)
        {
            return null;
        }

        var few = new List<Guid>();
        for (var i = 0; i < titles.Length; i++)
        {
            if (titles[i])
            {
                few.Add(_titleEntries[i]!.Id);
            }
        }

        return [.. few];
    }

    private readonly record struct ChunkEntry(int Title, int Number);

    private sealed record Entries(int Title, int[] Chunks);

    private readonly ref struct AllowedEntries(Span<bool> chunks, Span<bool> titles)
    {
        private readonly Span<bool> _chunks = chunks;
        private readonly Span<bool> _titles = titles;

        public void Deconstruct(out Span<bool> chunks, out Span<bool> titles)
        {
            chunks = _chunks;
            titles = _titles;
        }
    }
}

/// <summary>What the words found, and how much the filter leaves.</summary>
/// <param name="Words">Chunks by their words; scores are the covered share of the query.</param>
/// <param name="Names">Documents by the look of their titles.</param>
/// <param name="Chunks">Chunks of the tenant.</param>
/// <param name="AllowedChunks">Those of them that pass the filter.</param>
/// <param name="FewDocuments">The documents that pass the filter, if they are few.</param>
internal sealed record CorpusHits(
    IReadOnlyList<SignalHit> Words, IReadOnlyList<SignalHit> Names, int Chunks, int AllowedChunks, Guid[]? FewDocuments);

/// <summary>A chunk's terms, title included.</summary>
internal sealed record CorpusChunk(int Number, TermVector Terms);

/// <summary>A document as of a revision.</summary>
internal sealed record CorpusChange(long Revision, CorpusDocument Document, IReadOnlyList<CorpusChunk> Chunks);
