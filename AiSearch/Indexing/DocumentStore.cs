using Npgsql;
using Pgvector;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Indexing;

/// <summary>A chunk's vector under one model.</summary>
internal sealed record ChunkVector(Guid DocumentId, int Chunk, string Model, HalfVector Vector, byte[] ContentHash);

/// <summary>A content with what is stored of it.</summary>
internal sealed record PreparedDocument(Content Content, byte[] Hash, IReadOnlyList<PreparedChunk> Chunks);

/// <summary>A chunk with its terms, its hash and its vectors by model.</summary>
internal sealed record PreparedChunk(
    ContentChunk Chunk, byte[] Terms, byte[] Hash, IReadOnlyList<(string Model, HalfVector Vector)> Vectors);

/// <summary>What is already stored of a content.</summary>
internal sealed record StoredDocument(string ContentType, Guid ContentId, byte[] Hash, bool IsRemoved);

/// <summary>
/// Writes documents with their chunks and vectors. Guarantees: a document is replaced as a whole or not at all,
/// together with the outbox rows that asked for it; an older state of the source never replaces a newer one;
/// revisions are given in the order of the commits. Lock order: the tenant's row in corpora, then documents, then
/// outbox.
/// </summary>
internal sealed class DocumentStore(SearchDatabase database, TimeProvider clock)
{
    private const string StateSql = "select revision, model, next_model from search.corpora where tenant_id = $1";

    private const string StoredSql = """
        select d.content_type, d.content_id, d.content_hash, d.removed_at is not null
        from unnest($2::text[], $3::uuid[]) as w (content_type, content_id)
        join search.documents d on d.tenant_id = $1 and d.content_type = w.content_type and d.content_id = w.content_id
        """;

