using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Storage;

namespace Workflows.AiSearch.Search;

/// <summary>
/// The chunks nearest to a vector, where a tenant's vectors are too many for memory. By the HNSW index with iterative scan, which goes on
/// until enough of what it meets passes the filter; exactly for documents that are named: those that the words proposed, or all that
/// somebody may see.
/// </summary>
internal sealed class VectorSearch(SearchDatabase database)
{
    private const string SettingsSql = """
        select set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', $1, true),
               set_config('hnsw.max_scan_tuples', $2, true)
        """;

    private const string NearestPrefix = "select document_id, chunk, 1 - (";

    private const string NearestMiddle = """
        ) as similarity
        from search.embeddings
        where tenant_id = $1 and model = $2
          and (cardinality($4::text[]) = 0 or content_type = any($4)) and tags @> $5
          and ($6::uuid is null or workspace_id = $6)
          and content_at >= $7 and content_at < $8 and dimension = 
        """;

    // One statement per indexed dimension: the index is on the cast, and the planner must see the very same expression.
    private const string Distance384 = "embedding::halfvec(384) <=> $3::halfvec(384)";
    private const string Distance768 = "embedding::halfvec(768) <=> $3::halfvec(768)";
    private const string Distance1024 = "embedding::halfvec(1024) <=> $3::halfvec(1024)";
    private const string Distance1536 = "embedding::halfvec(1536) <=> $3::halfvec(1536)";
    private const string Nearest384Sql = $"{NearestPrefix}{Distance384}{NearestMiddle}384 order by {Distance384} limit $9";
    private const string Nearest768Sql = $"{NearestPrefix}{Distance768}{NearestMiddle}768 order by {Distance768} limit $9";
    private const string Nearest1024Sql = $"{NearestPrefix}{Distance1024}{NearestMiddle}1024 order by {Distance1024} limit $9";
    private const string Nearest1536Sql = $"{NearestPrefix}{Distance1536}{NearestMiddle}1536 order by {Distance1536} limit $9";

    // Materialised, or the planner might take the HNSW index after all and filter its output.
    private const string ExactSql = """
        with candidates as materialized (
          select document_id, chunk, embedding from search.embeddings
          where tenant_id = $1 and model = $2 and document_id = any($4)
        )
        select document_id, chunk, 1 - (embedding <=> $3::halfvec) as similarity
        from candidates
        order by embedding <=> $3::halfvec
        limit $5
        """;

    /// <returns>Hits by falling similarity (cosine).</returns>
    public async Task<IReadOnlyList<SignalHit>> SearchAsync(
        Guid tenantId, string model, float[] vector, SearchFilter filter, Guid[]? documents, int limit, CancellationToken cancellationToken)
    {
        var nearestTo = Vectors.ToHalfVector(vector);
        await using var batch = database.BatchFor(tenantId);
        if (documents is not null)
        {
            batch.Add(ExactSql, tenantId, model, nearestTo, documents, limit);
            return await ReadAsync(batch, skipSettings: false, cancellationToken);
        }

        batch.Add(SettingsSql, Limits.NearestBreadth.ToString(provider: null), Limits.NearestTuples.ToString(provider: null));
        batch.Add(
            NearestSql(vector.Length),
            tenantId,
            model,
            nearestTo,
            filter.ContentTypes,
            filter.Tags,
            TenantBatch.UuidOrNull(filter.WorkspaceId),
            filter.From ?? DateTimeOffset.MinValue.AddYears(1),
            filter.To ?? DateTimeOffset.MaxValue.AddYears(-1),
            limit);
        return await ReadAsync(batch, skipSettings: true, cancellationToken);
    }

    private static async Task<IReadOnlyList<SignalHit>> ReadAsync(
        TenantBatch batch, bool skipSettings, CancellationToken cancellationToken)
    {
        await using var reader = await batch.ReadAsync(cancellationToken);
        if (skipSettings)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        var hits = new List<SignalHit>();
        while (await reader.ReadAsync(cancellationToken))
        {
            hits.Add(new SignalHit(reader.GetGuid(0), reader.GetInt32(1), (float)reader.GetDouble(2)));
        }

        // Relaxed order: the index may hand out neighbours a little out of order.
        hits.Sort((left, right) => right.Score.CompareTo(left.Score));
        return hits;
    }

    private static string NearestSql(int dimension) => dimension switch
    {
        384 => Nearest384Sql,
        768 => Nearest768Sql,
        1024 => Nearest1024Sql,
        1536 => Nearest1536Sql,
        _ => throw new ArgumentOutOfRangeException(nameof(dimension), dimension, "No index has this dimension."),
    };
}
