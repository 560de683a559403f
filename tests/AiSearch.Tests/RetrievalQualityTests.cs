using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>
/// Ranking on a small collection made here: topics whose texts use one of two vocabularies for the same thing, and
/// queries that use the other. The public collections are measured by bench/Search.
/// </summary>
public sealed class RetrievalQualityTests(PostgresServer server)
{
    private const int Topics = 12;
    private const int TextsPerTopic = 10;

    [Fact]
    public async Task The_fused_ranking_is_never_below_its_words()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var texts = Enumerable.Range(0, Topics * TextsPerTopic)
            .Select(i => (Id: Guid.CreateVersion7(), Topic: i % Topics, Text: TextOf(i))).ToList();
        await bed.PutAsync(tenantId, texts.Select(text => (text.Id, "Text", text.Text)));
        await bed.Get<Sweep>().RunAsync(TestContext.Current.CancellationToken);
        var topicOf = texts.ToDictionary(text => text.Id, text => text.Topic);

        var words = 0.0;
        var fused = 0.0;
        for (var topic = 0; topic < Topics; topic++)
        {
            var query = $"a{topic}x0 a{topic}x1 common{topic % 3}";
            var hits = (await bed.SearchAsync(tenantId, query)).Hits;
            fused += Gain(hits.Select(hit => topicOf[hit.Id] == topic));
            words += Gain(await WordsAsync(bed, tenantId, query, topicOf, topic));
        }

        // The statistical model may move what the words say and not overrule it: on other texts it is often wrong.
        Assert.True(fused / Topics > 0.75, $"fused nDCG@10 is {fused / Topics}");
        Assert.True(fused >= words, $"fused {fused / Topics}, words {words / Topics}");
    }

    /// <summary>Texts of a topic speak vocabulary a or b, a few both; all share words with other topics.</summary>
    private static string TextOf(int number)
    {
        var (topic, variant) = (number % Topics, number / Topics);
        var vocabularies = variant % 5 == 0 ? "ab" : variant % 2 == 0 ? "a" : "b";
        var own = vocabularies.SelectMany(vocabulary => Enumerable.Range(0, 3).Select(
            k => $"{vocabulary}{topic}x{(k + variant) % 4}"));
        return string.Join(' ', own) + $" common{topic % 3} common{number % 5} filler{number % 7}";
    }

    private static async Task<IEnumerable<bool>> WordsAsync(
        SearchBed bed, Guid tenantId, string query, Dictionary<Guid, int> topicOf, int topic)
    {
        var (corpus, _) = (await bed.Get<CorpusCache>()
            .GetAsync(tenantId, TestContext.Current.CancellationToken))!.Value;
        var documents = await bed.ScalarAsync<string>(
            "select string_agg(id || '=' || content_id, ',') from search.documents");
        var contentOf = documents.Split(',').Select(pair => pair.Split('='))
            .ToDictionary(pair => Guid.Parse(pair[0]), pair => Guid.Parse(pair[1]));
        return corpus.Rank(new RankingRequest(
                corpus.Understand(QueryLine.Parse(query, []).Clauses), TermVector.TrigramsOf(query), null, 0,
                    SearchFilter.None, 0, 10, 0))
            .Hits.Select(hit => topicOf[contentOf[hit.DocumentId]] == topic);
    }

    /// <summary>nDCG@10 for a topic with ten texts.</summary>
    private static double Gain(IEnumerable<bool> isRelevant)
    {
        var ideal = Enumerable.Range(0, TextsPerTopic).Sum(i => 1 / Math.Log2(i + 2));
        return isRelevant.Take(10).Select((relevant, i) => relevant ? 1 / Math.Log2(i + 2) : 0).Sum() / ideal;
    }
}
