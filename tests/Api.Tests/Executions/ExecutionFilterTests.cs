using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>What the list of executions shows, and by what it is filtered.</summary>
public sealed class ExecutionFilterTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task An_item_names_its_workflow_its_duration_its_session_and_who_started_it()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();
        var id = await StartAsync(owner, workflow.Id);

        var fresh = (await owner.GetAsync($"executions?workflow={workflow.Id}")).Ok().Data[0];
        await EndAsync(id, "completed", 2_500, "session_id = 's-1'");
        var ended = (await owner.GetAsync($"executions?workflow={workflow.Id}")).Ok().Data[0];
        var view = (await owner.GetAsync($"executions/{id}?steps=none")).Ok().Data;

        Assert.Equal(workflow.Data.GetProperty("name").GetString(), fresh.GetProperty("workflowName").GetString());
        Assert.Equal(JsonValueKind.Null, fresh.GetProperty("durationMs").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, fresh.GetProperty("createdBy").ValueKind);
        foreach (var one in new[] { ended, view })
        {
            Assert.Equal((2_500, "s-1"),
                (one.GetProperty("durationMs").GetDouble(), one.GetProperty("sessionId").GetString()));
        }
    }

    [Fact]
    public async Task Each_filter_finds_what_it_names_and_together_they_narrow()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var tag = Samples.Name("tag");
        var workflow = await InJobAsync(owner, place.Job.Id, tag);
        var (slow, failed, late, queued) = (
            await StartAsync(owner, workflow), await StartAsync(owner, workflow), await StartAsync(owner, workflow),
                await StartAsync(owner, workflow));
        await EndAsync(slow, "completed", 60_000, "session_id = 'one'");
        await EndAsync(failed, "failed", 1_000, $"session_id = 'two', forked_from = '{slow}', version = 7");
        await EndAsync(late, "timed_out", 5_000, "resolved_at = now(), resolved_by = 'x', created_by = 'somebody'");
        await FailAsync(failed, "pay");
        await FailAsync(slow, "pay");
        var from = Uri.EscapeDataString(TimeProvider.System.GetUtcNow().AddHours(-1).ToString("O"));

        async Task Finds(string filter, params Guid[] expected) => Assert.Equal(
            expected.OrderDescending(),
            (await owner.GetAsync($"executions?{filter}")).Ok().Data.EnumerateArray()
                .Select(item => item.GetProperty("id").GetGuid()));

        var within = $"job={place.Job.Id}";
        await Finds(within, slow, failed, late, queued);
        await Finds($"workspace={place.Workspace.Id}", slow, failed, late, queued);
        await Finds($"tag={Uri.EscapeDataString(tag)}", slow, failed, late, queued);
        await Finds($"{within}&workspace={Guid.CreateVersion7()}");
        await Finds($"{within}&status=failed,timed_out", failed, late);
        await Finds($"{within}&status=failed", failed);
        await Finds($"{within}&status=completed,queued", slow, queued);
        await Finds($"{within}&status=active,failed", failed, queued);
        await Finds($"{within}&status=unsuccessful,timed_out", failed, late);
        await Finds($"{within}&resolved=false", failed);
        await Finds($"{within}&session=two", failed);
        await Finds($"{within}&node=pay", failed);
        await Finds($"{within}&node=pay&status=completed", slow);
        await Finds($"{within}&node=other");
        await Finds($"{within}&from={from}&min_duration=5000", slow, late);
        await Finds($"{within}&from={from}&min_duration=1000&max_duration=5000", failed, late);
        await Finds($"{within}&from={from}&created_by=somebody", late);
        await Finds($"workflow={workflow}&version=7", failed);
        await Finds($"forked_from={slow}", failed);
        Assert.Equal(4, (await owner.GetAsync($"executions?{within}&include_total=true")).Ok()
            .Pagination.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Pages_over_the_workflows_of_a_job_show_each_execution_once_newest_first()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var (one, two) = (await InJobAsync(owner, place.Job.Id, "x"), await InJobAsync(owner, place.Job.Id, "x"));
        var all = new List<Guid>();
        for (var n = 0; n < 7; n++)
        {
            all.Add(await StartAsync(owner, n % 3 == 0 ? one : two));
        }

        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = (await owner.GetAsync(
                $"executions?job={place.Job.Id}&per_page=2{(cursor is null ? "" : $"&cursor={cursor}")}")).Ok();
            seen.AddRange(page.Data.EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
            cursor = page.Pagination.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(all.OrderDescending(), seen);
    }

    [Theory]
    [InlineData("status=failed,nothing")]
    [InlineData("status=failed,")]
    [InlineData("version=1")]
    [InlineData("node=")]
    [InlineData("min_duration=1")]
    [InlineData("max_duration=1")]
    [InlineData("created_by=x")]
    [InlineData("created_by=x&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z")]
    [InlineData("min_duration=-1&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z")]
    [InlineData("min_duration=2&max_duration=1&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z")]
    [InlineData("max_duration=9223372036854775807&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z")]
    [InlineData("job=x")]
    public async Task A_filter_that_cannot_be_used_is_refused(string filter)
    {
        using var owner = api.Host.Owner();

        (await owner.GetAsync($"executions?{filter}")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Logs_are_found_by_a_part_of_their_text()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner, await owner.CreatePublishedAsync());
        await api.Host.ExecuteAsync(
            """
            insert into execution_logs (tenant_id, id, execution_id, level, node_id, message, at)
            select tenant_id, gen_random_uuid(), id, 'info', 'n', m, now()
            from executions, unnest(array['Disk is 100% full', 'disk is 1000 full', 'a_b', 'acb']) m where id = $1
            """, id);

        Assert.Equal(2, await CountAsync("DISK"));
        Assert.Equal(1, await CountAsync("100%"));
        Assert.Equal(1, await CountAsync("a_b"));
        Assert.Equal(0, await CountAsync("disk&level=error"));
        (await owner.GetAsync($"executions/{id}/logs?text=")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");

        async Task<int> CountAsync(string text) =>
            (await owner.GetAsync($"executions/{id}/logs?text={text.Replace("%", "%25", StringComparison.Ordinal)}"))
                .Ok().Data.GetArrayLength();
    }

    private static async Task<Guid> InJobAsync(ApiClient owner, Guid job, string tag)
    {
        var workflow = (await owner.PostAsync(
            "workflows", new
            {
                name = Samples.Name("w"), definition = Samples.Definition(), jobId = job, tags =
                new[] { tag }
            }))
            .Ok(HttpStatusCode.Created).Id;
        (await owner.PostAsync($"workflows/{workflow}/publish")).Ok();
        return workflow;
    }

    private static async Task<Guid> StartAsync(ApiClient owner, Guid workflow) =>
        (await owner.PostAsync($"workflows/{workflow}/execute")).Ok(HttpStatusCode.Accepted).Id;

    private Task EndAsync(Guid id, string status, int milliseconds, string set) => api.Host.ExecuteAsync(
        $"""
        update executions set status = $2, started_at = now(), finished_at = now() + $3 * interval '1 ms', {set}
        where id = $1
        """,
        id, status, milliseconds);

    private Task FailAsync(Guid id, string node) => api.Host.ExecuteAsync(
        """
        insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status,
          started_at, finished_at)
        select tenant_id, id, $2, 1, 1, 'noop', 'failed', now(), now() from executions where id = $1
        """, id, node);
}
