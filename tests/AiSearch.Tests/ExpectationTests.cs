using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>What people expect of a search, over one small tenant.</summary>
public sealed class ExpectationTests(PostgresServer server)
{
    private static readonly (string Title, string Text)[] Articles =
    [
        ("Screening", "Compares each payment with the sanctions list of the bank"),
        ("Budget", "Checks the affordability of a loan before it is granted"),
        ("Statements", "Reads CAMT.053 files that the bank sends overnight"),
        ("Rückzahlung", "Die Bestellungen der Kunden werden an das Konto der Kunden zurückgezahlt"),
        ("取消订单", "客户取消订单以后退款"),
        ("Parcel", "Sends the parcel to the customer and tells the café"),
    ];

    [Theory]
    [InlineData("sanctoins list", "Screening")]
    [InlineData("affordab", "Budget")]
    [InlineData("camt053", "Statements")]
    [InlineData("Bestellung", "Rückzahlung")]
    [InlineData("zurueckgezahlt", "Rückzahlung")]
    [InlineData("wie werden die Bestellungen der Kunden", "Rückzahlung")]
    [InlineData("ruckzahlung", "Rückzahlung")]
    [InlineData("取消", "取消订单")]
    [InlineData("退", "取消订单")]
    [InlineData("cafe", "Parcel")]
    [InlineData("parc*", "Parcel")]
    [InlineData("\"sanctions list\"", "Screening")]
    [InlineData("bank AND overnight", "Statements")]
    [InlineData("bank -overnight", "Screening")]
    [InlineData("+bank NOT sanctions", "Statements")]
    public async Task What_is_meant_comes_first_and_is_marked(string query, string title)
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await FillAsync(bed);

        var hit = (await bed.SearchAsync(tenantId, query)).Hits[0];

