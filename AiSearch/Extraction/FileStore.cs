using Npgsql;
using NpgsqlTypes;
using Workflows.AiSearch.Storage;

namespace Workflows.AiSearch.Extraction;

/// <summary>A file that is this process's to read for a while; attempts counts the tries, this one included.</summary>
internal sealed record ClaimedFile(Guid TenantId, Guid ArticleId, string Format, int Attempts, DateTimeOffset DueAt);

/// <summary>
/// Files that wait to be read, as a queue. A claim is a lease that moves the file's time ahead: a process that dies
/// while it reads leaves the file to the next. What a slow process reads after its lease is not written: the time that
/// it moved is its fence.
/// </summary>
internal sealed class FileStore(SearchDatabase database, TimeProvider clock)
{
    private const string ClaimSql = """
        with due as (
          select tenant_id, article_id from knowledge_files where due_at <= $1
          order by due_at, article_id limit $2 for update skip locked
        )
        update knowledge_files as f
        set attempts = f.attempts + 1, due_at = $3
        from due
        where f.tenant_id = due.tenant_id and f.article_id = due.article_id
        returning f.tenant_id, f.article_id, f.format, f.attempts, f.due_at
        """;

    /// <summary>Takes up to <see cref="Limits.FilesPerClaim"/> files of any tenant, the longest due first.</summary>
    public async Task<IReadOnlyList<ClaimedFile>> ClaimAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var command = database.Source.CreateCommand(ClaimSql);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Limits.FilesPerClaim });
        command.Parameters.Add(new NpgsqlParameter<DateTime>
        {
            TypedValue = (now + Limits.ExtractionLease).UtcDateTime,
        });
        var claimed = new List<ClaimedFile>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(new ClaimedFile(
                reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetInt32(3),
                reader.GetFieldValue<DateTimeOffset>(4)));
        }

        return claimed;
    }

    private const string BytesSql = "select bytes from knowledge_files where tenant_id = $1 and article_id = $2";

    /// <returns>Null when the article was deleted meanwhile.</returns>
    public async Task<byte[]?> ReadAsync(ClaimedFile file, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(file.TenantId);
        batch.Add(BytesSql, file.TenantId, file.ArticleId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<byte[]>(0) : null;
    }

    // The article first, as everybody does who changes it; then the file, if it is still this claim's.
    private const string LockSql = """
        select from knowledge_articles where tenant_id = $1 and id = $2 and status = 'processing' for update
        """;

    private const string FinishSql = """
        with own as (
          update knowledge_files set due_at = null, pages = $4
          where tenant_id = $1 and article_id = $2 and due_at = $3
          returning article_id
        ), written as (
          update knowledge_articles a
          set content = coalesce($5, a.content), status = $6, failure_code = $7, failure = $8,
            version = a.version + 1, updated_at = $9
          from own
          where a.tenant_id = $1 and a.id = own.article_id and a.status = 'processing'
          returning a.*
        ), kept as (
          insert into knowledge_versions (tenant_id, article_id, number, title, content, category, tags, source_url,
            change, created_at)
          select w.tenant_id, w.id, w.version, w.title, w.content, w.category, w.tags, w.source_url, 'extract', $9
          from written w
        )
        insert into outbox (tenant_id, id, topic, subject_id, not_before)
        select w.tenant_id, $10, 'index_article', w.id, $9 from written w
        """;

    /// <summary>Writes what was read, or why nothing was, with a version and the work of indexing it, in one
    /// transaction; nothing when the file is another process's meanwhile, or the article was written by somebody.
    /// </summary>
    /// <param name="extraction">Null when the file cannot be read.</param>
    /// <param name="failure">Why not; null when it was.</param>
    public async Task FinishAsync(
        ClaimedFile file, ExtractedText? extraction, ExtractionException? failure, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var batch = database.BatchFor(file.TenantId);
        batch.Add(LockSql, file.TenantId, file.ArticleId);
        batch.Add(
            FinishSql, file.TenantId, file.ArticleId, file.DueAt,
            new NpgsqlParameter
            {
                Value = (object?)extraction?.Pages ?? DBNull.Value,
                NpgsqlDbType = NpgsqlDbType.Integer,
            },
            TextOrNull(extraction?.Markdown), failure is null ? "ready" : "failed", TextOrNull(failure?.Code),
            TextOrNull(failure is null ? null : Indexing.JsonDescriber.Clip(failure.Message, Limits.CauseMaxLength)),
            now, Guid.CreateVersion7(now));
        await batch.ExecuteAsync(cancellationToken);
    }

    private static NpgsqlParameter TextOrNull(string? text) =>
        new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
