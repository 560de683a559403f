using Workflows.AiSearch.Storage;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>
/// Answers a query for one tenant: words, names and meaning from the corpus in memory, fused; the documents that are shown are read under
/// the tenant once more, so that nothing is shown which the database would not give. When no vector of the query can be had, the words
/// answer alone and the answer says so.
/// </summary>
internal sealed class SearchService(
    SearchDatabase database,
    CorpusCache corpora,
    QueryMeaning meanings,
    PhraseReader phrases,
    HitDescriber describer,
    SearchMetrics metrics,
    TimeProvider clock)
{
    private const string SeenSql = "select workflows_of_person($1, $2), workspaces_of_person($1, $2)";

    public async Task<SearchAnswer> SearchAsync(
        SearchCaller caller, SearchQuery query, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var parsed = QueryLine.Parse(query.Text, []);
        var filter = await SeenByAsync(caller, query.Filter.With(parsed.Filter), cancellationToken);
        var answer = await AnswerAsync(caller.TenantId, query with { Filter = filter }, parsed, cancellationToken);
        metrics.Searched(answer.Mode, clock.GetElapsedTime(started));
        return answer;
    }

    /// <summary>Documents that are like one of the caller's.</summary>
    /// <returns>Null when the caller sees no such document.</returns>
    public async Task<SearchAnswer?> FindSimilarAsync(
        SearchCaller caller, string type, Guid id, SearchQuery query, CancellationToken cancellationToken)
    {
        var filter = await SeenByAsync(caller, query.Filter, cancellationToken);
        if (await corpora.GetAsync(caller.TenantId, cancellationToken) is not var (corpus, state)
            || await describer.FindAsync(caller.TenantId, type, id, cancellationToken) is not { } found
            || !corpus.Shows(found.Id, filter))
        {
            return null;
        }

        var likeness = corpus.LikenessOf(found.Terms);
        var meaning = meanings.OfDocument(corpus, state, found.Id);
        var ranking = corpus.Rank(new RankingRequest(
            likeness, TermVector.TrigramsOf(""), meaning.Meaning, meaning.Share, filter, query.Skip, query.Limit, query.Threshold)
        {
            IsGrouped = query.IsGrouped,
            Except = found.Id,
        });
        return await ToAnswerAsync(caller.TenantId, query, ranking, likeness, meaning, cancellationToken);
    }

    /// <summary>Titles and words that complete what somebody types.</summary>
    public async Task<SuggestAnswer> SuggestAsync(
        SearchCaller caller, string text, SearchFilter filter, int limit, CancellationToken cancellationToken)
    {
        var seen = await SeenByAsync(caller, filter, cancellationToken);
        return new SuggestAnswer(text, await corpora.GetAsync(caller.TenantId, cancellationToken) is var (corpus, _)
            ? corpus.Suggest(text, seen, limit)
            : []);
    }

    // As of this search: what is taken back is not found any more.
    private async Task<SearchFilter> SeenByAsync(SearchCaller caller, SearchFilter filter, CancellationToken cancellationToken)
    {
        filter = filter with { Visible = caller.Visible };
        if (caller.PersonId is not { } personId)
        {
            return filter;
        }

        await using var batch = database.BatchFor(caller.TenantId);
        batch.Add(SeenSql, caller.TenantId, personId);
        await using var reader = await batch.ReadAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return filter with
        {
            Workflows = reader.GetFieldValue<Guid[]>(0).ToHashSet(),
            Workspaces = reader.GetFieldValue<Guid[]>(1).ToHashSet(),
        };
    }

    private async Task<SearchAnswer> AnswerAsync(
        Guid tenantId, SearchQuery query, ParsedQuery parsed, CancellationToken cancellationToken)
    {
        if (await corpora.GetAsync(tenantId, cancellationToken) is not var (corpus, state))
        {
            return new SearchAnswer(query.Text, "hybrid", Notice: null, Model: null, [], Total: 0, Facets.None);
        }

        var known = corpus.Understand(parsed.Clauses);
        var meaning = await meanings.OfQueryAsync(tenantId, corpus, state, parsed.Text, known, query.Filter, cancellationToken);
        var ranking = corpus.Rank(new RankingRequest(
            known, LookOf(parsed.Text), meaning.Meaning, meaning.Share, query.Filter, query.Skip, query.Limit, query.Threshold)
        {
            Phrases = await phrases.ReadAsync(tenantId, corpus, known, query.Filter, cancellationToken),
            IsGrouped = query.IsGrouped,
            IsBrowsing = parsed.Clauses.Count == 0 || parsed.Text.Length == 0,
        });
        return await ToAnswerAsync(tenantId, query, ranking, known, meaning, cancellationToken);
    }

    // A sentence is no name: what it has in common with the look of a title is chance.
    private static TermVector LookOf(string text) =>
        TermVector.TrigramsOf(Analyzer.ReadWords(text, static (_, _, _) => { }) <= Limits.WordsOfName ? text : "");

    private async Task<SearchAnswer> ToAnswerAsync(
        Guid tenantId, SearchQuery query, Ranking ranking, KnownQuery known, KnownMeaning meaning, CancellationToken cancellationToken)
    {
        var hits = ranking.Hits.Count == 0
            ? []
            : await describer.DescribeAsync(tenantId, ranking.Hits, known.Terms, meaning.Share, cancellationToken);
        return new SearchAnswer(
            query.Text, meaning.IsAsked ? "hybrid" : "lexical", meaning.Notice, meaning.Model, hits, ranking.Total,
            new Facets(ranking.Types, ranking.Tags));
    }
}
