using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Tests.Host;
using Workflows.Data.Dispatch;
using Workflows.Testing;

namespace Workflows.Api.Tests.Executions;

public sealed class ExecuteTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_start_is_durable_when_it_is_answered_and_keeps_the_input_as_it_came()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        var started = (await owner.PostAsync(
            $"workflows/{workflowId}/execute",
            """{"correlationId":"c-1","priority":"high","input":{"z":1,"a":[1.50,"\u00e4"],"n":null}}""")).Ok(HttpStatusCode.Accepted);

        Assert.Equal("queued", started.Data.GetProperty("status").GetString());
        Assert.Equal("""{"a": [1.50, "ä"], "n": null, "z": 1}""", await api.Host.ScalarAsync<string>("select input::text from executions where id = $1", started.Id));
        Assert.Equal("c-1 1 manual", await api.Host.ScalarAsync<string>(
            "select concat_ws(' ', correlation_id, priority, trigger_type) from executions where id = $1", started.Id));
    }

    [Theory]
    [InlineData("""{"inputs":{}}""", "UNKNOWN_FIELD")]
    [InlineData("""{"input":{},"input":{}}""", "INVALID_JSON")]
    [InlineData("""{"correlationId":""}""", "VALIDATION_FAILED")]
    [InlineData("""{"correlationId":7}""", "VALIDATION_FAILED")]
    [InlineData("""{"priority":"urgent"}""", "VALIDATION_FAILED")]
    [InlineData("""{"version":0}""", "VALIDATION_FAILED")]
    [InlineData("""[1]""", "VALIDATION_FAILED")]
    [InlineData("""{"input":{"a":"\u0000"}}""", "INVALID_JSON")]
    [InlineData("""{"input":{"a":1,"a":2}}""", "INVALID_JSON")]
    [InlineData("""{"input":[{"b":{"a":1,"\u0061":1}}]}""", "INVALID_JSON")]
    public async Task A_body_that_cannot_be_used_starts_nothing(string body, string code)
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        (await owner.PostAsync($"workflows/{workflowId}/execute", body)).Fails(HttpStatusCode.BadRequest, code);

        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflowId));
    }

    [Fact]
    public async Task A_member_twice_is_refused_of_many_starts_too()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        (await owner.PostAsync($"workflows/{workflowId}/execute/bulk", """{"executions":[{"input":{"a":1,"a":2}}]}"""))
            .Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await owner.PostAsync($"workflows/{workflowId}/execute", """{"input":{"a":{"x":1},"b":{"x":1}}}"""))
            .Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_field_that_is_not_known_is_answered_with_those_that_are()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        foreach (var (path, body, hint) in new[]
        {
            ($"workflows/{workflowId}/execute", """{"inputs":{}}""",
                "Known here: input, correlationId, priority, version."),
            ("workflows/validate", """{"schema":1,"nodes":[]}""", "Known here: definition."),
            ($"workflows/{workflowId}/execute/bulk", """{"executions":[{"inputs":{}}]}""", "Known here: input, "),
        })
        {
            var refused = (await owner.PostAsync(path, body)).Fails(HttpStatusCode.BadRequest, "UNKNOWN_FIELD");
            Assert.StartsWith(
                hint, refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("hint").GetString(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wait_that_runs_out_tells_the_state_that_was_seen_last()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        var answer =
            owner.SendAsync(
            HttpMethod.Post, $"workflows/{workflowId}/execute", ApiClient.Json("{}"), ("Prefer", "wait=2"));
        await Eventually.TrueAsync(
            async () => await api.Host.ScalarAsync<long>(
                "with done as (update executions set status = 'waiting' where workflow_id = $1 returning 1) select "
                + "count(*) from done", workflowId) == 1,
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("waiting", (await answer).Ok(HttpStatusCode.Accepted).Data.GetProperty("status").GetString());
    }

    [Fact]
    public async Task An_input_is_checked_against_the_parameters_of_the_workflow()
    {
        using var owner = api.Host.Owner();
        var parameters = new { type = "object", required = new[] { "net" }, properties = new { net = new { type = "number" } } };
        var workflowId = await owner.CreatePublishedAsync(Samples.Definition(parameters));

        (await owner.PostAsync($"workflows/{workflowId}/execute")).Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        var refused = (await owner.PostAsync($"workflows/{workflowId}/execute", new { input = new { net = "7" } })).Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        (await owner.PostAsync($"workflows/{workflowId}/execute", new { input = new { net = 7 } })).Ok(HttpStatusCode.Accepted);

        Assert.Equal("/input/net", refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task Only_the_published_version_of_an_enabled_workflow_starts()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}/execute";
        using var starter = api.Host.Client((await owner.CreateKeyAsync("executions.start")).Key);

        (await starter.PostAsync(path)).Fails(HttpStatusCode.Conflict, "WORKFLOW_NOT_PUBLISHED");
        (await starter.PostAsync(path, new { version = 1 })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.PostAsync(path, new { version = 1 })).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync(path, new { version = 9 })).Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
        (await owner.PostAsync($"workflows/{created.Id}/publish")).Ok();
        (await starter.PostAsync(path)).Ok(HttpStatusCode.Accepted);
        (await owner.PatchAsync($"workflows/{created.Id}", "*", new { enabled = false })).Ok();
        (await starter.PostAsync(path)).Fails(HttpStatusCode.Conflict, "WORKFLOW_DISABLED");
        (await starter.PostAsync($"workflows/{Guid.CreateVersion7()}/execute")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
    }

    [Fact]
    public async Task Another_instance_starts_a_new_publication_within_its_short_trust()
    {
        var twin = await api.Host.StartTwinAsync(api.Redis);
        using var owner = api.Host.Owner();
        using var there = twin.Client(api.Host.First.ApiKey);
        var created = await owner.CreateWorkflowAsync();
        (await owner.PostAsync($"workflows/{created.Id}/publish")).Ok();
        Assert.Equal(1, await VersionAsync());

        (await owner.PatchAsync($"workflows/{created.Id}", "*", new { definition = Samples.Definition(eventType: "e") })).Ok();
        (await owner.PostAsync($"workflows/{created.Id}/publish")).Ok();

        await Eventually.TrueAsync(async () => await VersionAsync() == 2, Limits.PublishedTrust * 2, TestContext.Current.CancellationToken);

        async Task<int> VersionAsync() =>
            (await there.PostAsync($"workflows/{created.Id}/execute")).Ok(HttpStatusCode.Accepted).Data.GetProperty("version").GetInt32();
    }

    [Fact]
    public async Task Prefer_wait_answers_with_the_result_when_it_ends_in_time()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var waiting = owner.PostAsync($"workflows/{workflowId}/execute", null, ("Prefer", "respond-async, wait=20"));
        await CompleteAsync(workflowId, """{"total":119}""", announce: true);

        var answer = (await waiting).Ok();

        Assert.Equal("completed", answer.Data.GetProperty("status").GetString());
        Assert.Equal(119, answer.Data.GetProperty("output").GetProperty("total").GetInt32());
        Assert.Equal("wait=20", answer.Headers.GetValues("Preference-Applied").Single());
    }

    [Fact]
    public async Task A_lost_announcement_only_delays_the_answer()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var waiting = owner.PostAsync($"workflows/{workflowId}/execute", null, ("Prefer", "wait=20"));
        await CompleteAsync(workflowId, "1", announce: false);

        Assert.Equal("completed", (await waiting).Ok().Data.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Prefer_wait_that_runs_out_answers_as_without_it()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        var answer = (await owner.PostAsync($"workflows/{workflowId}/execute", null, ("Prefer", "wait=1"))).Ok(HttpStatusCode.Accepted);

        Assert.Equal("queued", answer.Data.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_bulk_start_says_of_each_what_became_of_it()
    {
        using var owner = api.Host.Owner();
        var parameters = new { type = "object", properties = new { n = new { type = "integer" } } };
        var workflowId = await owner.CreatePublishedAsync(Samples.Definition(parameters));
        object[] starts = [new { input = new { n = 1 } }, new { input = new { n = "x" } }, new { input = new { n = 3 }, priority = "urgent" }, new { correlationId = "c" }];

        var answer = (await owner.PostAsync($"workflows/{workflowId}/execute/bulk", new { executions = starts })).Ok(HttpStatusCode.Accepted);

        Assert.Equal(2, answer.Data.GetProperty("accepted").GetInt32());
        Assert.Equal(2, answer.Data.GetProperty("refused").GetInt32());
        Assert.Equal(
            ["queued", "refused", "refused", "queued"],
            answer.Data.GetProperty("executions").EnumerateArray().Select(item => item.GetProperty("status").GetString()));
        Assert.Equal("INPUT_INVALID", answer.Data.GetProperty("executions")[1].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(2, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflowId));
    }

    [Fact]
    public async Task A_thousand_start_in_one_call_and_one_more_does_not()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var key = ("Idempotency-Key", Guid.CreateVersion7().ToString());
        var body = new { executions = Enumerable.Range(0, Data.Limits.BulkStart).Select(n => new { input = new { n } }) };

        (await owner.PostAsync($"workflows/{workflowId}/execute/bulk", body, key)).Ok(HttpStatusCode.Accepted);
        var repeated = (await owner.PostAsync($"workflows/{workflowId}/execute/bulk", body, key)).Ok(HttpStatusCode.Accepted);
        var more = new { executions = Enumerable.Range(0, Data.Limits.BulkStart + 1).Select(n => new { input = new { n } }) };
        (await owner.PostAsync($"workflows/{workflowId}/execute/bulk", more)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Equal(Data.Limits.BulkStart, repeated.Data.GetProperty("accepted").GetInt32());
        Assert.Equal(Data.Limits.BulkStart, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflowId));
    }

    [Fact]
    public async Task Executions_are_found_by_each_filter_cancelled_and_retried()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var started = (await owner.PostAsync($"workflows/{workflowId}/execute", new { correlationId = "find-me" })).Ok(HttpStatusCode.Accepted);
        string[] filters =
        [
            $"workflow={workflowId}", $"workflow={workflowId}&status=queued", "correlation_id=find-me", $"workflow={workflowId}&trigger=manual",
            $"workflow={workflowId}&from=2020-01-01T00:00:00Z&to=2120-01-01T00:00:00Z",
        ];
        foreach (var filter in filters)
        {
            Assert.Equal(started.Id, Assert.Single((await owner.GetAsync($"executions?{filter}")).Ok().Data.EnumerateArray()).GetProperty("id").GetGuid());
        }

        Assert.Empty((await owner.GetAsync($"executions?workflow={workflowId}&to=2020-01-01T00:00:00Z")).Ok().Data.EnumerateArray());
        (await owner.PostAsync($"executions/{started.Id}/retry")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");
        (await owner.PostAsync($"executions/{started.Id}/cancel", new { reason = "no longer needed" })).Ok(HttpStatusCode.Accepted);
        var shown = (await owner.GetAsync($"executions/{started.Id}")).Ok();
        Assert.Equal("no longer needed", shown.Data.GetProperty("stopReason").GetString());
        await api.Host.ExecuteAsync(
            """update executions set status = 'failed', error = '{"code":"HTTP_500","message":"m"}', finished_at = now() where id = $1""", started.Id);
        Assert.Single((await owner.GetAsync("executions?error_code=HTTP_500")).Ok().Data.EnumerateArray());
        (await owner.PostAsync($"executions/{started.Id}/retry")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"executions/{Guid.CreateVersion7()}/retry")).Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
        Assert.Equal(
            ["execution.retry", "execution.cancel"],
            (await owner.GetAsync($"activity?object={started.Id}")).Ok().Data.EnumerateArray().Select(row => row.GetProperty("action").GetString()));
    }

    private async Task CompleteAsync(Guid workflowId, string output, bool announce)
    {
        await Eventually.TrueAsync(
            async () => await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflowId) == 1,
            cancellationToken: TestContext.Current.CancellationToken);
        var id = await api.Host.ScalarAsync<Guid>("select id from executions where workflow_id = $1", workflowId);
        await api.Host.ExecuteAsync("update executions set status = 'completed', output = $2::jsonb, finished_at = now() where id = $1", id, output);
        if (announce)
        {
            var address = await api.Host.ScalarAsync<string>("select reply_to from executions where id = $1", id);
            api.Host.Services.GetRequiredService<ReplyPublisher>().Publish(address, [id]);
        }
    }
}
