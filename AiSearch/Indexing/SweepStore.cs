using Npgsql;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;
using Workflows.Data.Database;

namespace Workflows.AiSearch.Indexing;

/// <summary>Where a tenant's index stands, for the sweep.</summary>
/// <param name="Analysis">The version of the analysis that all its texts went through.</param>
internal sealed record CorpusOverview(
    Guid TenantId, long Revision, string Model, string? NextModel, int TrainedChunks, bool IsIncomplete, int Analysis);

/// <summary>A chunk that needs a vector.</summary>
internal sealed record StoredChunk(Guid DocumentId, int Number, string Title, string Text, byte[] Terms, byte[] ContentHash);

/// <summary>The statements of <see cref="Sweep"/>.</summary>
internal sealed class SweepStore(SearchDatabase database, TimeProvider clock)
{
    private const long TurnKey = 0x7365617263687377; // "searchsw"

    private const string TakeTurnSql = "select pg_try_advisory_lock($1)";
    private const string EndTurnSql = "select pg_advisory_unlock($1)";

    /// <returns>The turn, which ends when it is disposed or the process dies; null when another process has it.</returns>
    public async Task<IAsyncDisposable?> TryTakeTurnAsync(CancellationToken cancellationToken)
    {
        var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(TakeTurnSql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = TurnKey });
        if (await command.ExecuteScalarAsync(cancellationToken) is true)
        {
            return new Turn(connection);
        }

