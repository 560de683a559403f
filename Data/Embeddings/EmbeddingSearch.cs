using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Embeddings;

/// <param name="Similarity">Cosine: 1 for the same direction, 0 for none in common, -1 for the opposite.</param>
public sealed record EmbeddingHit(
    string ContentType, string ContentId, double Similarity, string Metadata, string? Text);

/// <param name="IsExact">All vectors that pass the filter were compared; else the index chose those that were.</param>
public sealed record EmbeddingHits(IReadOnlyList<EmbeddingHit> Hits, bool IsExact);

/// <summary>
/// The vectors nearest to one, of those that clients brought. Up to <see cref="Limits.ExactVectors"/> of a type all are
/// compared, and also beyond where their dimension has no index. Else the HNSW index proposes candidates, by iterative
/// scan until enough pass the filter; when it does not find as many as are wanted, all are compared after all.
/// </summary>
public sealed class EmbeddingSearch(WorkflowsDatabase database)
{
    private const string CountSql = """
        select count(*)::int from (
          select from own_embeddings where tenant_id = $1 and content_type = $2 limit $3
        ) counted
        """;

    // Materialised, or the planner might take the HNSW index after all and filter its output.
    private const string ExactSql = """
        with candidates as materialized (
          select content_id, 1 - (embedding <=> $3::vector) as similarity
          from own_embeddings where tenant_id = $1 and content_type = $2 and metadata @> $4
        ), best as (
          select * from candidates where similarity >= $5 order by similarity desc, content_id limit $6
        )
        select e.content_id, b.similarity, e.metadata::text, e.text
        from best b join own_embeddings e on e.tenant_id = $1 and e.content_type = $2 and e.content_id = b.content_id
        order by b.similarity desc, e.content_id
        """;

    private const string SettingsSql = """
        select set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '200', true),
          set_config('hnsw.max_scan_tuples', '40000', true)
        """;

    private const string NearestPrefix = """
        select content_id, 1 - (embedding <=> $3::vector), metadata::text, text
        from own_embeddings
        where tenant_id = $1 and content_type = $2 and metadata @> $4 and dimension = 
        """;

    // One statement per indexed dimension: the planner must see the expression of the index.
    private const string Distance384 =
        "l2_normalize(embedding)::halfvec(384) <=> l2_normalize($3::vector)::halfvec(384)";
    private const string Distance768 =
        "l2_normalize(embedding)::halfvec(768) <=> l2_normalize($3::vector)::halfvec(768)";
    private const string Distance1024 =
        "l2_normalize(embedding)::halfvec(1024) <=> l2_normalize($3::vector)::halfvec(1024)";

    private const string Distance1536 =
        "l2_normalize(embedding)::halfvec(1536) <=> l2_normalize($3::vector)::halfvec(1536)";

    private const string Distance3072 =
        "l2_normalize(embedding)::halfvec(3072) <=> l2_normalize($3::vector)::halfvec(3072)";

    private const string Nearest384Sql = $"{NearestPrefix} 384 order by {Distance384} limit $5";
    private const string Nearest768Sql = $"{NearestPrefix} 768 order by {Distance768} limit $5";
    private const string Nearest1024Sql = $"{NearestPrefix} 1024 order by {Distance1024} limit $5";
    private const string Nearest1536Sql = $"{NearestPrefix} 1536 order by {Distance1536} limit $5";
    private const string Nearest3072Sql = $"{NearestPrefix} 3072 order by {Distance3072} limit $5";

    /// <param name="vector">Of the type's dimension.</param>
    /// <param name="metadata">A JSON object that a vector's metadata must contain.</param>
    /// <param name="threshold">Lowest similarity.</param>
    /// <returns>The most similar first.</returns>
    public async Task<EmbeddingHits> SearchAsync(
        Guid tenantId, string contentType, float[] vector, byte[] metadata, double threshold, int limit,
        CancellationToken cancellationToken)
    {
        if (NearestSql(vector.Length) is { } nearestSql
            && await IsLargeAsync(tenantId, contentType, cancellationToken))
        {
            var nearest = await NearestAsync(
                tenantId, contentType, nearestSql, vector, metadata, limit, cancellationToken);
            if (nearest.Count >= limit)
            {
                return new EmbeddingHits([.. nearest.Where(hit => hit.Similarity >= threshold)], IsExact: false);
            }
        }

        var hits = await database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(ExactSql)
            {
                Parameters =
                {
                    Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Text(VectorText.Of(vector)), Sql.Json(metadata),
                    new NpgsqlParameter<double> { TypedValue = threshold }, Sql.Int(limit),
                },
            },
            reader => ToHit(contentType, reader), cancellationToken);
        return new EmbeddingHits(hits, IsExact: true);
    }

    private async Task<bool> IsLargeAsync(Guid tenantId, string contentType, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(CountSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Int(Limits.ExactVectors + 1) },
            },
            reader => reader.GetInt32(0), cancellationToken))[0] > Limits.ExactVectors;

    private async Task<List<EmbeddingHit>> NearestAsync(
        Guid tenantId, string contentType, string nearestSql, float[] vector, byte[] metadata, int limit,
        CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(SettingsSql));
#pragma warning disable CA2100 // one of the constants above
        batch.BatchCommands.Add(new NpgsqlBatchCommand(nearestSql)
#pragma warning restore CA2100
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Text(contentType), Sql.Text(VectorText.Of(vector)), Sql.Json(metadata),
                Sql.Int(limit),
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var hits = new List<EmbeddingHit>();
        while (await reader.ReadAsync(cancellationToken))
        {
            hits.Add(ToHit(contentType, reader));
        }

        // Relaxed order: the index may hand out neighbours a little out of order.
        hits.Sort((left, right) => right.Similarity.CompareTo(left.Similarity));
        return hits;
    }

    private static EmbeddingHit ToHit(string contentType, NpgsqlDataReader reader) => new(
        contentType, reader.GetString(0), reader.GetDouble(1), reader.GetString(2), reader.MaybeText(3));

    private static string? NearestSql(int dimension) => dimension switch
    {
        384 => Nearest384Sql,
        768 => Nearest768Sql,
        1024 => Nearest1024Sql,
        1536 => Nearest1536Sql,
        3072 => Nearest3072Sql,
        _ => null,
    };
}