        Assert.Equal(title, hit.Title);
        Assert.NotEmpty(hit.Highlights.Concat(hit.TitleHighlights));
        Assert.Contains(hit.Why, reason => reason.Signal == "words" && reason.Score > 0);
    }

    [Theory]
    [InlineData("\"list sanctions\"")]
    [InlineData("sanctions AND parcel")]
    [InlineData("bank -payment -overnight")]
    [InlineData("qwrtz blorf")]
    [InlineData("fjärrvärme")]
    [InlineData("das und der")]
    public async Task What_nothing_satisfies_finds_nothing(string query)
    {
        await using var bed = await SearchBed.CreateAsync(server);

        var answer = await bed.SearchAsync(await FillAsync(bed), query);

        Assert.Empty(answer.Hits);
        Assert.Equal(0, answer.Total);
    }

    [Fact]
    public async Task Hits_are_counted_by_type_and_tag_and_pages_fit_together()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.Get<Indexer>().IndexAsync(
            tenantId,
            [.. Enumerable.Range(0, 30).Select(i => new Content(
                i % 3 == 0 ? "execution" : "workflow", Guid.CreateVersion7(), 1, $"Refund {(char)('a' + i)}",
                    i % 2 == 0 ? ["even"] : [], null,
                DateTimeOffset.UnixEpoch.AddDays(i), "{}", [new("text", "refund")]))],
            [], TestContext.Current.CancellationToken);
        Task<SearchAnswer> Page(int skip, SearchFilter filter) => bed.Get<SearchService>().SearchAsync(
            new SearchCaller(tenantId, null), new SearchQuery("refund", 7, 0, filter)
            {
                Skip = skip,
                IsGrouped = false
            },
            TestContext.Current.CancellationToken);

        var pages = new List<SearchHit>();
        for (var skip = 0; skip < 30; skip += 7)
        {
            var page = await Page(skip, SearchFilter.None);
            Assert.Equal(30, page.Total);
            pages.AddRange(page.Hits);
        }

        Assert.Equal(30, pages.DistinctBy(hit => hit.Id).Count());
        // Equal scores: the newest first
        Assert.Equal(pages.Select(hit => hit.At).OrderDescending(), pages.Select(hit => hit.At));
        var executions = await Page(0, new SearchFilter(["execution"], [], null, null, null));
        Assert.Equal((10, "workflow=20 execution=10"), (executions.Total, Show(executions.Facets.Types)));
        Assert.Equal("even=5", Show(executions.Facets.Tags));
        Assert.Equal("even=15", Show((await Page(0, SearchFilter.None)).Facets.Tags));
    }

    [Fact]
    public async Task Failures_with_the_same_error_are_one_hit_unless_all_are_wanted()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var workflow = await bed.AddWorkflowAsync(tenantId, "Nightly import");
        for (var i = 0; i < 5; i++)
        {
            await bed.AddFailedExecutionAsync(
                tenantId, workflow, $$"""{"code":"TIMEOUT","message":"No answer of 10.0.0.{{i}} within {{i}} s"}""");
        }

        await bed.AddFailedExecutionAsync(
            tenantId, workflow, """{"code":"REFUSED","message":"The answer was refused"}""");
        await bed.IndexAsync();

        var grouped = await bed.SearchAsync(tenantId, "answer type:execution");
        var all = await bed.Get<SearchService>().SearchAsync(
            new SearchCaller(tenantId, null), new SearchQuery("answer", 20, 0,
                new SearchFilter(["execution"], [], null, null, null))
            { IsGrouped = false },
            TestContext.Current.CancellationToken);

        Assert.Equal((2, 2), (grouped.Hits.Count, grouped.Total));
        Assert.Equal([0, 4], grouped.Hits.Select(hit => hit.Alike).Order());
        Assert.Equal((6, 6), (all.Hits.Count, all.Total));
    }

    [Fact]
    public async Task Nodes_are_found_by_their_type_and_go_with_their_workflow()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var workflow = await bed.AddWorkflowAsync(
            tenantId,
            "Orders",
            definition: """
                {"nodes":[{"id":"reserve","type":"http","name":"Reserve stock"},{"id":"tell","type":"email"}],
                 "edges":[]}
                """);
        await bed.IndexAsync();

        var hit = (await bed.SearchAsync(tenantId, "type:node reserve")).Hits.Single();
        Assert.Equal(("node", "Reserve stock"), (hit.Type, hit.Title));
        Assert.Equal(workflow, hit.Metadata.GetProperty("workflowId").GetGuid());
        Assert.Equal("reserve", hit.Metadata.GetProperty("nodeId").GetString());
        var mixed = await bed.SearchAsync(tenantId, "reserve");
        Assert.Equal("workflow", mixed.Hits.Single().Type);
        Assert.Contains(mixed.Facets.Types, facet => facet is { Value: "node", Count: 1 });

        await bed.ExecuteAsync(
            """update workflow_versions set definition = '{"nodes":[{"id":"tell","type":"email"}],"edges":[]}'""");
        await bed.ExecuteAsync("update workflows set version = version + 1");
        await bed.EnqueueAsync(tenantId, "index_workflow", workflow);
        await bed.IndexAsync();
        Assert.Empty((await bed.SearchAsync(tenantId, "type:node reserve")).Hits);
        Assert.Single((await bed.SearchAsync(tenantId, "type:node tell")).Hits);

        await bed.ExecuteAsync("update workflows set deleted_at = now(), version = version + 1");
        await bed.EnqueueAsync(tenantId, "remove_workflow", workflow);
        await bed.IndexAsync();
        Assert.Empty((await bed.SearchAsync(tenantId, "type:node tell")).Hits);
    }

    [Fact]
    public async Task Suggestions_are_titles_and_completed_words_that_the_caller_may_see()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await bed.AddWorkflowAsync(tenantId, "Refund an order", "gives the customer the money back");
        var other = await bed.AddWorkflowAsync(tenantId, "Nightly import");
        await bed.AddFailedExecutionAsync(tenantId, other, """{"message":"monstrous custody"}""");
        await bed.IndexAsync();
        async Task<string> Suggest(string text, string[]? visible = null) =>
            string.Join(" | ", (await bed.Get<SearchService>().SuggestAsync(
            new SearchCaller(tenantId, null, visible), text, SearchFilter.None, 8,
                TestContext.Current.CancellationToken))
            .Suggestions.Select(suggestion => suggestion.Text));

        Assert.Equal("Refund an order | refund", await Suggest("ref"));
        Assert.Equal("Refund an order | order refund", await Suggest("order re"));
        Assert.StartsWith("Refund an order", await Suggest("refnd ordr"), StringComparison.Ordinal);
        Assert.Equal("send custody | send customer", await Suggest("send custo"));
        Assert.Equal("send customer", await Suggest("send custo", ["workflow"]));
        Assert.Equal("", await Suggest("zzz"));
    }

    [Fact]
    public async Task What_is_like_a_document_is_found_without_the_document_itself()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var refund = await bed.AddWorkflowAsync(
            tenantId, "Refund order", "Gives the customer the money back for an order");
        var other = await bed.AddWorkflowAsync(tenantId, "Return money", "Gives money back to a customer");
        await bed.AddWorkflowAsync(tenantId, "Weather", "Asks for the weather of tomorrow");
        await bed.IndexAsync();
        Task<SearchAnswer?> Similar(SearchCaller caller, Guid id) => bed.Get<SearchService>().FindSimilarAsync(
            caller, "workflow", id, new SearchQuery("", 10, 0.01, SearchFilter.None),
                TestContext.Current.CancellationToken);

        var answer = await Similar(new SearchCaller(tenantId, null), refund);

        Assert.Equal(other, answer!.Hits[0].Id);
        Assert.DoesNotContain(answer.Hits, hit => hit.Id == refund);
        Assert.Null(await Similar(new SearchCaller(tenantId, null), Guid.CreateVersion7()));
        Assert.Null(await Similar(new SearchCaller(tenantId, null, ["execution"]), refund));
        Assert.Null(await Similar(new SearchCaller(await bed.AddTenantAsync(), null), refund));
    }

    [Fact]
    public async Task Who_may_not_see_executions_finds_none_and_no_count_of_them()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var workflow = await bed.AddWorkflowAsync(tenantId, "Nightly import");
        await bed.AddFailedExecutionAsync(tenantId, workflow, """{"message":"the guilder was refused"}""");
        await bed.IndexAsync();

        var seen = await bed.SearchAsync(new SearchCaller(tenantId, null), "guilder");
        var hidden = await bed.SearchAsync(new SearchCaller(tenantId, null, ["workflow", "node"]),
            "guilder type:execution");

        Assert.Equal("execution", seen.Hits.Single().Type);
        Assert.Equal((0, 0, 0), (hidden.Hits.Count, hidden.Total, hidden.Facets.Types.Count));
    }

    [Fact]
    public async Task A_line_of_fields_alone_lists_what_passes_them_newest_first()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        Content Of(string title, string tag, int day) => new(
            "workflow", Guid.CreateVersion7(), 1, title, [tag], null,
                new DateTimeOffset(2026, 1, day, 0, 0, 0, TimeSpan.Zero), "{}", [new("text", title)]);
        await bed.Get<Indexer>().IndexAsync(
            tenantId, [Of("one", "a", 1), Of("two", "a", 2), Of("three", "b", 3)], [],
                TestContext.Current.CancellationToken);

        Assert.Equal(["two", "one"], (await bed.SearchAsync(tenantId, "tag:a")).Hits.Select(hit => hit.Title));
        Assert.Equal(["three", "two"], (await bed.SearchAsync(tenantId, "after:2026-01-02"))
            .Hits.Select(hit => hit.Title));
    }

    private static string Show(IReadOnlyList<FacetValue> facet) =>
        string.Join(' ', facet.Select(value => $"{value.Value}={value.Count}"));

    private static async Task<Guid> FillAsync(SearchBed bed)
    {
        var tenantId = await bed.AddTenantAsync();
        await bed.PutAsync(tenantId, Articles.Select(article => (Guid.CreateVersion7(), article.Title, article.Text)));
        return tenantId;
    }
}
