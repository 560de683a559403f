using Npgsql;
using Pgvector;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>Where a tenant's index stands: the change last made, and the models of its vectors.</summary>
internal sealed record CorpusState(long Revision, string Model, string? NextModel)
{
    /// <summary>
    /// The model by which is searched: while the model is being changed the old one answers, unless nobody can embed
    /// for it any more; then what is done so far. Null when there is nobody for either.
    /// </summary>
    public string? AnsweringModel(EmbeddingProviders providers) =>
        providers.ForModel(Model) is not null ? Model
        : NextModel is not null && providers.ForModel(NextModel) is not null ? NextModel : null;
}

/// <summary>
/// The corpora in memory. Each use first reads where the tenant's index stands, and what changed since if anything
/// did; so an answer shows every change that was committed before it began, on whichever instance. Corpora that are
/// not used go, the least recently used first when memory runs short. What is in memory came through row-level
/// security under its tenant.
/// </summary>
internal sealed class CorpusCache(SearchDatabase database, EmbeddingProviders providers, TimeProvider clock)
    : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Slot> _slots = [];

    private const string StateSql = "select revision, model, next_model from search.corpora where tenant_id = $1";

    private const string ChangesSql = """
        select d.revision, d.id, d.content_type, d.content_id, d.title, d.tags, d.workspace_id, d.content_at, c.numbers, c.terms,
          case d.content_type when 'workflow' then d.content_id else (d.metadata ->> 'workflowId')::uuid end,
          d.content_hash, c.vectors, d.metadata ->> 'category'
        from search.documents d
        left join lateral (
          select array_agg(k.number order by k.number) as numbers, array_agg(k.terms order by k.number) as terms,
            array_agg(e.embedding order by k.number) as vectors
          from search.chunks k
          left join search.embeddings e
            on e.tenant_id = k.tenant_id and e.document_id = k.document_id and e.chunk = k.number and e.model = $4
          where k.tenant_id = d.tenant_id and k.document_id = d.id
        ) c on true
        where d.tenant_id = $1 and d.revision > $2
        order by d.revision
        limit $3
        """;

    private const string WordsSql = """
        select word, term, revision from search.words
        where tenant_id = $1 and revision > $2 order by revision limit $3
        """;

    /// <returns>The tenant's corpus as of now, and its state; null when nothing was ever indexed for the
    /// tenant.</returns>
    public async Task<(Corpus Corpus, CorpusState State)?> GetAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var slot = SlotOf(tenantId);
        var corpus = slot.Corpus;
        var state = await ReadStateAsync(tenantId, cancellationToken);
        if (state is null)
        {
            return null;
        }

        if (state.Revision > corpus.Revision || NeedsVectors(corpus, state))
        {
            corpus = await BringForwardAsync(tenantId, slot, cancellationToken);
        }

        return (corpus, state);
    }

    private bool NeedsVectors(Corpus corpus, CorpusState state) =>
        !corpus.LeavesVectors && state.AnsweringModel(providers) is { } model && corpus.VectorModel != model;

    /// <summary>Several searches may find the same changes: the first applies them, the others wait and find nothing
    /// left to do.</summary>
    private async Task<Corpus> BringForwardAsync(Guid tenantId, Slot slot, CancellationToken cancellationToken)
    {
        await slot.Writing.WaitAsync(cancellationToken);
        try
        {
            var corpus = slot.Corpus.NeedsReload ? new Corpus() : slot.Corpus;
            var (state, changes) = await ReadAsync(tenantId, corpus, cancellationToken);
            if (state is not null && NeedsVectors(corpus, state))
            {
                await TakeVectorsAsync(tenantId, corpus, state.AnsweringModel(providers)!, cancellationToken);
                (state, changes) = await ReadAsync(tenantId, corpus, cancellationToken);
            }

            while (changes.IsAny)
            {
                corpus.AddWords(changes.Words, changes.WordsRevision);
                corpus.Apply(changes.Documents);
                (state, changes) = await ReadAsync(tenantId, corpus, cancellationToken);
            }

            corpus.IsUpTo(state?.Revision ?? 0);

            slot.Corpus = corpus;
            TrimToBudget();
            return corpus;
        }
        finally
        {
            slot.Writing.Release();
        }
    }

    private const string VectorsSql = """
        select document_id, chunk, embedding from search.embeddings
        where tenant_id = $1 and model = $2 and (document_id, chunk) > ($3, $4)
        order by document_id, chunk
        limit $5
        """;

    /// <summary>The vectors of another model for the chunks that are known; those of changed ones come with the
    /// changes.</summary>
    private async Task TakeVectorsAsync(Guid tenantId, Corpus corpus, string model, CancellationToken cancellationToken)
    {
        corpus.BeginVectors(model);
        var (documentId, chunk) = (Guid.Empty, -1);
        while (corpus.Revision > 0)
        {
            await using var batch = database.BatchFor(tenantId);
            batch.Add(VectorsSql, tenantId, model, documentId, chunk, Limits.ChangesPerRead);
            await using var reader = await batch.ReadAsync(cancellationToken);
            var vectors = new List<(Guid DocumentId, int Chunk, Half[] Vector)>();
            while (await reader.ReadAsync(cancellationToken))
            {
                vectors.Add((reader.GetGuid(0), reader.GetInt32(1), reader.GetFieldValue<HalfVector>(2).ToArray()));
            }

            if (vectors.Count == 0)
            {
                return;
            }

            corpus.SetVectors(vectors);
            (documentId, chunk, _) = vectors[^1];
        }
    }

    private async Task<CorpusState?> ReadStateAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(StateSql, tenantId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ToState(reader) : null;
    }

    private static CorpusState ToState(NpgsqlDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));

    private async Task<(CorpusState? State, Changes Changes)> ReadAsync(
        Guid tenantId, Corpus corpus, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(StateSql, tenantId);
        batch.Add(WordsSql, tenantId, corpus.WordsRevision, Limits.DictionaryWords);
        batch.Add(ChangesSql, tenantId, corpus.Revision, Limits.ChangesPerRead, corpus.LeavesVectors ? ""
            : corpus.VectorModel);
        await using var reader = await batch.ReadAsync(cancellationToken);
        var state = await reader.ReadAsync(cancellationToken) ? ToState(reader) : null;

        await reader.NextResultAsync(cancellationToken);
        var words = new List<(string Word, uint Term)>();
        var wordsRevision = corpus.WordsRevision;
        while (await reader.ReadAsync(cancellationToken))
        {
            words.Add((reader.GetString(0), (uint)reader.GetInt64(1)));
            wordsRevision = reader.GetInt64(2);
        }

        await reader.NextResultAsync(cancellationToken);
        var documents = new List<CorpusChange>();
        while (await reader.ReadAsync(cancellationToken))
        {
            documents.Add(ToChange(reader));
        }

        return (state, new Changes(documents, words, wordsRevision));
    }

    private static CorpusChange ToChange(NpgsqlDataReader reader)
    {
        var type = string.Intern(reader.GetString(2));
        var title = reader.GetString(4);
        Guid? workflowId = reader.IsDBNull(10) ? null : reader.GetGuid(10);
        var document = new CorpusDocument(
            Id: reader.GetGuid(1),
            ContentType: type,
            ContentId: reader.GetGuid(3),
            Title: title,
            Tags: reader.GetFieldValue<string[]>(5),
            WorkspaceId: reader.IsDBNull(6) ? null : reader.GetGuid(6),
            ContentAt: reader.GetFieldValue<DateTimeOffset>(7),
            WorkflowId: workflowId,
            Group: type == Indexing.ContentTypes.Execution ? FailureGroup.Of(workflowId, title) : 0,
            ContentHash: reader.GetFieldValue<byte[]>(11),
            Category: reader.IsDBNull(13) ? null : reader.GetString(13));
        if (reader.IsDBNull(8))
        {
            return new CorpusChange(reader.GetInt64(0), document, []);
        }

        var terms = reader.GetFieldValue<byte[][]>(9);
        var vectors = reader.GetFieldValue<HalfVector?[]>(12);
        var chunks = reader.GetFieldValue<int[]>(8)
            .Select((number, i) => new CorpusChunk(number, TermVector.FromBytes(terms[i]), vectors[i]?.ToArray()));
        return new CorpusChange(reader.GetInt64(0), document, [.. chunks]);
    }

    private Slot SlotOf(Guid tenantId)
    {
        lock (_gate)
        {
            // One that was idle for too long may have missed removals whose traces are gone.
            if (!_slots.TryGetValue(tenantId, out var slot) || clock.GetElapsedTime(slot.UsedAt) > Limits.CorpusIdle)
            {
                _slots[tenantId] = slot = new Slot();
            }

            slot.UsedAt = clock.GetTimestamp();
            return slot;
        }
    }

    /// <summary>Drops what has not been used for long, and the least recently used beyond the budget; never the last
    /// one.</summary>
    private void TrimToBudget()
    {
        lock (_gate)
        {
            foreach (var (tenantId, slot) in _slots.OrderBy(pair => pair.Value.UsedAt).Take(_slots.Count - 1).ToList())
            {
                // Readers that still hold the corpus go on with it; the collector takes it when they are done.
                if (clock.GetElapsedTime(slot.UsedAt) > Limits.CorpusIdle
                    || _slots.Values.Sum(other => other.Corpus.Size) > Limits.CorpusCacheBytes)
                {
                    _slots.Remove(tenantId);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var slot in _slots.Values)
            {
                slot.Writing.Dispose();
                slot.Corpus.Dispose();
            }

            _slots.Clear();
        }
    }

    private sealed record Changes(
        IReadOnlyList<CorpusChange> Documents, IReadOnlyList<(string Word, uint Term)> Words, long WordsRevision)
    {
        public bool IsAny => Documents.Count > 0 || Words.Count > 0;
    }

    private sealed class Slot
    {
        public Corpus Corpus { get; set; } = new();

        public SemaphoreSlim Writing { get; } = new(1, 1);

        public long UsedAt { get; set; }
    }
}
