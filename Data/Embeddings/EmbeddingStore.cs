using System.Globalization;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Embeddings;

/// <summary>A vector that a client brings.</summary>
/// <param name="Vector">Finite numbers, not all zero.</param>
/// <param name="Metadata">A JSON object.</param>
public sealed record NewEmbedding(string ContentId, float[] Vector, byte[] Metadata, string? Text);

/// <summary>A vector that is stored.</summary>
public sealed record StoredEmbedding(
    string ContentType, string ContentId, float[] Vector, string Metadata, string? Text, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>The vectors of one kind of content.</summary>
public sealed record EmbeddingType(string ContentType, int Dimension, long Vectors, DateTimeOffset CreatedAt);

/// <summary>The vectors of a content type have another dimension.</summary>
public sealed class EmbeddingDimensionException(string contentType, int dimension)
    : Exception(string.Create(
        CultureInfo.InvariantCulture,
        $"The vectors of '{contentType}' have {dimension} numbers: the first one fixed it."));

/// <summary>A tenant would have more content types than it may.</summary>
public sealed class EmbeddingTypesException()
    : Exception($"A tenant has at most {Limits.EmbeddingTypes} content types of vectors.");

/// <summary>
/// Vectors that clients bring, by tenant, content type and id. The first vector of a type fixes its dimension, until
/// the type is deleted.
/// </summary>
public sealed class EmbeddingStore(WorkflowsDatabase database)
{
    private const string TypeSql = """
        insert into own_embedding_types (tenant_id, content_type, dimension, created_at) values ($1, $2, $3, $4)
        on conflict do nothing
        """;

    // Locked against its deletion; a tenant's new types wait for each other nowhere, so the bound may be passed by a
    // few.
    private const string DimensionSql = """
        select t.dimension, (select count(*)::int from own_embedding_types a where a.tenant_id = $1)
        from own_embedding_types t where t.tenant_id = $1 and t.content_type = $2 for key share of t
        """;

    // In the order of their keys, so that two calls wait for each other instead of locking each other out.
    private const string PutSql = """
        insert into own_embeddings as e (tenant_id, content_type, content_id, dimension, embedding, metadata, text,
          created_at, updated_at)
        select $1, $2, p.id, $3, p.vector::vector, p.metadata, p.text, $8, $8
        from unnest($4::text[], $5::text[], $6::jsonb[], $7::text[]) as p (id, vector, metadata, text)
        order by p.id
        on conflict (tenant_id, content_type, content_id) do update
        set embedding = excluded.embedding, metadata = excluded.metadata, text = excluded.text,
          version = e.version + 1, updated_at = $8
        """;

    /// <summary>Stores vectors of one type, all or none; what is there already is replaced.</summary>
    /// <exception cref="EmbeddingDimensionException">Nothing was stored.</exception>
    /// <exception cref="EmbeddingTypesException">Nothing was stored.</exception>
    public async Task PutAsync(
        Guid tenantId, string contentType, IReadOnlyList<NewEmbedding> embeddings, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var dimension = embeddings[0].Vector.Length;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(TypeSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Int(dimension), Sql.Instant(now) },
            });
            batch.BatchCommands.Add(new NpgsqlBatchCommand(DimensionSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType) },
            });
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (reader.GetInt32(0) is var known && (known != dimension || embeddings.Any(
                embedding => embedding.Vector.Length != known)))
            {
                throw new EmbeddingDimensionException(contentType, known);
            }

            if (reader.GetInt32(1) > Limits.EmbeddingTypes)
            {
                throw new EmbeddingTypesException();
            }
        }

        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(PutSql)
            {
                Parameters =
                {
                    Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Int(dimension),
                    Sql.Texts(embeddings, embedding => embedding.ContentId),
                    Sql.Texts(embeddings, embedding => VectorText.Of(embedding.Vector)),
                    Sql.Jsons(embeddings, embedding => embedding.Metadata),
                    Sql.Texts(embeddings, embedding => embedding.Text), Sql.Instant(now),
                },
            });
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private const string GetSql = """
        select content_id, embedding::real[], metadata::text, text, version, created_at, updated_at
        from own_embeddings where tenant_id = $1 and content_type = $2 and content_id = $3
        """;

    /// <returns>Null when there is none.</returns>
    public async Task<StoredEmbedding?> FindAsync(
        Guid tenantId, string contentType, string contentId, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(GetSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Text(contentId) },
            },
            reader => ToEmbedding(contentType, reader), cancellationToken)).FirstOrDefault();

    private const string ListSql = """
        select content_id, embedding::real[], metadata::text, text, version, created_at, updated_at
        from own_embeddings
        where tenant_id = $1 and content_type = $2 and ($3::text is null or content_id > $3)
        order by content_id limit $4
        """;

    /// <summary>Vectors of a type in the order of their ids.</summary>
    public Task<List<StoredEmbedding>> ListAsync(
        Guid tenantId, string contentType, string? after, int take, CancellationToken cancellationToken) =>
        database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(ListSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Text(after), Sql.Int(take) },
            },
            reader => ToEmbedding(contentType, reader), cancellationToken);

    private const string TypesSql = """
        select t.content_type, t.dimension, t.created_at,
          (select count(*) from own_embeddings e where e.tenant_id = $1 and e.content_type = t.content_type)
        from own_embedding_types t
        where t.tenant_id = $1 and ($2::text is null or t.content_type = $2) order by t.content_type
        """;

    /// <param name="contentType">Only this one; null = all.</param>
    public Task<List<EmbeddingType>> TypesAsync(
        Guid tenantId, string? contentType, CancellationToken cancellationToken) => database.ReadAsync(
        tenantId,
        new NpgsqlBatchCommand(TypesSql) { Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType) } },
        reader => new EmbeddingType(
            reader.GetString(0), reader.GetInt32(1), reader.GetInt64(3), reader.GetFieldValue<DateTimeOffset>(2)),
        cancellationToken);

    private const string DeleteSql = """
        delete from own_embeddings where tenant_id = $1 and content_type = $2 and content_id = $3
        """;

    /// <returns>Whether there was one.</returns>
    public async Task<bool> DeleteAsync(
        Guid tenantId, string contentType, string contentId, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            tenantId,
            new NpgsqlBatchCommand(DeleteSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Text(contentId) },
            },
            cancellationToken) > 0;

    private const string LockTypeSql = """
        select from own_embedding_types where tenant_id = $1 and content_type = $2 for update
        """;

    private const string DeleteAllSql = "delete from own_embeddings where tenant_id = $1 and content_type = $2";
    private const string DeleteTypeSql = "delete from own_embedding_types where tenant_id = $1 and content_type = $2";

    /// <summary>Deletes a type with all its vectors; its dimension is free again.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> DeleteTypeAsync(Guid tenantId, string contentType, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(OfType(new NpgsqlBatchCommand(LockTypeSql), tenantId, contentType));
        batch.BatchCommands.Add(OfType(new NpgsqlBatchCommand(DeleteAllSql), tenantId, contentType));
        var last = OfType(new NpgsqlBatchCommand(DeleteTypeSql), tenantId, contentType);
        batch.BatchCommands.Add(last);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return last.RecordsAffected > 0;
    }

    private static NpgsqlBatchCommand OfType(NpgsqlBatchCommand command, Guid tenantId, string contentType)
    {
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(contentType));
        return command;
    }

    private static StoredEmbedding ToEmbedding(string contentType, NpgsqlDataReader reader) => new(
        contentType, reader.GetString(0), reader.GetFieldValue<float[]>(1), reader.GetString(2), reader.MaybeText(3),
        reader.GetInt32(4), reader.GetFieldValue<DateTimeOffset>(5), reader.GetFieldValue<DateTimeOffset>(6));
}

/// <summary>Vectors as pgvector reads them.</summary>
internal static class VectorText
{
    public static string Of(float[] vector)
    {
        var text = new System.Text.StringBuilder(vector.Length * 12).Append('[');
        foreach (var value in vector)
        {
            text.Append(text.Length > 1 ? "," : "").Append(value.ToString("R", CultureInfo.InvariantCulture));
        }

        return text.Append(']').ToString();
    }
}
