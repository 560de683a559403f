using System.Runtime.InteropServices;
using Workflows.AiSearch.Storage;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// The trained models of the tenants, stored in parts of bounded size and kept in memory while they are used. A stored model never
/// changes, so that what is in memory is never stale; when memory runs short, the least recently used goes.
/// </summary>
internal sealed class ModelStore(SearchDatabase database, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(Guid TenantId, string Name), CachedModel> _cache = [];

    private const string NewestSql = """
        select name from search.models where tenant_id = $1 order by created_at desc, name desc limit 1
        """;

    /// <returns>The name of the tenant's last trained model; null when nothing was learnt yet.</returns>
    public async Task<string?> NewestAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(NewestSql, tenantId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetString(0) : null;
    }

    private const string LoadSql = """
        select m.energies, p.terms, p.idf, p.vectors
        from search.models m join search.model_parts p on p.tenant_id = m.tenant_id and p.name = m.name
        where m.tenant_id = $1 and m.name = $2
        order by p.part
        """;

    /// <returns>Null when the tenant has no such model.</returns>
    public async Task<SemanticModel?> LoadAsync(Guid tenantId, string name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_cache.TryGetValue((tenantId, name), out var cached))
            {
                cached.UsedAt = clock.GetTimestamp();
                return cached.Model;
            }
        }

        var model = await ReadAsync(tenantId, name, cancellationToken);
        if (model is not null)
        {
            Keep(tenantId, name, model);
        }

        return model;
    }

    private async Task<SemanticModel?> ReadAsync(Guid tenantId, string name, CancellationToken cancellationToken)
    {
        var terms = new List<uint>();
        var idf = new List<float>();
        var vectors = new List<float>();
        float[] energies = [];
        await using var batch = database.BatchFor(tenantId);
        batch.Add(LoadSql, tenantId, name);
        await using var reader = await batch.ReadAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            energies = MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(0)).ToArray();
            terms.AddRange(MemoryMarshal.Cast<byte, uint>(reader.GetFieldValue<byte[]>(1)));
            idf.AddRange(MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(2)));
            var halves = reader.GetFieldValue<byte[]>(3);
            var part = new float[halves.Length / 2];
            SemanticModel.FromHalves(halves, part);
            vectors.AddRange(part);
        }

        return terms.Count == 0 ? null : new SemanticModel(new Vocabulary([.. terms], [.. idf]), [.. vectors], energies);
    }

    private void Keep(Guid tenantId, string name, SemanticModel model)
    {
        lock (_gate)
        {
            _cache[(tenantId, name)] = new CachedModel(model) { UsedAt = clock.GetTimestamp() };
            while (_cache.Count > 1 && _cache.Values.Sum(cached => cached.Model.Size) > Limits.ModelCacheBytes)
            {
                _cache.Remove(_cache.MinBy(pair => pair.Value.UsedAt).Key);
            }
        }
    }

    private const string InsertModelSql = """
        insert into search.models (tenant_id, name, chunks, directions, energies, created_at) values ($1, $2, $3, $4, $5, $6)
        """;

    private const string InsertPartSql = """
        insert into search.model_parts (tenant_id, name, part, terms, idf, vectors) values ($1, $2, $3, $4, $5, $6)
        """;

    private const string TrainedSql = "update search.corpora set trained_chunks = $2, updated_at = $3 where tenant_id = $1";

    /// <summary>Stores a model under a name that is new; from then on it is the tenant's newest.</summary>
    public async Task SaveAsync(Guid tenantId, string name, SemanticModel model, int chunks, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        var now = clock.GetUtcNow();
        var directions = model.Energies.Length;
        batch.Add(InsertModelSql, tenantId, name, chunks, directions, MemoryMarshal.AsBytes(model.Energies.Span).ToArray(), now);
        for (int start = 0, part = 0; start < model.Vocabulary.Count; start += Limits.TermsPerModelPart, part++)
        {
            var count = Math.Min(Limits.TermsPerModelPart, model.Vocabulary.Count - start);
            batch.Add(
                InsertPartSql,
                tenantId,
                name,
                part,
                MemoryMarshal.AsBytes(model.Vocabulary.Terms.AsSpan(start, count)).ToArray(),
                MemoryMarshal.AsBytes(model.Vocabulary.Idf.AsSpan(start, count)).ToArray(),
                SemanticModel.ToHalves(model.TermVectors.Slice(start * directions, count * directions)));
        }

        batch.Add(TrainedSql, tenantId, chunks, now);
        await batch.ExecuteAsync(cancellationToken);
    }

    private sealed class CachedModel(SemanticModel model)
    {
        public SemanticModel Model => model;

        public long UsedAt { get; set; }
    }
}