    /// <returns>The tenant's state (null: nothing was indexed yet) and what is stored of the contents.</returns>
    public async Task<(CorpusState? State, IReadOnlyList<StoredDocument> Stored)> ReadAsync(
        Guid tenantId, IReadOnlyList<Content> contents, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(StateSql, tenantId);
        batch.Add(StoredSql, tenantId, contents.Select(content => content.Type).ToArray(),
            contents.Select(content => content.Id).ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var state = await reader.ReadAsync(cancellationToken) ? ToState(reader) : null;
        await reader.NextResultAsync(cancellationToken);
        var stored = new List<StoredDocument>();
        while (await reader.ReadAsync(cancellationToken))
        {
            stored.Add(new StoredDocument(
                reader.GetString(0), reader.GetGuid(1), reader.GetFieldValue<byte[]>(2), reader.GetBoolean(3)));
        }

        return (state, stored);
    }

    private const string VectorsSql = """
        select c.content_hash, e.model, e.embedding
        from search.documents d
        join search.chunks c on c.tenant_id = d.tenant_id and c.document_id = d.id
        join search.embeddings e on e.tenant_id = c.tenant_id and e.document_id = c.document_id and e.chunk = c.number
        where d.tenant_id = $1 and d.content_id = any($2) and e.model = any($3)
        """;

    /// <summary>The vectors that chunks of these contents have: an unchanged chunk of a changed document need not be
    /// embedded again.</summary>
    public async Task<IReadOnlyDictionary<(string Hash, string Model), HalfVector>> ReadVectorsAsync(
        Guid tenantId, IReadOnlyList<Guid> contentIds, IReadOnlyList<string> models,
            CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(VectorsSql, tenantId, contentIds.ToArray(), models.ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var vectors = new Dictionary<(string, string), HalfVector>();
        while (await reader.ReadAsync(cancellationToken))
        {
            vectors[(Convert.ToHexString(reader.GetFieldValue<byte[]>(0)), reader.GetString(1))] =
                reader.GetFieldValue<HalfVector>(2);
        }

        return vectors;
    }

    private const string AdvanceSql = """
        insert into search.corpora as c (tenant_id, revision, model, incomplete, updated_at, analysis)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id) do update
        set revision = c.revision + $2, incomplete = c.incomplete or $4, updated_at = $5
        returning revision, model, next_model
        """;

    // No row comes back when a newer state of the source is stored already.
    private const string PutSql = """
        insert into search.documents as d (tenant_id, id, content_type, content_id, title, tags, workspace_id, metadata, content_hash,
                                           source_version, content_at, revision, indexed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (tenant_id, content_type, content_id) do update
        set title = $5, tags = $6, workspace_id = $7, metadata = $8, content_hash = $9, source_version = $10, content_at = $11,
            revision = $12, indexed_at = $13, removed_at = null
        where d.source_version <= $10
        returning id
        """;

    private const string RemoveSql = """
        update search.documents
        set title = '', tags = '{}', metadata = '{}', content_hash = '', source_version = $4, revision = $5, indexed_at = $6, removed_at = $6
        where tenant_id = $1 and content_type = $2 and content_id = $3 and source_version <= $4 and removed_at is null
        returning id
        """;

    private const string ClearSql = "delete from search.chunks where tenant_id = $1 and document_id = any($2)";

    private const string ChunksSql = """
        insert into search.chunks (tenant_id, document_id, number, label, text, terms, content_hash)
        select $1, * from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::bytea[], $7::bytea[])
        """;

    // The hash is the fence: a vector that was made of words which have been replaced meanwhile finds no chunk.
    private const string EmbeddingsSql = """
        insert into search.embeddings (tenant_id, document_id, chunk, model, dimension, embedding, content_type, tags, workspace_id, content_at)
        select $1, v.document_id, v.chunk, v.model, vector_dims(v.embedding), v.embedding, d.content_type, d.tags,
               d.workspace_id, d.content_at
        from unnest($2::uuid[], $3::int[], $4::text[], $5::halfvec[], $6::bytea[])
          as v (document_id, chunk, model, embedding, content_hash)
        join search.documents d on d.tenant_id = $1 and d.id = v.document_id
        join search.chunks c on c.tenant_id = $1 and c.document_id = v.document_id and c.number = v.chunk and c.content_hash = v.content_hash
        on conflict (tenant_id, model, document_id, chunk) do nothing
        """;

    private const string WordsSql = """
        insert into search.words (tenant_id, word, term, revision)
        select $1, w.word, w.term, $4 from unnest($2::text[], $3::bigint[]) as w (word, term)
        on conflict (tenant_id, word) do nothing
        """;

    private const string FinishSql = "delete from outbox where tenant_id = $1 and id = any($2)";

    /// <summary>Stores documents, removes those without chunks, and finishes the outbox rows, all in one
    /// transaction.</summary>
    /// <param name="tenantId">Whose documents they are.</param>
    /// <param name="documents">Prepared with vectors for the models that the tenant had when it was read.</param>
    /// <param name="models">Those models; the first is the one that a new corpus begins with.</param>
    /// <param name="outboxIds">Rows that asked for this.</param>
    /// <param name="cancellationToken">Nothing is stored when it is cancelled.</param>
    /// <returns>False when the tenant's models have changed meanwhile: nothing was stored, prepare again.</returns>
    public async Task<bool> WriteAsync(
        Guid tenantId,
        IReadOnlyList<PreparedDocument> documents,
        IReadOnlyList<string> models,
        IReadOnlyList<Guid> outboxIds,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (documents.Count > 0)
        {
            var isIncomplete = documents.Any(document => document.Chunks.Any(
                chunk => chunk.Vectors.Count < models.Count));
            var state = await AdvanceAsync(tenantId, documents.Count, models[0], isIncomplete, connection,
                transaction, cancellationToken);
            if (!models.Contains(state.Model) || (state.NextModel is { } next && !models.Contains(next)))
            {
                return false;
            }

            var ids = await PutAsync(tenantId, documents, state.Revision - documents.Count, connection, transaction,
                cancellationToken);
            await PutChunksAsync(tenantId, documents, ids, state.Revision, connection, transaction, cancellationToken);
        }

        await using (var batch = SearchDatabase.BatchFor(tenantId, connection, transaction))
        {
            batch.Add(FinishSql, tenantId, outboxIds.ToArray());
            await batch.ExecuteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private const string RenewedSql = """
        with advanced as (
          update search.corpora set revision = revision + cardinality($2::uuid[]), updated_at = $3 where tenant_id = $1 returning revision
        )
        update search.documents d
        set revision = a.revision - cardinality($2) + w.ordinal
        from advanced a, unnest($2) with ordinality as w (id, ordinal)
        where d.tenant_id = $1 and d.id = w.id
        """;

    /// <summary>Adds vectors to chunks that are still the same; the others are left to whoever changed them.</summary>
    /// <param name="isAnswering">Whether searches use the model already: then who has the corpus in memory must hear
    /// of it.</param>
    public async Task AddVectorsAsync(
        Guid tenantId, IReadOnlyList<ChunkVector> vectors, bool isAnswering, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        if (isAnswering)
        {
            batch.Add(RenewedSql, tenantId, vectors.Select(vector => vector.DocumentId).Distinct().ToArray(),
                clock.GetUtcNow());
        }

        AddVectors(batch, tenantId, vectors);
        await batch.ExecuteAsync(cancellationToken);
    }

    private async Task<CorpusState> AdvanceAsync(
        Guid tenantId, int by, string model, bool isIncomplete, NpgsqlConnection connection,
            NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        await using var batch = SearchDatabase.BatchFor(tenantId, connection, transaction);
        batch.Add(AdvanceSql, tenantId, (long)by, model, isIncomplete, clock.GetUtcNow(), Analyzer.Version);
        await using var reader = await batch.ReadAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return ToState(reader);
    }

    /// <returns>For each document its id; null when there is nothing to write of it.</returns>
    private async Task<Guid?[]> PutAsync(
        Guid tenantId, IReadOnlyList<PreparedDocument> documents, long revision, NpgsqlConnection connection,
            NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var batch = SearchDatabase.BatchFor(tenantId, connection, transaction);
        foreach (var (content, hash, chunks) in documents)
        {
            revision++;
            if (chunks.Count == 0)
            {
                batch.Add(RemoveSql, tenantId, content.Type, content.Id, content.SourceVersion, revision, now);
            }
            else
            {
                batch.Add(
                    PutSql, tenantId, Guid.CreateVersion7(now), content.Type, content.Id, content.Title,
                        content.Tags.ToArray(),
                    TenantBatch.UuidOrNull(content.WorkspaceId), new Json(content.Metadata), hash,
                        content.SourceVersion, content.At,
                    revision, now);
            }
        }

        var ids = new Guid?[documents.Count];
        await using var reader = await batch.ReadAsync(cancellationToken);
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = await reader.ReadAsync(cancellationToken) ? reader.GetGuid(0) : null;
            await reader.NextResultAsync(cancellationToken);
        }

        return ids;
    }

    private static async Task PutChunksAsync(
        Guid tenantId, IReadOnlyList<PreparedDocument> documents, Guid?[] ids, long revision,
            NpgsqlConnection connection,
        NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var chunks = documents
            .SelectMany((document, i) => document.Chunks.Select((chunk, number) =>
                (Id: ids[i], Number: number, Chunk: chunk)))
            .Where(row => row.Id is not null)
            .ToList();
        await using var batch = SearchDatabase.BatchFor(tenantId, connection, transaction);
        batch.Add(ClearSql, tenantId, ids.OfType<Guid>().ToArray());
        batch.Add(
            ChunksSql,
            tenantId,
            chunks.Select(row => row.Id!.Value).ToArray(),
            chunks.Select(row => row.Number).ToArray(),
            chunks.Select(row => row.Chunk.Chunk.Label).ToArray(),
            chunks.Select(row => row.Chunk.Chunk.Text).ToArray(),
            chunks.Select(row => row.Chunk.Terms).ToArray(),
            chunks.Select(row => row.Chunk.Hash).ToArray());
        AddVectors(batch, tenantId, [.. chunks.SelectMany(row => row.Chunk.Vectors.Select(vector =>
            new ChunkVector(row.Id!.Value, row.Number, vector.Model, vector.Vector, row.Chunk.Hash)))]);
        var words = WordsOf(documents);
        batch.Add(WordsSql, tenantId, words.Keys.ToArray(), words.Values.Select(term => (long)term).ToArray(),
            revision);
        await batch.ExecuteAsync(cancellationToken);
    }

    /// <summary>The words worth keeping, in one order for all writers.</summary>
    private static SortedDictionary<string, uint> WordsOf(IReadOnlyList<PreparedDocument> documents)
    {
        var words = new SortedDictionary<string, uint>(StringComparer.Ordinal);
        foreach (var content in documents.Select(document => document.Content))
        {
            foreach (var chunk in content.Chunks)
            {
                var language = Languages.Detect(content.Title, chunk.Text);
                foreach (var text in (ReadOnlySpan<string>)[content.Title, chunk.Text])
                {
                    Analyzer.ReadWords(text, (word, _, _) =>
                    {
                        if (WordList.IsKept(word) && Analyzer.TryGetTerm(word, language, out var term))
                        {
                            words.TryAdd(word.ToString(), term);
                        }
                    });
                }
            }
        }

        return words;
    }

    private static void AddVectors(TenantBatch batch, Guid tenantId, IReadOnlyList<ChunkVector> vectors) =>
        batch.Add(
            EmbeddingsSql,
            tenantId,
            vectors.Select(vector => vector.DocumentId).ToArray(),
            vectors.Select(vector => vector.Chunk).ToArray(),
            vectors.Select(vector => vector.Model).ToArray(),
            vectors.Select(vector => vector.Vector).ToArray(),
            vectors.Select(vector => vector.ContentHash).ToArray());

    private static CorpusState ToState(NpgsqlDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
}
