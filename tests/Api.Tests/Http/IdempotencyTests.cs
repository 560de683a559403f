using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

public sealed class IdempotencyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_repeated_creation_creates_nothing_and_answers_the_same()
    {
        using var owner = api.Host.Owner();
        var key = Key();
        var first = (await owner.PostAsync("workspaces", new { name = "once" }, key)).Ok(HttpStatusCode.Created);
        var second = (await owner.PostAsync("workspaces", new { name = "once" }, key)).Ok(HttpStatusCode.Created);

        Assert.Equal(first.Id, second.Id);
        Assert.Equal(first.ETag, second.ETag);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal("true", second.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from workspaces where name = 'once'"));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        using var owner = api.Host.Owner();
        var key = Key();
        (await owner.PostAsync("workspaces", new { name = "this" }, key)).Ok(HttpStatusCode.Created);

        (await owner.PostAsync("workspaces", new { name = "that" }, key)).Fails(HttpStatusCode.UnprocessableEntity, "IDEMPOTENCY_KEY_REUSED");

        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from workspaces where name = 'that'"));
    }

    [Fact]
    public async Task Concurrent_repetitions_create_one_thing()
    {
        using var owner = api.Host.Owner();
        var key = Key();

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => owner.PostAsync("workspaces", new { name = "racing" }, key)));

        Assert.Single(answers.Select(answer => answer.Ok(HttpStatusCode.Created).Id).Distinct());
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from workspaces where name = 'racing'"));
    }

    [Fact]
    public async Task A_failed_request_leaves_the_key_free()
    {
        using var owner = api.Host.Owner();
        var key = Key();
        (await owner.PostAsync("workspaces", new { name = "taken" })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("workspaces", new { name = "taken" }, key)).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        (await owner.PostAsync("workspaces", new { name = "free" }, key)).Ok(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_repeated_creation_of_an_api_key_does_not_show_the_secret_again()
    {
        using var owner = api.Host.Owner();
        var key = Key();
        var body = new { name = "k", scopes = new[] { "workflows.read" } };
        var first = (await owner.PostAsync("api-keys", body, key)).Ok(HttpStatusCode.Created);
        var second = (await owner.PostAsync("api-keys", body, key)).Ok(HttpStatusCode.Created);

        var secret = first.Data.GetProperty("key").GetString()!;
        Assert.Equal(first.Id, second.Id);
        Assert.Null(second.Data.GetProperty("key").GetString());
        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from idempotency_keys where response::text like '%' || $1 || '%'", secret));
    }

    [Fact]
    public async Task Two_callers_may_use_the_same_key()
    {
        using var owner = api.Host.Owner();
        using var other = api.Host.Client((await owner.CreateKeyAsync("workspaces.write")).Key);
        var key = Key();

        var first = (await owner.PostAsync("workspaces", new { name = "mine" }, key)).Ok(HttpStatusCode.Created);
        var second = (await other.PostAsync("workspaces", new { name = "yours" }, key)).Ok(HttpStatusCode.Created);

        Assert.NotEqual(first.Id, second.Id);
    }

    [Fact]
    public async Task An_expired_key_may_be_used_anew()
    {
        using var owner = api.Host.Owner();
        var key = Key();
        (await owner.PostAsync("workspaces", new { name = "yesterday" }, key)).Ok(HttpStatusCode.Created);
        await api.Host.ExecuteAsync("update idempotency_keys set expires_at = now() where key = $1", key.Value);

        (await owner.PostAsync("workspaces", new { name = "today" }, key)).Ok(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("with blank")]
    public async Task A_key_that_cannot_be_used_is_refused(string key)
    {
        using var owner = api.Host.Owner();
        (await owner.PostAsync("workspaces", new { name = "x" }, ("Idempotency-Key", key))).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.PostAsync("workspaces", new { name = "x" }, ("Idempotency-Key", new string('k', Limits.IdempotencyKeyLength + 1))))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task A_repeated_start_starts_nothing_more()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var key = Key();
        var first = (await owner.PostAsync($"workflows/{workflowId}/execute", new { input = new { a = 1 } }, key)).Ok(HttpStatusCode.Accepted);
        var second = (await owner.PostAsync($"workflows/{workflowId}/execute", new { input = new { a = 1 } }, key)).Ok(HttpStatusCode.Accepted);

        Assert.Equal(first.Id, second.Id);
        (await owner.PostAsync($"workflows/{workflowId}/execute", new { input = new { a = 2 } }, key))
            .Fails(HttpStatusCode.UnprocessableEntity, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflowId));
    }

    private static (string Name, string Value) Key() => ("Idempotency-Key", Guid.CreateVersion7().ToString());
}
