using System.Text.Json;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>
/// Answers a query for one tenant: words and names from the corpus in memory, meaning from the vectors in the database, fused; the
/// documents that are shown are read under the tenant once more, so that nothing is shown which the database would not give.
/// When no vector of the query can be had, the words answer alone and the answer says so.
/// </summary>
internal sealed partial class SearchService(
    SearchDatabase database,
    CorpusCache corpora,
    VectorSearch vectors,
    EmbeddingProviders providers,
    SearchMetrics metrics,
    TimeProvider clock,
    ILogger<SearchService> logger)
{
    private const string WorkflowsSql = "select workflows_of_person($1, $2)";

    public async Task<SearchAnswer> SearchAsync(
        SearchCaller caller, SearchQuery query, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        if (caller.PersonId is { } personId)
        {
            var granted = await FindWorkflowsAsync(caller.TenantId, personId, cancellationToken);
            query = query with { Filter = query.Filter with { Workflows = granted } };
        }

        var answer = await AnswerAsync(caller.TenantId, query, cancellationToken);
        metrics.Searched(answer.Mode, clock.GetElapsedTime(started));
        return answer;
    }

    // As of this search: what is taken back is not found any more.
    private async Task<HashSet<Guid>> FindWorkflowsAsync(
        Guid tenantId, Guid personId, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(WorkflowsSql, tenantId, personId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return [.. reader.GetFieldValue<Guid[]>(0)];
    }

    private async Task<SearchAnswer> AnswerAsync(Guid tenantId, SearchQuery query, CancellationToken cancellationToken)
    {
        if (await corpora.GetAsync(tenantId, cancellationToken) is not var (corpus, state))
        {
            return new SearchAnswer(query.Text, "hybrid", Notice: null, Model: null, []);
        }

        var terms = TermVector.Of(query.Text);
        var found = corpus.Search(terms, TermVector.TrigramsOf(query.Text), query.Filter, Limits.CandidatesPerSignal);
        var (meaning, model, notice) = await SearchMeaningAsync(tenantId, query, terms, state, found, cancellationToken);
        var share = model is null ? 0 : providers.ForModel(model)!.ShareOf(model);
        var fused = Fusion.Fuse(found, meaning, share, query.Limit, query.Threshold);
        var hits = fused.Count == 0 ? [] : await DescribeAsync(tenantId, fused, terms, share, cancellationToken);
        return new SearchAnswer(query.Text, meaning is null ? "lexical" : "hybrid", notice, model, hits);
    }

    private async Task<(IReadOnlyList<SignalHit>? Hits, string? Model, string? Notice)> SearchMeaningAsync(
        Guid tenantId, SearchQuery query, TermVector terms, CorpusState state, CorpusHits found, CancellationToken cancellationToken)
    {
        // While the model is being changed the old one answers, unless nobody can embed for it any more; then what is done so far.
        var model = state.Model;
        var provider = providers.ForModel(model);
        string? notice = null;
        if (provider is null && state.NextModel is { } next)
        {
            (model, provider) = (next, providers.ForModel(next));
            notice = "The embedding model is being changed: not everything can be found by its meaning yet.";
        }

        if (provider is null)
        {
            return (null, null, $"Searched by words only: no configured provider knows the model {model}.");
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Limits.QueryEmbeddingTimeout);
        EmbeddingOutcome embedded;
        try
        {
            embedded = await provider.EmbedAsync(tenantId, model, [new EmbeddingInput(query.Text, terms)], timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            embedded = EmbeddingOutcome.Failed($"no answer within {Limits.QueryEmbeddingTimeout.TotalSeconds} s");
        }

        if (embedded.Failure is { } failure)
        {
            LogDegraded(provider.Name, failure);
            return (null, null, $"Searched by words only: the embedding provider {provider.Name} failed.");
        }

        var hits = await vectors.SearchAsync(
            tenantId, model, embedded.Vectors[0], query.Filter, found.FewDocuments, Limits.CandidatesPerSignal, cancellationToken);
        return (hits, model, notice);
    }

    private const string DescribeSql = """
        select w.ordinal, d.content_type, d.content_id, d.title, d.tags, d.workspace_id, d.content_at, d.metadata::text, c.label, c.text
        from unnest($2::uuid[], $3::int[]) with ordinality as w (document_id, chunk, ordinal)
        join search.documents d on d.tenant_id = $1 and d.id = w.document_id
        join search.chunks c on c.tenant_id = $1 and c.document_id = w.document_id and c.number = w.chunk
        order by w.ordinal
        """;

    private async Task<IReadOnlyList<SearchHit>> DescribeAsync(
        Guid tenantId, List<FusedHit> fused, TermVector terms, double share, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(DescribeSql, tenantId, fused.Select(hit => hit.DocumentId).ToArray(), fused.Select(hit => hit.Chunk).ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var hits = new List<SearchHit>(fused.Count);
        while (await reader.ReadAsync(cancellationToken))
        {
            var hit = fused[(int)reader.GetInt64(0) - 1];
            var (snippet, highlights, matched) = Highlighter.Highlight(reader.GetString(9), terms);
            using var metadata = JsonDocument.Parse(reader.GetString(7));
            hits.Add(new SearchHit(
                Type: reader.GetString(1),
                Id: reader.GetGuid(2),
                Title: reader.GetString(3),
                Tags: reader.GetFieldValue<string[]>(4),
                WorkspaceId: reader.IsDBNull(5) ? null : reader.GetGuid(5),
                At: reader.GetFieldValue<DateTimeOffset>(6),
                Metadata: metadata.RootElement.Clone(),
                Score: Math.Round(hit.Score, 4),
                Section: reader.GetString(8),
                snippet,
                highlights,
                [.. ReasonsOf(hit, matched, share)]));
        }

        return hits;
    }

    private static IEnumerable<Reason> ReasonsOf(FusedHit hit, IReadOnlyList<string> matched, double share)
    {
        if (hit.Words is { } words)
        {
            yield return new Reason("words", Math.Round(words.Score, 4), Math.Round(1 - share, 4), matched);
        }

        if (hit.Meaning is { } meaning)
        {
            yield return new Reason("meaning", Math.Round(meaning.Score, 4), share, []);
        }

        if (hit.Name is { } name)
        {
            yield return new Reason("name", Math.Round(name.Score, 4), Fusion.NameWeight, []);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Searching by words only: embedding provider {Provider} failed: {Reason}")]
    private partial void LogDegraded(string provider, string reason);
}
