using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>Control without a worker: what the API itself does to executions at once.</summary>
public sealed class ControlTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_queued_execution_pauses_at_once_and_goes_on_when_resumed_and_the_trail_says_who_and_why()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);

        Assert.Equal("paused", (await owner.PostAsync($"executions/{id}/pause", new { reason = "month end" })).Ok(HttpStatusCode.Accepted).Data.GetProperty("status").GetString());
        (await owner.PostAsync($"executions/{id}/pause")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");
        var paused = (await owner.GetAsync($"executions/{id}")).Ok().Data;
        Assert.Equal("paused", paused.GetProperty("status").GetString());
        Assert.Contains("resumes", paused.GetProperty("next").GetProperty("reason").GetString(), StringComparison.Ordinal);
        (await owner.PostAsync($"executions/{id}/resume")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"executions/{id}/resume")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");

        Assert.Equal("queued", await StatusAsync(id));
        Assert.Equal("month end", await api.Host.ScalarAsync<string>(
            "select after ->> 'reason' from user_activity where object_id = $1 and action = 'execution.pause' and actor_type = 'api_key'", id));
    }

    [Fact]
    public async Task A_running_execution_is_asked_to_pause_and_the_request_can_be_taken_back()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await SetAsync(id, "status = 'running', lease_owner = gen_random_uuid()");

        Assert.Equal("pausing", (await owner.PostAsync($"executions/{id}/pause")).Ok(HttpStatusCode.Accepted).Data.GetProperty("status").GetString());
        Assert.Equal("running pause", await api.Host.ScalarAsync<string>("select status || ' ' || stop_request from executions where id = $1", id));
        (await owner.PostAsync($"executions/{id}/resume")).Ok(HttpStatusCode.Accepted);

        Assert.Equal("running", await api.Host.ScalarAsync<string>("select concat_ws(' ', status, stop_request) from executions where id = $1", id));
    }

    [Theory]
    [InlineData("paused")]
    [InlineData("waiting")]
    [InlineData("held")]
    public async Task Whatever_stands_still_is_queued_to_be_ended_when_cancelled(string status)
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await SetAsync(id, $"status = '{status}', concurrency_key = '', concurrency_limit = 1");

        (await owner.PostAsync($"executions/{id}/cancel")).Ok(HttpStatusCode.Accepted);

        Assert.Equal("queued cancel", await api.Host.ScalarAsync<string>("select status || ' ' || stop_request from executions where id = $1", id));
    }

    [Theory]
    [InlineData("completed", "cancel")]
    [InlineData("completed", "pause")]
    [InlineData("completed", "retry")]
    [InlineData("completed", "mark-resolved")]
    [InlineData("completed", "mark-unresolved")]
    [InlineData("failed", "mark-unresolved")]
    [InlineData("failed", "pause")]
    [InlineData("held", "pause")]
    [InlineData("queued", "resume")]
    [InlineData("waiting", "retry")]
    public async Task A_state_that_does_not_allow_it_is_left_alone(string status, string action)
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await SetAsync(id, $"status = '{status}', finished_at = case when '{status}' in ('completed', 'failed') then now() end, concurrency_key = '', concurrency_limit = 1");

        (await owner.PostAsync($"executions/{id}/{action}")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");

        Assert.Equal(status, await StatusAsync(id));
    }

    [Fact]
    public async Task A_failure_marked_as_resolved_is_filtered_and_its_dead_letter_settled_and_a_retry_opens_it_again()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var (open, resolved) = (await FailAsync(owner, workflow), await FailAsync(owner, workflow));

        (await owner.PostAsync($"executions/{resolved}/mark-resolved", new { reason = "paid by hand" })).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"executions/{resolved}/mark-resolved")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");

        Assert.Equal([resolved], await IdsAsync(owner, $"executions?workflow={workflow}&resolved=true"));
        Assert.Equal([open], await IdsAsync(owner, $"executions?workflow={workflow}&resolved=false"));
        Assert.Equal("paid by hand", (await owner.GetAsync($"executions/{resolved}")).Ok().Data.GetProperty("resolution").GetProperty("comment").GetString());
        Assert.Equal("discarded", await api.Host.ScalarAsync<string>("select status from dead_letters where execution_id = $1", resolved));
        (await owner.PostAsync($"executions/{open}/mark-unresolved")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");
        Assert.Equal((1, 1, 0), Counts((await owner.PostAsync("executions/bulk/mark-unresolved", new { filter = new { workflow } })).Ok().Data));
        Assert.Empty(await IdsAsync(owner, $"executions?workflow={workflow}&resolved=true"));
        Assert.Equal("open", await api.Host.ScalarAsync<string>("select status from dead_letters where execution_id = $1 and settled_at is null", resolved));
        (await owner.PostAsync($"executions/{resolved}/mark-resolved")).Ok(HttpStatusCode.Accepted);
        Assert.Equal("unresolved", (await owner.PostAsync($"executions/{resolved}/mark-unresolved", new { reason = "was not paid" })).Ok(HttpStatusCode.Accepted).Data.GetProperty("status").GetString());
        Assert.Equal(2, await api.Host.ScalarAsync<long>("select count(*) from user_activity where object_id = $1 and action = 'execution.unresolve'", resolved));
        (await owner.PostAsync($"executions/{resolved}/mark-resolved")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"executions/{resolved}/retry")).Ok(HttpStatusCode.Accepted);
        Assert.Empty(await IdsAsync(owner, $"executions?workflow={workflow}&resolved=true"));
    }

    [Fact]
    public async Task A_filter_reaches_what_it_finds_in_bounded_calls_and_nothing_else()
    {
        using var owner = api.Host.Owner();
        var (workflow, other) = (await owner.CreatePublishedAsync(), await owner.CreatePublishedAsync());
        await InsertAsync(workflow, 1_203, "queued");
        await InsertAsync(other, 2, "queued");

        var first = (await owner.PostAsync("executions/bulk/pause", new { filter = new { workflow }, reason = "why" })).Ok().Data;
        var second = (await owner.PostAsync("executions/bulk/pause", new { filter = new { workflow } })).Ok().Data;
        var third = (await owner.PostAsync("executions/bulk/pause", new { filter = new { workflow } })).Ok().Data;

        Assert.Equal((1_203, 1_000, 203), Counts(first));
        Assert.Equal((203, 203, 0), Counts(second));
        Assert.Equal((0, 0, 0), Counts(third));
        Assert.Equal(1_203, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'paused'", workflow));
        Assert.Equal(2, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'queued'", other));
        Assert.Equal(1_203, await api.Host.ScalarAsync<long>(
            "select count(*) from user_activity a join executions e on e.id = a.object_id where e.workflow_id = $1 and a.action = 'execution.pause'", workflow));
        Assert.Equal((1_203, 1_000, 203), Counts((await owner.PostAsync("executions/bulk/resume", new { filter = new { workflow, status = "paused" } })).Ok().Data));
        Assert.Equal((1_203, 1_000, 203), Counts((await owner.PostAsync("executions/bulk/cancel", new { filter = new { workflow } })).Ok().Data));
    }

    [Fact]
    public async Task Failures_are_retried_and_resolved_by_error_code()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var (a, b, c) = (await FailAsync(owner, workflow, "A"), await FailAsync(owner, workflow, "B"), await FailAsync(owner, workflow, "C"));

        Assert.Equal((1, 1, 0), Counts((await owner.PostAsync("executions/bulk/retry", new { filter = new { workflow, errorCode = "A" } })).Ok().Data));
        Assert.Equal((1, 1, 0), Counts((await owner.PostAsync("executions/bulk/mark-resolved", new { filter = new { workflow, errorCode = "B" } })).Ok().Data));
        Assert.Equal((2, 1, 0), Counts((await owner.PostAsync("executions/bulk/retry", new { ids = new[] { a, c, Guid.CreateVersion7() } })).Ok().Data));

        Assert.Equal(("queued", "failed", "queued"), (await StatusAsync(a), await StatusAsync(b), await StatusAsync(c)));
    }

    [Theory]
    [InlineData("""{}""", "VALIDATION_FAILED")]
    [InlineData("""{"filter": {}}""", "VALIDATION_FAILED")]
    [InlineData("""{"ids": []}""", "VALIDATION_FAILED")]
    [InlineData("""{"ids": ["01890000-0000-7000-8000-000000000000"], "filter": {"status": "queued"}}""", "VALIDATION_FAILED")]
    [InlineData("""{"filter": {"status": "sleeping"}}""", "INVALID_PARAMETER")]
    [InlineData("""{"filter": {"colour": "red"}}""", "UNKNOWN_FIELD")]
    public async Task A_bulk_call_that_does_not_say_what_it_means_changes_nothing(string body, string code)
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);

        (await owner.PostAsync("executions/bulk/cancel", body)).Fails(HttpStatusCode.BadRequest, code);

        Assert.Equal("queued", await api.Host.ScalarAsync<string>("select concat_ws(' ', status, stop_request) from executions where id = $1", id));
    }

    [Fact]
    public async Task Other_tenants_executions_are_out_of_reach_of_ids_and_filters()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("control-stranger")).ApiKey);

        Assert.Equal((0, 0, 0), Counts((await stranger.PostAsync("executions/bulk/cancel", new { ids = new[] { id } })).Ok().Data));
        Assert.Equal((0, 0, 0), Counts((await stranger.PostAsync("executions/bulk/cancel", new { filter = new { status = "queued" } })).Ok().Data));
        Assert.Equal("queued", await api.Host.ScalarAsync<string>("select concat_ws(' ', status, stop_request) from executions where id = $1", id));
    }

    [Fact]
    public async Task Dead_letters_are_redriven_and_discarded_one_by_one_and_by_filter()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var ids = new List<Guid>();
        foreach (var code in new[] { "A", "A", "A", "B", "B" })
        {
            ids.Add(await FailAsync(owner, workflow, code));
        }

        var letters = await IdsAsync(owner, $"dead-letters?workflow={workflow}&status=open&error_code=A");
        Assert.Equal(3, letters.Count);
        Assert.Equal(5, (await IdsAsync(owner, $"dead-letters?workflow={workflow}&node=only")).Count);
        Assert.Empty(await IdsAsync(owner, $"dead-letters?workflow={workflow}&node=other"));
        Assert.Equal("failed", (await owner.GetAsync($"dead-letters/{letters[0]}")).Ok().Data.GetProperty("executionStatus").GetString());

        (await owner.PostAsync($"dead-letters/{letters[0]}/redrive")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"dead-letters/{letters[0]}/redrive")).Fails(HttpStatusCode.Conflict, "DEAD_LETTER_SETTLED");
        (await owner.PostAsync($"dead-letters/{letters[1]}/discard", new { reason = "test data" })).Ok();
        (await owner.PostAsync($"dead-letters/{letters[1]}/discard")).Fails(HttpStatusCode.Conflict, "DEAD_LETTER_SETTLED");
        Assert.Equal((1, 1, 0), Counts((await owner.PostAsync("dead-letters/redrive", new { filter = new { workflow, errorCode = "A" } })).Ok().Data));
        Assert.Equal((2, 2, 0), Counts((await owner.PostAsync("dead-letters/discard", new { filter = new { workflow } })).Ok().Data));

        Assert.Equal(2, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'queued'", workflow));
        Assert.Equal(
            "discarded 3, redriven 2",
            await api.Host.ScalarAsync<string>("select string_agg(status || ' ' || n, ', ' order by status) from (select status, count(*) n from dead_letters where workflow_id = $1 group by 1) x", workflow));
        Assert.Equal("test data", await api.Host.ScalarAsync<string>("select after ->> 'reason' from user_activity where object_id = $1", letters[1]));
        (await owner.GetAsync($"dead-letters/{Guid.CreateVersion7()}")).Fails(HttpStatusCode.NotFound, "DEAD_LETTER_NOT_FOUND");
    }

    private static async Task<Guid> StartAsync(ApiClient owner, Guid? workflow = null) =>
        (await owner.PostAsync($"workflows/{workflow ?? await owner.CreatePublishedAsync()}/execute")).Ok(HttpStatusCode.Accepted).Id;

    private async Task<Guid> FailAsync(ApiClient owner, Guid workflow, string code = "A")
    {
        var id = await StartAsync(owner, workflow);
        await SetAsync(id, $$"""status = 'failed', finished_at = now(), error = '{"code": "{{code}}"}'""");
        await api.Host.ExecuteAsync(
            """
            insert into dead_letters (tenant_id, id, execution_id, workflow_id, node_id, error, created_at)
            select tenant_id, id, id, workflow_id, 'only', error, now() from executions where id = $1
            """, id);
        return id;
    }

    private Task InsertAsync(Guid workflow, int count, string status) => api.Host.ExecuteAsync(
        """
        insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, status, queued_at)
        select $1, overlay(gen_random_uuid()::text placing left(uuid_at(now())::text, 13) from 1 for 13)::uuid, $2, 1, 'manual', '{}', $3, now() from generate_series(1, $4) n
        """, api.Host.First.TenantId, workflow, status, count);

    private Task SetAsync(Guid id, string set) => api.Host.ExecuteAsync($"update executions set {set} where id = $1", id);

    private Task<string> StatusAsync(Guid id) => api.Host.ScalarAsync<string>("select status from executions where id = $1", id);

    private static async Task<List<Guid>> IdsAsync(ApiClient client, string path) =>
        [.. (await client.GetAsync(path)).Ok().Data.EnumerateArray().Select(item => item.GetProperty("id").GetGuid())];

    private static (int, int, int) Counts(System.Text.Json.JsonElement data) =>
        (data.GetProperty("matched").GetInt32(), data.GetProperty("changed").GetInt32(), data.GetProperty("remaining").GetInt32());
}
