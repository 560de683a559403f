using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Secrets;

public sealed class SecretEndpointTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Value = "the-value-nobody-reads";

    [Fact]
    public async Task A_value_goes_in_and_never_comes_out_again()
    {
        using var owner = api.Host.Owner();
        var created = (await owner.PostAsync("secrets", new { name = "API_TOKEN", value = Value, description = "d" }, ("Idempotency-Key", "k1"))).Ok(HttpStatusCode.Created);
        var repeated = await owner.PostAsync("secrets", new { name = "API_TOKEN", value = Value, description = "d" }, ("Idempotency-Key", "k1"));
        var changed = (await owner.PatchAsync($"secrets/{created.Id}", created.ETag, new { value = Value + "2" })).Ok();

        foreach (var answer in new[]
        {
            created, repeated, changed, await owner.GetAsync("secrets"), await owner.GetAsync($"secrets/{created.Id}"), await owner.GetAsync("activity"),
        })
        {
            Assert.DoesNotContain(Value, answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal(
            0,
            await api.Host.ScalarAsync<long>(
                """
                select (select count(*) from secrets s where s::text like '%nobody-reads%') + (select count(*) from user_activity a where a::text like '%nobody-reads%')
                  + (select count(*) from idempotency_keys k where k::text like '%nobody-reads%')
                """));
    }

    [Theory]
    [InlineData("1A", "v", "/name")]
    [InlineData("", "v", "/name")]
    [InlineData("a b", "v", "/name")]
    [InlineData("secrets.x", "v", "/name")]
    [InlineData("A", "", "/value")]
    public async Task A_name_that_expressions_cannot_say_is_refused(string name, string value, string at)
    {
        using var owner = api.Host.Owner();

        var answer = (await owner.PostAsync("secrets", new { name, value })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Equal(at, answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        Assert.DoesNotContain("\"v\"", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_taken_once_and_a_stale_change_is_refused()
    {
        using var owner = api.Host.Owner();
        var created = (await owner.PostAsync("secrets", new { name = "ONCE", value = "v" })).Ok(HttpStatusCode.Created);

        (await owner.PostAsync("secrets", new { name = "ONCE", value = "w" })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PatchAsync($"secrets/{created.Id}", created.ETag, new { description = "x" })).Ok();
        (await owner.PatchAsync($"secrets/{created.Id}", created.ETag, new { value = "x" })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await owner.DeleteAsync($"secrets/{created.Id}", "*")).Ok();
        (await owner.GetAsync($"secrets/{created.Id}")).Fails(HttpStatusCode.NotFound, "SECRET_NOT_FOUND");
    }

    [Fact]
    public async Task An_editor_of_workflows_sees_no_secrets_but_edits_variables()
    {
        using var owner = api.Host.Owner();
        using var editor = api.Host.Client(await owner.LogInNewUserAsync("editor"));

        (await editor.GetAsync("secrets")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var variable = (await editor.PostAsync("variables", new { name = "limit", value = new { n = 5 } })).Ok(HttpStatusCode.Created);
        var workflow = (await editor.CreateWorkflowAsync()).Id;
        (await editor.PostAsync("variables", new { name = "limit", value = 7, workflowId = workflow })).Ok(HttpStatusCode.Created);
        (await editor.PostAsync("variables", new { name = "limit", value = 8 })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await editor.PatchAsync($"variables/{variable.Id}", variable.ETag, new { value = "x" })).Ok();

        Assert.Equal("x", (await editor.GetAsync("variables")).Ok().Data[0].GetProperty("value").GetString());
        Assert.Equal(7, (await editor.GetAsync($"variables?workflow={workflow}")).Ok().Data[0].GetProperty("value").GetInt32());
    }
}
