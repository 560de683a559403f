using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Knowledge;

/// <summary>Vectors that clients bring: stored, found, filtered, bounded; each tenant's own.</summary>
public sealed class EmbeddingTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_vector_is_stored_replaced_found_and_deleted()
    {
        using var owner = api.Host.Owner();
        var first = await PutAsync(
            owner, "photos/cat", new { vector = new[] { 1, 0 }, metadata = new { kind = "pet" }, text = "a cat" });
        Assert.Equal(1, first.Ok().Data.GetProperty("version").GetInt32());
        (await PutAsync(
            owner, "photos/cat", new { vector = new[] { 0.5, 0.5 }, metadata = new { kind = "pet", age = 3 } })).Ok();
        (await PutAsync(owner, "photos/dog", new { vector = new[] { 0, 2 }, metadata = new { kind = "pet" } })).Ok();
        (await PutAsync(owner, "photos/car", new { vector = new[] { 0, 1 }, metadata = new { kind = "thing" } })).Ok();

        var got = (await owner.GetAsync("embeddings/photos/cat")).Ok();
        Assert.Equal(2, got.Data.GetProperty("version").GetInt32());
        Assert.Equal(0.5, got.Data.GetProperty("vector")[0].GetDouble());
        Assert.Equal(["cat", "dog"], await FindAsync(owner, new
        {
            contentType = "photos", vector = new[] { 1, 0.2 }, metadata = new { kind = "pet" },
        }));
        Assert.Equal(["cat"], await FindAsync(
            owner, new { contentType = "photos", vector = new[] { 1, 1 }, threshold = 0.99 }));
        Assert.Equal(["car", "dog"], (await FindAsync(
            owner, new { contentType = "photos", vector = new[] { 0, 1 }, limit = 2 })).Order());
        Assert.Empty(await FindAsync(
            owner, new { contentType = "photos", vector = new[] { 1, 0 }, metadata = new { kind = "none" } }));
        Assert.Empty(await FindAsync(owner, new { contentType = "nothing", vector = new[] { 1, 0 } }));

        (await owner.DeleteAsync("embeddings/photos/cat")).Ok();
        (await owner.DeleteAsync("embeddings/photos/cat")).Fails(HttpStatusCode.NotFound, "EMBEDDING_NOT_FOUND");
        (await owner.GetAsync("embeddings/photos/cat")).Fails(HttpStatusCode.NotFound, "EMBEDDING_NOT_FOUND");
    }

    [Fact]
    public async Task The_first_vector_fixes_the_dimension_until_the_type_is_deleted()
    {
        using var owner = api.Host.Owner();
        (await PutAsync(owner, "fixed/a", new { vector = new[] { 1, 2, 3 } })).Ok();
        (await PutAsync(owner, "fixed/b", new { vector = new[] { 1, 2 } }))
            .Fails(HttpStatusCode.Conflict, "DIMENSION_MISMATCH");
        (await owner.PostAsync("embeddings/search", new { contentType = "fixed", vector = new[] { 1, 2 } }))
            .Fails(HttpStatusCode.Conflict, "DIMENSION_MISMATCH");
        (await PutAsync(owner, "fixed", new { embeddings = new object[] { Item("c", 1, 2, 3), Item("d", 1) } }))
            .Fails(HttpStatusCode.Conflict, "DIMENSION_MISMATCH");
        (await owner.GetAsync("embeddings/fixed/c")).Fails(HttpStatusCode.NotFound, "EMBEDDING_NOT_FOUND");
        (await owner.DeleteAsync("embeddings/fixed")).Ok();
        (await PutAsync(owner, "fixed/b", new { vector = new[] { 1, 2 } })).Ok();
    }

    [Theory]
    [InlineData("""{"vector":[]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[0,0]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[1e39,1]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[1e38,1]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[1e-44,0]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":["NaN"]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[NaN]}""", "INVALID_JSON")]
    [InlineData("""{"vector":null}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[1],"metadata":[]}""", "VALIDATION_FAILED")]
    [InlineData("""{"vector":[1],"unknown":1}""", "UNKNOWN_FIELD")]
    public async Task What_is_no_vector_is_refused(string json, string code)
    {
        using var owner = api.Host.Owner();
        var answer = await owner.SendAsync(
            HttpMethod.Put, "embeddings/refused/x",
            new StringContent(json, System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(code, answer.ErrorCode);
        (await owner.GetAsync("embeddings/refused")).Fails(HttpStatusCode.NotFound, "EMBEDDING_NOT_FOUND");
    }

    [Fact]
    public async Task The_largest_vector_is_taken_and_a_larger_one_refused()
    {
        using var owner = api.Host.Owner();
        var largest = Enumerable.Repeat(0.25f, Limits.EmbeddingDimensions).ToArray();
        (await PutAsync(owner, "largest/x", new { vector = largest })).Ok();
        Assert.Equal(["x"], await FindAsync(owner, new { contentType = "largest", vector = largest }));
        (await PutAsync(owner, "larger/x", new { vector = (float[])[.. largest, 1] }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_batch_is_stored_as_a_whole_or_not_and_lists_go_by_pages()
    {
        using var owner = api.Host.Owner();
        var items = Enumerable.Range(0, Limits.EmbeddingBatch).Select(i => Item($"i{i:000}", 1, i)).ToArray();
        (await PutAsync(owner, "batch", new { embeddings = items })).Ok();
        (await PutAsync(owner, "batch", new { embeddings = items.Append(Item("more", 1, 1)) }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(owner, "batch", new { embeddings = new[] { Item("twice", 1, 1), Item("twice", 1, 2) } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(owner, "batch", new { embeddings = new[] { Item("ok", 1, 1), Item("zero", 0, 0) } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        var page = (await owner.GetAsync("embeddings/batch?per_page=60&fields=contentId")).Ok();
        var cursor = page.Json.GetProperty("meta").GetProperty("pagination").GetProperty("nextCursor").GetString();
        var rest = (await owner.GetAsync($"embeddings/batch?per_page=60&cursor={cursor}")).Ok();
        Assert.Equal(40, rest.Data.GetArrayLength());
        var types = (await owner.GetAsync("embeddings")).Ok().Data.EnumerateArray();
        Assert.Equal(100, types.Single(type => type.GetProperty("contentType").GetString() == "batch")
            .GetProperty("vectors").GetInt64());
    }

    [Fact]
    public async Task Vectors_of_one_tenant_are_nothing_to_another_nor_to_who_sees_only_what_was_granted()
    {
        using var owner = api.Host.Owner();
        (await PutAsync(owner, "mine/x", new { vector = new[] { 1 }, text = "secret" })).Ok();
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync($"s{Guid.CreateVersion7():N}")).ApiKey);
        Assert.Empty(await FindAsync(stranger, new { contentType = "mine", vector = new[] { 1 } }));
        (await PutAsync(stranger, "mine/x", new { vector = new[] { 1, 2 } })).Ok();
        Assert.Equal("secret", (await owner.GetAsync("embeddings/mine/x")).Ok().Data.GetProperty("text").GetString());

        var person = await api.Host.AddPersonAsync("member");
        (await person.Client.GetAsync("embeddings/mine/x")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.PostAsync("embeddings/search", new { contentType = "mine", vector = new[] { 1 } }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        (await PutAsync(viewer, "mine/y", new { vector = new[] { 1 } })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Many_callers_that_begin_a_type_at_once_agree_on_its_dimension()
    {
        using var owner = api.Host.Owner();
        var answers = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => PutAsync(
            owner, $"race/x{i}", new { vector = Enumerable.Repeat(1, 1 + (i % 2)).ToArray() })));

        var stored = answers.Count(answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(4, stored);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer =>
            Assert.Equal("DIMENSION_MISMATCH", answer.ErrorCode));
    }

    private static object Item(string contentId, params double[] vector) => new { contentId, vector };

    private static Task<Answer> PutAsync(ApiClient client, string path, object body) =>
        client.SendAsync(HttpMethod.Put, $"embeddings/{path}", ApiClient.Json(body));

    private static async Task<string[]> FindAsync(ApiClient client, object body) =>
        [.. (await client.PostAsync("embeddings/search", body)).Ok().Data.GetProperty("hits").EnumerateArray()
            .Select(hit => hit.GetProperty("contentId").GetString()!)];
}
