using System.Text;
using Workflows.AiSearch.Extraction;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

/// <summary>Articles: cut by their structure, found by who may see them, gone when they are; files that are
/// read.</summary>
public sealed class KnowledgeTests(PostgresServer server)
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public void Chunks_follow_headings_pages_and_tables()
    {
        var content = ArticleContent.Of(Source(
            "Intro.\n\n# Install\n\nGet it.\n\n## Linux\n\n```\n# no heading\n```\n\n<!-- page 3 -->\n\nMore."
            + "\n\n# Other\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"));

        Assert.Equal(
            ["text", "Install", "Install > Linux", "Install > Linux (page 3)", "Other (page 3)"],
            content.Chunks.Select(chunk => chunk.Label));
        Assert.Contains("# no heading", content.Chunks[2].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_table_is_cut_between_rows_and_each_part_has_its_head()
    {
        var rows = string.Concat(Enumerable.Range(0, 500).Select(i => $"| key{i} | value {i} |\n"));
        var content = ArticleContent.Of(Source($"| Key | Value |\n| --- | --- |\n{rows}"));

        Assert.True(content.Chunks.Count > 3);
        Assert.All(content.Chunks, chunk =>
            Assert.StartsWith("| Key | Value |\n| key", chunk.Text, StringComparison.Ordinal));
        Assert.All(content.Chunks, chunk => Assert.InRange(chunk.Text.Length, 1, Limits.ChunkMaxLength));
        Assert.Equal(500, content.Chunks.Sum(chunk => chunk.Text.Split('\n').Length - 1));
    }

    [Fact]
    public void A_long_section_overlaps_and_nothing_of_it_is_lost()
    {
        var words = Enumerable.Range(0, 3_000).Select(i => $"word{i}").ToArray();
        var content = ArticleContent.Of(Source("# H\n\n" + string.Join(' ', words)));

        Assert.All(content.Chunks, chunk => Assert.Equal("H", chunk.Label));
        var found = content.Chunks.SelectMany(chunk => chunk.Text.Split(' ')).ToList();
        Assert.Empty(words.Except(found));
        Assert.True(found.Count > words.Length);
    }

    [Theory]
    [InlineData("# a\nb\n", 130_000)]
    [InlineData("| a |\n", 130_000)]
    [InlineData("#", 800_000)]
    [InlineData("```\n", 200_000)]
    [InlineData("x", 800_000)]
    [InlineData("<!-- page 1 -->\ny\n", 44_000)]
    public void An_article_of_whatever_form_has_a_bounded_number_of_chunks(string part, int times)
    {
        var content = ArticleContent.Of(Source(string.Concat(Enumerable.Repeat(part, times))));
        Assert.InRange(content.Chunks.Count, 1, Limits.ChunksPerArticle);
        Assert.All(content.Chunks, chunk => Assert.InRange(chunk.Text.Length, 1, Limits.ChunkMaxLength));
    }

    [Fact]
    public async Task An_article_is_found_changed_and_gone_with_the_next_look()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddArticleAsync(bed, tenantId, "Refunds", "# How\n\nGuilders are paid back within a week.");
        await bed.IndexAsync();

        var hit = Assert.Single((await bed.SearchAsync(tenantId, "guilders")).Hits);
        Assert.Equal((ContentTypes.KnowledgeArticle, id, "How"), (hit.Type, hit.Id, hit.Section));
        Assert.Equal("billing", hit.Metadata.GetProperty("category").GetString());
        var facets = (await bed.SearchAsync(tenantId, "guilders type:knowledge_article")).Facets;
        Assert.Equal(ContentTypes.KnowledgeArticle, Assert.Single(facets.Types).Value);

        await bed.ExecuteAsync("update knowledge_articles set content = 'florins', version = 2 where id = $1", id);
        await bed.EnqueueAsync(tenantId, "index_article", id);
        await bed.IndexAsync();
        Assert.Empty((await bed.SearchAsync(tenantId, "guilders")).Hits);
        Assert.Single((await bed.SearchAsync(tenantId, "florins")).Hits);

        // The trigger of the table leaves the work.
        await bed.ExecuteAsync("delete from knowledge_articles where id = $1", id);
        await DueNowAsync(bed);
        await bed.IndexAsync();
        Assert.Empty((await bed.SearchAsync(tenantId, "florins")).Hits);
    }

    [Fact]
    public async Task Passages_come_with_where_they_stand_and_obey_filters()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddArticleAsync(bed, tenantId, "Refunds",
            "# Ghana\n\nA refund in cedi takes seven days.\n\n# Norway\n\nA refund in kroner takes two days.");
        var other = await AddArticleAsync(bed, tenantId, "Taxes", "Kroner are taxed.", category: "tax");
        await bed.IndexAsync();

        var answer = (await FindAsync(bed, tenantId, "how long does a refund in kroner take?"))!;
        Assert.Equal((id, "Norway"), (answer.Passages[0].ArticleId, answer.Passages[0].Label));
        Assert.Contains(answer.Passages, passage => passage.Label == "Ghana");
        Assert.Equal([.. answer.Passages.OrderByDescending(passage => passage.Score)], answer.Passages);
        Assert.All((await FindAsync(bed, tenantId, "kroner", SearchFilter.None with { Category = "tax" }))!.Passages,
            passage => Assert.Equal(other, passage.ArticleId));
        Assert.Single((await FindAsync(bed, tenantId, "kroner", limit: 1))!.Passages);
        Assert.Empty((await FindAsync(bed, tenantId, "kroner", threshold: 1))!.Passages);
        Assert.Empty((await FindAsync(bed, await bed.AddTenantAsync(), "kroner"))!.Passages);

        // Signs of the query line mean nothing in a text.
        Assert.NotEmpty((await FindAsync(bed, tenantId, "-kroner AND \"type:x NOT refund"))!.Passages);

        var like = await bed.Get<PassageSearch>().FindAsync(
            new SearchCaller(tenantId, null), new PassageQuery(null, other, 5, 0, SearchFilter.None), Token);
        Assert.DoesNotContain(like!.Passages, passage => passage.ArticleId == other);
    }

    [Fact]
    public async Task Who_sees_only_what_was_granted_finds_articles_of_those_workspaces_and_of_everybody()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var everybody = await AddArticleAsync(bed, tenantId, "Open", "guilders for everybody");
        var inside = await AddArticleAsync(bed, tenantId, "Closed", "guilders inside", workspaceId: tenantId);
        await bed.IndexAsync();
        var personId = Guid.CreateVersion7();
        await bed.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, name, username, created_at, updated_at)
            values ($1, $2, 'p@x.y', 'P', 'p', now(), now())
            """, tenantId, personId);
        var person = new SearchCaller(tenantId, personId);
        Guid[] open = [everybody];

        async Task<Guid[]> SeenAsync() =>
            [.. (await bed.SearchAsync(person, "guilders")).Hits.Select(hit => hit.Id).Order()];

        async Task<Guid[]> PassagesAsync() =>
            [.. (await bed.Get<PassageSearch>().FindAsync(
                person, new PassageQuery("guilders", null, 10, 0, SearchFilter.None), Token))!.Passages
                .Select(passage => passage.ArticleId).Order()];

        Assert.Equal(open, await SeenAsync());
        Assert.Equal(open, await PassagesAsync());
        Assert.Null(await bed.Get<PassageSearch>().FindAsync(
            person, new PassageQuery(null, inside, 10, 0, SearchFilter.None), Token));

        await bed.ExecuteAsync(
            """
            insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
            values ($1, $2, 'workspace', $1, $2, 'view', now())
            """, tenantId, personId);
        Guid[] both = [.. new[] { everybody, inside }.Order()];
        Assert.Equal(both, await SeenAsync());
        Assert.Equal(both, await PassagesAsync());

        await bed.ExecuteAsync("delete from object_permissions where tenant_id = $1", tenantId);
        Assert.Equal(open, await SeenAsync());
        Assert.Equal(open, await PassagesAsync());
    }

    [Fact]
    public async Task The_trash_of_a_workspace_takes_its_articles_out_of_the_search_and_back()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        await AddArticleAsync(bed, tenantId, "Inside", "guilders", workspaceId: tenantId);
        await bed.IndexAsync();
        Assert.Single((await bed.SearchAsync(tenantId, "guilders")).Hits);

        await bed.ExecuteAsync("update workspaces set deleted_at = now() where tenant_id = $1", tenantId);
        await DueNowAsync(bed);
        await bed.IndexAsync();
        Assert.Empty((await bed.SearchAsync(tenantId, "guilders")).Hits);

        await bed.ExecuteAsync("update workspaces set deleted_at = null where tenant_id = $1", tenantId);
        await DueNowAsync(bed);
        await bed.IndexAsync();
        Assert.Single((await bed.SearchAsync(tenantId, "guilders")).Hits);
    }

    [Fact]
    public async Task A_file_becomes_an_article_with_a_version_and_is_found_by_its_page()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddFileAsync(bed, tenantId, "pdf", Pdfs.Of("Nothing here.", "Guilders are paid back."));

        Assert.Equal(1, await bed.Get<FileReading>().WorkOffAsync(Token));
        Assert.Equal(0, await bed.Get<FileReading>().WorkOffAsync(Token));
        await bed.IndexAsync();

        Assert.Equal("ready", await bed.ScalarAsync<string>("select status from knowledge_articles where id = $1", id));
        Assert.Equal(2, await bed.ScalarAsync<int>("select pages from knowledge_files where article_id = $1", id));
        Assert.Equal("extract 2", await bed.ScalarAsync<string>(
            "select change || ' ' || number from knowledge_versions where article_id = $1", id));
        Assert.Equal("page 2", (await bed.SearchAsync(tenantId, "guilders")).Hits[0].Section);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_says_why()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddFileAsync(bed, tenantId, "docx", Encoding.ASCII.GetBytes("PK\u0003\u0004 no archive"));

        await bed.Get<FileReading>().WorkOffAsync(Token);

        Assert.Equal(
            "failed FILE_MALFORMED", await bed.ScalarAsync<string>(
                "select status || ' ' || failure_code from knowledge_articles where id = $1", id));
    }

    [Fact]
    public async Task A_process_that_dies_while_it_reads_leaves_the_file_to_another_and_writes_nothing_late()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddFileAsync(bed, tenantId, "text", "guilders"u8.ToArray());
        var dead = Assert.Single(await bed.Get<FileStore>().ClaimAsync(Token));
        Assert.Equal(0, await bed.Get<FileReading>().WorkOffAsync(Token)); // it is the other's for a while

        bed.Clock.Offset += Limits.ExtractionLease + TimeSpan.FromSeconds(1);
        Assert.Equal(1, await bed.Get<FileReading>().WorkOffAsync(Token));
        await bed.Get<FileStore>().FinishAsync(dead, new ExtractedText("late", null), null, Token);

        Assert.Equal(
            "guilders", await bed.ScalarAsync<string>("select content from knowledge_articles where id = $1", id));
        Assert.Equal(2, await bed.ScalarAsync<int>("select version from knowledge_articles where id = $1", id));
    }

    [Fact]
    public async Task A_file_that_ends_whoever_reads_it_fails_in_the_end()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddFileAsync(bed, tenantId, "text", "guilders"u8.ToArray());
        for (var i = 0; i < Limits.ExtractionAttempts; i++)
        {
            Assert.Single(await bed.Get<FileStore>().ClaimAsync(Token));
            bed.Clock.Offset += Limits.ExtractionLease + TimeSpan.FromSeconds(1);
        }

        await bed.Get<FileReading>().WorkOffAsync(Token);
        Assert.Equal("FILE_TOO_COSTLY", await bed.ScalarAsync<string>(
            "select failure_code from knowledge_articles where id = $1", id));
    }

    [Fact]
    public async Task What_somebody_wrote_meanwhile_is_not_overwritten()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await AddFileAsync(bed, tenantId, "text", "guilders"u8.ToArray());
        var file = Assert.Single(await bed.Get<FileStore>().ClaimAsync(Token));
        await bed.ExecuteAsync(
            "update knowledge_articles set status = 'ready', content = 'mine', version = 2 where id = $1", id);

        await bed.Get<FileStore>().FinishAsync(file, new ExtractedText("guilders", null), null, Token);

        Assert.Equal("mine", await bed.ScalarAsync<string>("select content from knowledge_articles where id = $1", id));
    }

    private static ArticleSource Source(string markdown) => new(
        Guid.CreateVersion7(), "Title", markdown, "", [], null, null, null, "ready", 1, DateTimeOffset.UnixEpoch,
        false);

    private static Task<PassageAnswer?> FindAsync(
        SearchBed bed, Guid tenantId, string text, SearchFilter? filter = null, int limit = 10, double threshold = 0) =>
        bed.Get<PassageSearch>().FindAsync(
            new SearchCaller(tenantId, null),
            new PassageQuery(text, null, limit, threshold, filter ?? SearchFilter.None), Token);

    // Triggers write by the database's clock, and the bed has one of its own.
    private static Task DueNowAsync(SearchBed bed) => bed.ExecuteAsync("update outbox set not_before = '2000-01-01'");

    private static async Task<Guid> AddArticleAsync(
        SearchBed bed, Guid tenantId, string title, string content, Guid? workspaceId = null,
        string category = "billing")
    {
        var id = Guid.CreateVersion7();
        await bed.ExecuteAsync(
            """
            insert into knowledge_articles (tenant_id, id, title, content, category, tags, created_at, updated_at)
            values ($1, $2, $3, $4, $5, '{t}', now(), now())
            """, tenantId, id, title, content, category);
        if (workspaceId is { } workspace)
        {
            await bed.ExecuteAsync("update knowledge_articles set workspace_id = $2 where id = $1", id, workspace);
        }

        await bed.EnqueueAsync(tenantId, "index_article", id);
        return id;
    }

    private static async Task<Guid> AddFileAsync(SearchBed bed, Guid tenantId, string format, byte[] bytes)
    {
        var id = Guid.CreateVersion7();
        await bed.ExecuteAsync(
            """
            insert into knowledge_articles (tenant_id, id, title, status, created_at, updated_at)
            values ($1, $2, 'File', 'processing', now(), now())
            """, tenantId, id);
        await bed.ExecuteAsync(
            """
            insert into knowledge_files (tenant_id, article_id, name, format, size, hash, bytes, due_at, created_at)
            values ($1, $2, 'f', $3, $4, '', $5, $6, now())
            """, tenantId, id, format, bytes.Length, bytes, bed.Clock.GetUtcNow().UtcDateTime);
        return id;
    }
}
