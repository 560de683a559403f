using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

public sealed class SearchTests(PostgresServer server)
{
    [Theory]
    [InlineData("refnd ordr")]
    [InlineData("Refund or")]
    public async Task A_mistyped_or_unfinished_name_is_found(string query)
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order");
        await bed.AddWorkflowAsync(tenantId, "Weekly report");
        await bed.IndexAsync();

        var hit = (await bed.SearchAsync(tenantId, query)).Hits[0];

        Assert.Equal(id, hit.Id);
        Assert.Contains(hit.Why, reason => reason.Signal == "name");
    }

    [Fact]
    public async Task A_hit_says_why_it_is_there_and_its_score_is_the_sum_of_its_reasons()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.AddWorkflowAsync(tenantId, "Refund order", "Gives the customer the money back");
        await bed.IndexAsync();

        var hit = (await bed.SearchAsync(tenantId, "refunds for customers")).Hits.Single();

        Assert.Equal(hit.Score, Math.Min(1, hit.Why.Sum(reason => reason.Score * reason.Weight)), 3);
        Assert.Equal(["customer", "refund"], hit.Why.Single(reason => reason.Signal == "words").Terms.Order());
        Assert.Contains(hit.Highlights, mark => hit.Snippet.Substring(mark.Start, mark.Length) == "customer");
        Assert.Equal("overview", hit.Section);
    }

    [Fact]
    public async Task Filters_threshold_and_limit_leave_out_what_they_say()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var march = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var workspace = Guid.CreateVersion7();
        Content Of(string title, string type, string[] tags, Guid? workspaceId, DateTimeOffset at) =>
            new(type, Guid.CreateVersion7(), 1, title, tags, workspaceId, at, "{}", [new("text", $"refund text of {title}")]);
        Content[] contents =
        [
            Of("one", "workflow", ["a", "b"], workspace, march),
            Of("two", "execution", ["a"], null, march.AddDays(1)),
            Of("three", "knowledge_article", [], workspace, march.AddDays(2)),
        ];
        await bed.Get<Indexer>().IndexAsync(tenantId, contents, [], TestContext.Current.CancellationToken);
        async Task<string> Titles(SearchFilter filter, string query = "refund") =>
            string.Join(' ', (await bed.SearchAsync(tenantId, query, filter)).Hits.Select(hit => hit.Title).Order());

        Assert.Equal("one three two", await Titles(SearchFilter.None));
        Assert.Equal("one two", await Titles(new SearchFilter(["workflow", "execution"], [], null, null, null)));
        Assert.Equal("one", await Titles(new SearchFilter([], ["a", "b"], null, null, null)));
        Assert.Equal("one three", await Titles(new SearchFilter([], [], workspace, null, null)));
        Assert.Equal("two", await Titles(new SearchFilter([], [], null, march.AddDays(1), march.AddDays(2))));
        Assert.Equal("", await Titles(new SearchFilter(["conversation"], [], null, null, null)));

        Assert.Equal(2, (await bed.SearchAsync(tenantId, "refund", limit: 2)).Hits.Count);
        var best = (await bed.SearchAsync(tenantId, "refund one")).Hits;
        Assert.Equal("one", best[0].Title);
        Assert.Equal(best[0].Id, (await bed.SearchAsync(tenantId, "refund one", threshold: best[0].Score - 0.0001)).Hits.Single().Id);
    }

    [Fact]
    public async Task The_index_and_the_comparison_of_all_vectors_find_the_same_under_a_filter()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var contents = Enumerable.Range(0, 400).Select(i => new Content(
            ContentTypes.KnowledgeArticle, Guid.CreateVersion7(), 1, $"t{i}", [$"group{i % 4}"], null, DateTimeOffset.UnixEpoch.AddDays(i), "{}",
            [new ContentChunk("text", $"topic{i % 13} word{i % 7} other{i % 31} number{i}")])).ToList();
        await bed.Get<Indexer>().IndexAsync(tenantId, contents, [], TestContext.Current.CancellationToken);
        var filter = new SearchFilter([], ["group1"], null, DateTimeOffset.UnixEpoch.AddDays(100), null);
        var (corpus, state) = (await bed.Get<CorpusCache>().GetAsync(tenantId, TestContext.Current.CancellationToken))!.Value;
        var vector = Embeddings.SemanticModel.Untrained.Embed(Text.TermVector.Of("topic5 word3 other12"));

        async Task<List<Guid>> Nearest(Guid[]? few) => [.. (await bed.Get<VectorSearch>().SearchAsync(
            tenantId, state.Model, vector, filter, few, 10, TestContext.Current.CancellationToken)).Select(hit => hit.DocumentId)];
        var exact = await Nearest(corpus.AllowedDocuments(filter));
        var indexed = await Nearest(null);

        Assert.Equal(10, exact.Count);
        Assert.InRange(exact.Intersect(indexed).Count(), 9, 10);
    }

    [Fact]
    public async Task What_one_instance_indexed_the_other_finds_at_once()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var other = bed.AnotherInstance();
        var tenantId = await bed.AddTenantAsync();
        for (var i = 0; i < 5; i++)
        {
            var id = await bed.AddWorkflowAsync(tenantId, $"Workflow alpha{i}");
            await bed.IndexAsync();

            Assert.Equal(id, (await other.SearchAsync(tenantId, $"alpha{i}")).Hits[0].Id);
        }
    }

    [Fact]
    public async Task Searches_beside_a_stream_of_changes_all_succeed()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.PutAsync(tenantId, [(Guid.CreateVersion7(), "Anchor", "anchor text")]);
        var writing = WriteAsync();
        await Task.WhenAll([writing, .. Enumerable.Range(0, 4).Select(_ => SearchAsync())]);

        async Task WriteAsync()
        {
            for (var i = 0; i < 40; i++)
            {
                await bed.PutAsync(tenantId, [(Guid.CreateVersion7(), $"Text {i}", "moving text")]);
            }
        }

        async Task SearchAsync()
        {
            do
            {
                Assert.Contains((await bed.SearchAsync(tenantId, "anchor")).Hits, hit => hit.Title == "Anchor");
            }
            while (!writing.IsCompleted);
        }

        Assert.Equal(41, (await bed.SearchAsync(tenantId, "text", limit: 100)).Hits.Count);
    }
}
