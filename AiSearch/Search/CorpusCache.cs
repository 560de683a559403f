using Npgsql;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>Where a tenant's index stands: the change last made, and the models of its vectors.</summary>
internal sealed record CorpusState(long Revision, string Model, string? NextModel);

/// <summary>
/// The corpora in memory. Each use first reads, in one round trip, where the tenant's index stands and what changed since; so an
/// answer shows every change that was committed before it began, on whichever instance. Corpora that are not used go, the least
/// recently used first when memory runs short. What is in memory came through row-level security under its tenant.
/// </summary>
internal sealed class CorpusCache(SearchDatabase database, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Slot> _slots = [];

    private const string StateSql = "select revision, model, next_model from search.corpora where tenant_id = $1";

    private const string ChangesSql = """
        select d.revision, d.id, d.content_type, d.content_id, d.title, d.tags, d.workspace_id, d.content_at, c.numbers, c.terms,
          case d.content_type when 'workflow' then d.content_id
            when 'execution' then (d.metadata ->> 'workflowId')::uuid end
        from search.documents d
        left join lateral (
          select array_agg(number order by number) as numbers, array_agg(terms order by number) as terms
          from search.chunks where tenant_id = d.tenant_id and document_id = d.id
        ) c on true
        where d.tenant_id = $1 and d.revision > $2
        order by d.revision
        limit $3
        """;

    /// <returns>The tenant's corpus as of now, and its state; null when nothing was ever indexed for the tenant.</returns>
    public async Task<(Corpus Corpus, CorpusState State)?> GetAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var slot = SlotOf(tenantId);
        var corpus = slot.Corpus;
        var (state, changes) = await ReadAsync(tenantId, corpus.Revision, cancellationToken);
        if (state is null)
        {
            return null;
        }

        if (changes.Count > 0)
        {
            corpus = await BringForwardAsync(tenantId, slot, changes, cancellationToken);
        }

        return (corpus, state);
    }

    /// <summary>Several searches may find the same changes: the first applies them, the others wait and find nothing left to do.</summary>
    private async Task<Corpus> BringForwardAsync(
        Guid tenantId, Slot slot, List<CorpusChange> changes, CancellationToken cancellationToken)
    {
        await slot.Writing.WaitAsync(cancellationToken);
        try
        {
            var corpus = slot.Corpus.NeedsReload ? new Corpus() : slot.Corpus;
            if (corpus != slot.Corpus || corpus.Revision >= changes[0].Revision)
            {
                (_, changes) = await ReadAsync(tenantId, corpus.Revision, cancellationToken);
            }

            while (changes.Count > 0)
            {
                corpus.Apply(changes);
                (_, changes) = await ReadAsync(tenantId, corpus.Revision, cancellationToken);
            }

            slot.Corpus = corpus;
            TrimToBudget();
            return corpus;
        }
        finally
        {
            slot.Writing.Release();
        }
    }

    private async Task<(CorpusState? State, List<CorpusChange> Changes)> ReadAsync(
        Guid tenantId, long revision, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(StateSql, tenantId);
        batch.Add(ChangesSql, tenantId, revision, Limits.ChangesPerRead);
        await using var reader = await batch.ReadAsync(cancellationToken);
        CorpusState? state = null;
        if (await reader.ReadAsync(cancellationToken))
        {
            state = new CorpusState(reader.GetInt64(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        }

        await reader.NextResultAsync(cancellationToken);
        var changes = new List<CorpusChange>();
        while (await reader.ReadAsync(cancellationToken))
        {
            changes.Add(ToChange(reader));
        }

        return (state, changes);
    }

    private static CorpusChange ToChange(NpgsqlDataReader reader)
    {
        var document = new CorpusDocument(
            Id: reader.GetGuid(1),
            ContentType: string.Intern(reader.GetString(2)),
            ContentId: reader.GetGuid(3),
            Title: reader.GetString(4),
            Tags: reader.GetFieldValue<string[]>(5),
            WorkspaceId: reader.IsDBNull(6) ? null : reader.GetGuid(6),
            ContentAt: reader.GetFieldValue<DateTimeOffset>(7),
            WorkflowId: reader.IsDBNull(10) ? null : reader.GetGuid(10));
        if (reader.IsDBNull(8))
        {
            return new CorpusChange(reader.GetInt64(0), document, []);
        }

        var terms = reader.GetFieldValue<byte[][]>(9);
        var chunks = reader.GetFieldValue<int[]>(8).Select((number, i) => new CorpusChunk(number, TermVector.FromBytes(terms[i])));
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

    /// <summary>Drops what has not been used for long, and the least recently used beyond the budget; never the last one.</summary>
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

    private sealed class Slot
    {
        public Corpus Corpus { get; set; } = new();

        public SemaphoreSlim Writing { get; } = new(1, 1);

        public long UsedAt { get; set; }
    }
}