        await connection.DisposeAsync();
        return null;
    }

    private const string ListSql = """
        select tenant_id, revision, model, next_model, trained_chunks, incomplete, analysis from search.corpora
        """;

    /// <summary>All tenants that have anything indexed.</summary>
    public async Task<IReadOnlyList<CorpusOverview>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ListSql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var overviews = new List<CorpusOverview>();
        while (await reader.ReadAsync(cancellationToken))
        {
            overviews.Add(new CorpusOverview(
                reader.GetGuid(0), reader.GetInt64(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetInt32(4), reader.GetBoolean(5), reader.GetInt32(6)));
        }

        return overviews;
    }

    private const string IndexedSql = """
        select id, content_type, content_id from search.documents
        where tenant_id = $1 and id > $2 and removed_at is null
          and content_type in ('workflow', 'execution', 'knowledge_article', 'prompt_card')
        order by id
        limit $3
        """;

    /// <summary>The next documents, in the order of their ids, that can be read from their source again.</summary>
    public async Task<IReadOnlyList<(Guid Id, string Type, Guid ContentId)>> ListIndexedAsync(
        Guid tenantId, Guid after, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(IndexedSql, tenantId, after, Limits.DocumentsPerAnalysis);
        await using var reader = await batch.ReadAsync(cancellationToken);
        var documents = new List<(Guid Id, string Type, Guid ContentId)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            documents.Add((reader.GetGuid(0), reader.GetString(1), reader.GetGuid(2)));
        }

        return documents;
    }

    private const string AnalysedSql = "update search.corpora set analysis = $2 where tenant_id = $1";

    /// <summary>Notes that all texts went through a version of the analysis.</summary>
    public async Task MarkAnalysedAsync(Guid tenantId, int version, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(AnalysedSql, tenantId, version);
        await batch.ExecuteAsync(cancellationToken);
    }

    private const string CountSql = "select count(*)::int from search.chunks where tenant_id = $1";

    public async Task<int> CountChunksAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(CountSql, tenantId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt32(0);
    }

    private const string SampleSql = """
        select terms
        from (select terms, row_number() over (order by document_id, number) as position from search.chunks where tenant_id = $1) c
        where (position - 1) % $2 = 0
        order by position
        limit $3
        """;

    /// <summary>The terms of the tenant's chunks, evenly taken when there are more than are looked at.</summary>
    public async Task<IReadOnlyList<TermVector>> SampleAsync(Guid tenantId, int chunks, CancellationToken cancellationToken)
    {
        var step = (chunks + Limits.TrainingChunksMax - 1) / Limits.TrainingChunksMax;
        await using var batch = database.BatchFor(tenantId);
        batch.Add(SampleSql, tenantId, step, Limits.TrainingChunksMax);
        await using var reader = await batch.ReadAsync(cancellationToken);
        var texts = new List<TermVector>();
        while (await reader.ReadAsync(cancellationToken))
        {
            texts.Add(TermVector.FromBytes(reader.GetFieldValue<byte[]>(0)));
        }

        return texts;
    }

    private const string AnnounceSql = """
        update search.corpora set next_model = nullif($2, model), updated_at = $3
        where tenant_id = $1 and next_model is distinct from nullif($2, model)
        """;

    /// <summary>From the commit on, whoever indexes makes vectors of this model too.</summary>
    public async Task AnnounceAsync(Guid tenantId, string model, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(AnnounceSql, tenantId, model, clock.GetUtcNow());
        await batch.ExecuteAsync(cancellationToken);
    }

    private const string MissingSql = """
        select c.document_id, c.number, d.title, c.text, c.terms, c.content_hash
        from search.chunks c
        join search.documents d on d.tenant_id = c.tenant_id and d.id = c.document_id
        where c.tenant_id = $1 and (c.document_id, c.number) > ($3, $4)
          and not exists (select from search.embeddings e
                          where e.tenant_id = c.tenant_id and e.model = $2 and e.document_id = c.document_id and e.chunk = c.number)
        order by c.document_id, c.number
        limit $5
        """;

    /// <summary>The next chunks, in the order of their keys, without a vector of the model.</summary>
    public async Task<IReadOnlyList<StoredChunk>> MissingAsync(
        Guid tenantId, string model, Guid afterDocument, int afterChunk, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(MissingSql, tenantId, model, afterDocument, afterChunk, Limits.ChunksPerReembedding);
        await using var reader = await batch.ReadAsync(cancellationToken);
        var chunks = new List<StoredChunk>();
        while (await reader.ReadAsync(cancellationToken))
        {
            chunks.Add(new StoredChunk(
                reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<byte[]>(4),
                reader.GetFieldValue<byte[]>(5)));
        }

        return chunks;
    }

    private const string LockSql = "select from search.corpora where tenant_id = $1 for update";

    // Under the lock nobody writes chunks of this tenant: if none is without a vector now, none will be.
    private const string SwitchSql = """
        update search.corpora set model = $2, next_model = null, incomplete = false, updated_at = $3
        where tenant_id = $1
          and not exists (select from search.chunks c
                          where c.tenant_id = $1
                            and not exists (select from search.embeddings e
                                            where e.tenant_id = $1 and e.model = $2 and e.document_id = c.document_id and e.chunk = c.number))
        """;

    private const string DropVectorsSql = """
        delete from search.embeddings where tenant_id = $1 and model <> (select model from search.corpora where tenant_id = $1) and model <> $2
        """;

    private const string DropModelsSql = """
        delete from search.models m
        where m.tenant_id = $1 and m.name <> $2 and m.name <> (select model from search.corpora where tenant_id = $1)
        """;

    /// <summary>Lets the model answer, when every chunk has a vector of it, and drops the vectors and models that are no longer used.</summary>
    /// <returns>False when chunks came meanwhile that have none: to be gone on with.</returns>
    public async Task<bool> SwitchAsync(Guid tenantId, string model, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var round = new Round(connection, transaction);
        var isSwitched = false;
        round.AddCall(TenantBatch.SetTenant(tenantId));
        round.AddCall(TenantBatch.Command(LockSql, tenantId));
        round.Add(TenantBatch.Command(SwitchSql, tenantId, model, clock.GetUtcNow()));
        round.Add(TenantBatch.Command(DropVectorsSql, tenantId, model));
        round.Add(TenantBatch.Command(DropModelsSql, tenantId, model));
        round.Add(TenantBatch.Command(StateSql, tenantId, model), 1, row => isSwitched = row.GetBoolean(0));
        await round.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return isSwitched;
    }

    private const string StateSql = "select model = $2 and next_model is null and not incomplete from search.corpora where tenant_id = $1";

    private const string ForgetSql = "delete from search.documents where tenant_id = $1 and removed_at < $2";

    /// <summary>Deletes the traces of removed documents that every reader has taken notice of.</summary>
    public async Task ForgetRemovedAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(ForgetSql, tenantId, clock.GetUtcNow() - Limits.TombstoneLifetime);
        await batch.ExecuteAsync(cancellationToken);
    }

    private sealed class Turn(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using (connection)
            {
                await using var command = new NpgsqlCommand(EndTurnSql, connection);
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = TurnKey });
                await command.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
    }
}
