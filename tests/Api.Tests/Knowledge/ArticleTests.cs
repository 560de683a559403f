using System.Net;
using System.Text;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Knowledge;

/// <summary>Articles: written, changed, compared, restored, counted, deleted; who may what.</summary>
public sealed class ArticleTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task An_article_is_written_changed_compared_restored_and_deleted()
    {
        using var owner = api.Host.Owner();
        var made = (await owner.PostAsync("knowledge", new
        {
            title = "Refunds", content = "# How\n\nAsk first.\nThen pay.", category = "billing",
            tags = new[] { "money", "money" }, sourceUrl = "https://example.com/refunds",
        })).Ok(HttpStatusCode.Created);
        var path = $"knowledge/{made.Id}";
        Assert.Equal(["money"], made.Data.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));

        var changed = (await owner.PatchAsync(
            path, made.ETag, new { title = "Refunding", content = "# How\n\nAsk nobody.\nThen pay." })).Ok();
        (await owner.PatchAsync(path, made.ETag, new { title = "Late" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await owner.PatchAsync(path, "", new { title = "x" }))
            .Fails((HttpStatusCode)428, "PRECONDITION_REQUIRED");

        var diff = (await owner.GetAsync($"{path}/versions/1/diff/2")).Ok().Data;
        Assert.Equal((1, 1), (diff.GetProperty("added").GetInt32(), diff.GetProperty("removed").GetInt32()));
        Assert.Equal("title", diff.GetProperty("fields")[0].GetProperty("field").GetString());
        var versions = (await owner.GetAsync($"{path}/versions")).Ok().Data;
        Assert.Equal(
            ["update", "create"],
            versions.EnumerateArray().Select(version => version.GetProperty("change").GetString()));
        Assert.Contains("Ask first", (await owner.GetAsync($"{path}/versions/1")).Ok().Text, StringComparison.Ordinal);
        (await owner.GetAsync($"{path}/versions/9")).Fails(HttpStatusCode.NotFound, "ARTICLE_VERSION_NOT_FOUND");

        var restored = (await owner.PostAsync(
            $"{path}/versions/1/restore", null, ("If-Match", changed.ETag))).Ok();
        Assert.Equal("Refunds", restored.Data.GetProperty("title").GetString());
        Assert.Equal(3, restored.Data.GetProperty("version").GetInt32());
        (await owner.DeleteAsync(path, changed.ETag)).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await owner.DeleteAsync(path, restored.ETag)).Ok();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        (await owner.GetAsync($"{path}/versions")).Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        var activity = (await owner.GetAsync("activity?object_type=knowledge_article")).Ok().Text;
        Assert.All(
            ["knowledge.create", "knowledge.update", "knowledge.restore", "knowledge.delete"],
            action => Assert.Contains(action, activity, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lists_filter_and_count_and_hold_no_contents()
    {
        using var owner = api.Host.Owner();
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("w") }))
            .Ok(HttpStatusCode.Created);
        var category = Samples.Name("c");
        await WriteAsync(owner, "Alpha 100%", category, ["x"], workspace.Id);
        await WriteAsync(owner, "Beta 100_", category, ["y"], null);
        await WriteAsync(owner, "Gamma", category, ["x", "y"], null);

        async Task<string[]> ListAsync(string filter) =>
            [.. (await owner.GetAsync($"knowledge?category={category}&{filter}")).Ok().Data.EnumerateArray()
                .Select(article => article.GetProperty("title").GetString()!)];

        Assert.Equal(["Gamma", "Beta 100_", "Alpha 100%"], await ListAsync(""));
        Assert.Equal(["Gamma", "Alpha 100%"], await ListAsync("tag=x"));
        Assert.Equal(["Alpha 100%"], await ListAsync($"workspace={workspace.Id}"));
        Assert.Equal(["Alpha 100%"], await ListAsync("text=100%25"));
        Assert.Equal(["Beta 100_"], await ListAsync("text=bETA"));
        (await owner.GetAsync("knowledge?status=lost")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        var list = (await owner.GetAsync($"knowledge?category={category}")).Ok();
        Assert.DoesNotContain("secret content", list.Text, StringComparison.Ordinal);
        var counts = (await owner.GetAsync("knowledge/categories")).Ok().Data.EnumerateArray();
        Assert.Equal(3, counts.Single(one => one.GetProperty("category").GetString() == category)
            .GetProperty("articles").GetInt32());
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("/relative")]
    [InlineData("https://a b")]
    public async Task A_source_is_an_address_of_the_web(string sourceUrl)
    {
        using var owner = api.Host.Owner();
        (await owner.PostAsync("knowledge", new { title = "x", sourceUrl }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task An_article_of_a_workspace_is_there_for_who_sees_the_workspace_only()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inside = await WriteAsync(owner, "Inside", "", [], place.Workspace.Id);
        var everybody = await WriteAsync(owner, "Everybody's", "", [], null);
        var person = await api.Host.AddPersonAsync("member");
        var path = $"knowledge/{inside.Id}";

        (await person.Client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        (await person.Client.GetAsync($"{path}/versions/1")).Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        (await person.Client.PatchAsync(path, inside.ETag, new { title = "x" }))
            .Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        (await person.Client.DeleteAsync(path, inside.ETag)).Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        (await person.Client.GetAsync($"knowledge/{everybody.Id}")).Ok();
        (await person.Client.PatchAsync($"knowledge/{everybody.Id}", everybody.ETag, new { title = "x" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.PostAsync("knowledge", new { title = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");

        await GrantAsync(owner, $"workspaces/{place.Workspace.Id}", person.Id, "view");
        (await person.Client.GetAsync(path)).Ok();
        (await person.Client.PatchAsync(path, inside.ETag, new { title = "x" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.PostAsync("knowledge", new { title = "x", workspaceId = place.Workspace.Id }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Who_may_edit_a_workspace_writes_there_and_moves_nothing_out_of_it()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var elsewhere = await owner.CreatePlaceAsync();
        var person = await api.Host.AddPersonAsync("member");
        await GrantAsync(owner, $"workspaces/{place.Workspace.Id}", person.Id, "edit");

        var made = await WriteAsync(person.Client, "Mine", "", [], place.Workspace.Id);
        var path = $"knowledge/{made.Id}";
        (await person.Client.PatchAsync(path, made.ETag, new { workspaceId = Guid.Empty }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.PatchAsync(path, made.ETag, new { workspaceId = elsewhere.Workspace.Id }))
            .Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
        var changed = (await person.Client.PatchAsync(path, made.ETag, new { content = "new" })).Ok();
        (await person.Client.DeleteAsync(path, changed.ETag)).Ok();
    }

    [Fact]
    public async Task The_articles_of_a_workspace_go_into_the_trash_with_it_and_the_search_hears_of_it()
    {
        using var owner = api.Host.Owner();
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("w") }))
            .Ok(HttpStatusCode.Created);
        var inside = await WriteAsync(owner, "Inside", "", [], workspace.Id);
        await api.Host.ScalarAsync<long>(
            "with gone as (delete from outbox where subject_id = $1 returning 1) select count(*) from gone", inside.Id);

        (await owner.DeleteAsync($"workspaces/{workspace.Id}", workspace.ETag)).Ok();

        (await owner.GetAsync($"knowledge/{inside.Id}")).Fails(HttpStatusCode.NotFound, "ARTICLE_NOT_FOUND");
        Assert.Equal(1, await api.Host.ScalarAsync<long>(
            "select count(*) from outbox where subject_id = $1 and topic = 'index_article'", inside.Id));
    }

    [Fact]
    public async Task Only_so_many_versions_are_kept()
    {
        using var owner = api.Host.Owner();
        var article = await WriteAsync(owner, "Often changed", "", [], null);
        for (var i = 0; i < Limits.ArticleVersions + 1; i++)
        {
            (await owner.PatchAsync($"knowledge/{article.Id}", "*", new { content = $"{i}" })).Ok();
        }

        Assert.Equal(Limits.ArticleVersions,
            (await owner.GetAsync($"knowledge/{article.Id}/versions")).Ok().Data.GetArrayLength());
        (await owner.GetAsync($"knowledge/{article.Id}/versions/1"))
            .Fails(HttpStatusCode.NotFound, "ARTICLE_VERSION_NOT_FOUND");
    }

    [Fact]
    public async Task Writing_twice_with_one_key_is_one_article()
    {
        using var owner = api.Host.Owner();
        var body = new { title = Samples.Name("once") };
        var first = await owner.PostAsync("knowledge", body, ("Idempotency-Key", "article-1"));
        var second = await owner.PostAsync("knowledge", body, ("Idempotency-Key", "article-1"));
        Assert.Equal(first.Ok(HttpStatusCode.Created).Id, second.Ok(HttpStatusCode.Created).Id);
    }

    internal static async Task<Answer> WriteAsync(
        ApiClient client, string title, string category, string[] tags, Guid? workspaceId) =>
        (await client.PostAsync(
            "knowledge", new { title, category, tags, workspaceId, content = "secret content" }))
            .Ok(HttpStatusCode.Created);

    private static async Task GrantAsync(ApiClient owner, string path, Guid user, string level) =>
        (await owner.SendAsync(
            HttpMethod.Put, $"{path}/permissions", ApiClient.Json(new { userId = user, level }))).Ok();
}

/// <summary>Files that come: what they are is told by their content, and they are stored before anything
/// else.</summary>
public sealed class KnowledgeFileTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_file_is_stored_as_it_came_and_waits_to_be_read()
    {
        using var owner = api.Host.Owner();
        var bytes = Encoding.UTF8.GetBytes("# Title\n\ntext");
        var made = (await UploadAsync(owner, "name=..%5C..%2Fnotes.md&category=c&tag=a&tag=b", bytes))
            .Ok(HttpStatusCode.Accepted);

        Assert.Equal("notes", made.Data.GetProperty("title").GetString());
        Assert.Equal("processing", made.Data.GetProperty("status").GetString());
        Assert.Equal("markdown", made.Data.GetProperty("file").GetProperty("format").GetString());
        Assert.Equal("notes.md", made.Data.GetProperty("file").GetProperty("name").GetString());
        Assert.Equal(bytes, await owner.DownloadAsync($"knowledge/{made.Id}/file"));
        Assert.Equal(1, await api.Host.ScalarAsync<long>(
            "select count(*) from knowledge_files where article_id = $1 and due_at is not null", made.Id));
        (await owner.PatchAsync($"knowledge/{made.Id}", "*", new { content = "x" }))
            .Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Theory]
    [InlineData("a.pdf", "just text", "FILE_FORMAT_UNKNOWN")]
    [InlineData("a.docx", "just text", "FILE_FORMAT_UNKNOWN")]
    [InlineData("a.txt", "with a NUL\0", "FILE_FORMAT_UNKNOWN")]
    [InlineData("a.zip", "PK\u0003\u0004 something", "FILE_FORMAT_UNKNOWN")]
    [InlineData("a.txt", "", "FILE_FORMAT_UNKNOWN")]
    [InlineData("", "text", "INVALID_PARAMETER")]
    public async Task What_is_no_file_that_can_be_read_is_refused(string name, string content, string code)
    {
        using var owner = api.Host.Owner();
        var answer = await UploadAsync(
            owner, $"name={Uri.EscapeDataString(name)}", Encoding.Latin1.GetBytes(content));
        Assert.Equal(code, answer.ErrorCode);
    }

    [Theory]
    [InlineData("page.txt", "<!DOCTYPE html><p>x", "html")]
    [InlineData("table.csv", "a;b\n1;2", "csv")]
    [InlineData("liar.txt", "%PDF-1.7\n", "pdf")]
    [InlineData("plain", "x", "text")]
    public async Task What_a_file_is_its_content_says(string name, string content, string format)
    {
        using var owner = api.Host.Owner();
        var made = (await UploadAsync(owner, $"name={name}", Encoding.UTF8.GetBytes(content)))
            .Ok(HttpStatusCode.Accepted);
        Assert.Equal(format, made.Data.GetProperty("file").GetProperty("format").GetString());
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused()
    {
        using var owner = api.Host.Owner();
        (await UploadAsync(owner, "name=a.txt", new byte[Limits.KnowledgeFileBytes + 1]))
            .Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task The_same_key_with_another_file_is_refused()
    {
        using var owner = api.Host.Owner();
        (await UploadAsync(owner, "name=a.txt", "one"u8.ToArray(), "file-1")).Ok(HttpStatusCode.Accepted);
        (await UploadAsync(owner, "name=a.txt", "two"u8.ToArray(), "file-1"))
            .Fails(HttpStatusCode.UnprocessableEntity, "IDEMPOTENCY_KEY_REUSED");
    }

    private static Task<Answer> UploadAsync(ApiClient client, string query, byte[] bytes, string? key = null) =>
        client.SendAsync(
            HttpMethod.Post, $"knowledge/files?{query}", new ByteArrayContent(bytes),
            key is null ? [] : [("Idempotency-Key", key)]);
}
