using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>Executions by their nodes, and the definition that they run.</summary>
public sealed class ExecutionNodeTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Nodes_are_counted_by_status_with_first_last_and_durations_in_the_order_of_their_first_step()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await api.Host.ExecuteAsync(
            """
            insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence, node_type,
              status,
              started_at, finished_at)
            select e.tenant_id, e.id, x.node, x.iteration, x.attempt, x.sequence, 'noop', x.status,
              timestamptz '2026-01-01T00:00:00Z' + x.sequence * interval '1 minute',
              timestamptz '2026-01-01T00:00:00Z' + x.sequence * interval '1 minute' + x.ms * interval '1 ms'
            from executions e, (values
              ('z', '', 1, 1, 'completed', 5), ('a', '0', 1, 2, 'completed', 10), ('a', '1', 1, 3, 'failed', 20),
              ('a', '1', 2, 4, 'completed', 30), ('a', '2', 1, 5, 'cancelled', 40), ('a', '3', 1, 6, 'failed', 1000))
              as x (node, iteration, attempt, sequence, status, ms)
            where e.id = $1
            """, id);
        await api.Host.ExecuteAsync(
            """
            insert into waits (tenant_id, execution_id, node_id, attempt, kind, created_at)
            select tenant_id, id, n, 1, 'timer', now() from executions, unnest('{a,w}'::text[]) n where id = $1
            """, id);

        var nodes = (await owner.GetAsync($"executions/{id}/nodes")).Ok().Data;

        Assert.Equal(["z", "a", "w"], nodes.EnumerateArray().Select(node => node.GetProperty("nodeId").GetString()));
        var a = nodes[1];
        Assert.Equal(
            [2, 2, 1, 1, 1],
            new[] { "completed", "failed", "cancelled", "retries", "waiting" }.Select(name =>
                a.GetProperty(name).GetInt32()));
        Assert.Equal((30, 1_000), (a.GetProperty("p50Ms").GetDouble(), a.GetProperty("maxMs").GetDouble()));
        Assert.Equal(2, a.GetProperty("firstAt").GetDateTimeOffset().Minute);
        Assert.Equal(7, a.GetProperty("lastAt").GetDateTimeOffset().AddMinutes(1).Minute);
        Assert.Equal(
            (0, 1, JsonValueKind.Null),
            (nodes[2].GetProperty("completed").GetInt32(), nodes[2].GetProperty("waiting").GetInt32(),
                nodes[2].GetProperty("p50Ms").ValueKind));
    }

    [Fact]
    public async Task The_next_failed_iteration_goes_by_number_and_leaves_out_what_a_later_attempt_made_good()
    {
        using var owner = api.Host.Owner();
        var id = await StartAsync(owner);
        await api.Host.ExecuteAsync(
            """
            insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence, node_type,
              status,
              error, started_at, finished_at)
            select e.tenant_id, e.id, 'n', x.iteration, x.attempt, x.sequence, 'noop', x.status,
              case x.status when 'failed' then jsonb_build_object('code', 'E' || x.iteration) end, now(), now()
            from executions e, (values
              ('2', 1, 1, 'failed'), ('10', 1, 2, 'failed'), ('3', 1, 3, 'failed'), ('3', 2, 4, 'completed'),
              ('4', 1, 5, 'completed'), ('2/1', 1, 6, 'failed'), ('9', 1, 7, 'failed'), ('9', 2, 8, 'failed'))
              as x (iteration, attempt, sequence, status)
            where e.id = $1
            """, id);

        var (seen, remaining, after) = (new List<string>(), new List<int>(), "");
        while (true)
        {
            var answer = (await owner.GetAsync($"executions/{id}/nodes/n/failed{after}")).Ok().Data;
            remaining.Add(answer.GetProperty("remaining").GetInt32());
            var next = answer.GetProperty("next");
            if (next.ValueKind == JsonValueKind.Null)
            {
                break;
            }

            var code = next.GetProperty("error").GetProperty("code");
            seen.Add($"{next.GetProperty("iteration")}:{next.GetProperty("attempt")}:{code}");
            after = $"?after={next.GetProperty("iteration")}";
        }

        Assert.Equal(["2:1:E2", "2/1:1:E2/1", "9:2:E9", "10:1:E10"], seen);
        Assert.Equal([4, 3, 2, 1, 0], remaining);
        Assert.Equal(
            JsonValueKind.Null, (await owner.GetAsync($"executions/{id}/nodes/other/failed")).Ok()
                .Data.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task The_definition_stays_the_one_that_ran_after_edits_and_after_the_workflow_was_deleted()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var id = (await owner.PostAsync($"workflows/{workflow}/execute")).Ok(HttpStatusCode.Accepted).Id;
        (await owner.PatchAsync($"workflows/{workflow}", "*", new
        {
            definition = new
            {
                schema = 1, nodes = new object[] { new { id = "other", type = "noop" } }, edges =
                Array.Empty<object>()
            },
        })).Ok();

        var before = (await owner.GetAsync($"executions/{id}/definition")).Ok().Data;
        await api.Host.ExecuteAsync("update executions set status = 'completed', finished_at = now() where id = $1",
            id);
        (await owner.SendAsync(HttpMethod.Delete, $"workflows/{workflow}?force=true", null, ("If-Match", "*"))).Ok();
        var after = (await owner.GetAsync($"executions/{id}/definition")).Ok().Data;

        Assert.Equal("only", before.GetProperty("definition").GetProperty("nodes")[0].GetProperty("id").GetString());
        Assert.Equal((1, false),
            (before.GetProperty("version").GetInt32(), before.GetProperty("workflowDeleted").GetBoolean()));
        Assert.Equal($"{before.GetProperty("definition")}", $"{after.GetProperty("definition")}");
        Assert.True(after.GetProperty("workflowDeleted").GetBoolean());
        Assert.Equal($"{before.GetProperty("workflowName")}", $"{after.GetProperty("workflowName")}");
        (await owner.GetAsync($"workflows/{workflow}/versions/1")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        var item = (await owner.GetAsync($"executions?workflow={workflow}")).Ok().Data[0];
        Assert.Equal($"{before.GetProperty("workflowName")}", $"{item.GetProperty("workflowName")}");
    }

    [Fact]
    public async Task Who_was_granted_one_workflow_reads_its_runs_and_no_others()
    {
        using var owner = api.Host.Owner();
        var (mine, others) = (await owner.CreatePublishedAsync(), await owner.CreatePublishedAsync());
        var own = (await owner.PostAsync($"workflows/{mine}/execute")).Ok(HttpStatusCode.Accepted).Id;
        var foreign = (await owner.PostAsync($"workflows/{others}/execute")).Ok(HttpStatusCode.Accepted).Id;
        foreach (var id in new[] { own, foreign })
        {
            await api.Host.ExecuteAsync(
                """
                insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status,
                  output, error,
                  started_at, finished_at)
                select tenant_id, id, 'only', 1, 1, 'noop', 'failed', '{"v": 1}', '{"code": "E"}', now(), now()
                from executions where id = $1
                """, id);
            await api.Host.ExecuteAsync("update executions set status = 'failed', finished_at = now() where id = $1",
                id);
        }

        var email = $"{Guid.CreateVersion7():N}@example.com";
        const string Password = "correct horse battery";
        var user = (await owner.PostAsync("users",
            new { email, name = "m", password = Password, roles = new[] { "member" } }))
            .Ok(HttpStatusCode.Created);
        (await owner.SendAsync(
            HttpMethod.Put, $"workflows/{mine}/permissions", ApiClient.Json(new { userId = user.Id, level = "view" })))
                .Ok();
        using var nobody = api.Host.Client();
        using var member = api.Host.Client(
            (await nobody.PostAsync("auth/login", new { email, password = Password })).Ok()
                .Data.GetProperty("accessToken").GetString()!);

        foreach (var path in new[] { "?steps=none", "/steps", "/steps/one?node=only", "/output?node=only", "/nodes",
            "/nodes/only/failed", "/definition" })
        {
            (await member.GetAsync($"executions/{own}{path}")).Ok();
            (await member.GetAsync($"executions/{foreign}{path}"))
                .Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
        }

        Assert.Equal(1, (await member.GetAsync($"executions/{own}/nodes")).Ok().Data.GetArrayLength());
        var listed = (await member.GetAsync("executions?node=only&status=failed,timed_out")).Ok().Data;
        Assert.Equal([own], listed.EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
    }

    private static async Task<Guid> StartAsync(ApiClient owner) =>
        (await owner.PostAsync($"workflows/{await owner.CreatePublishedAsync()}/execute")).Ok(HttpStatusCode.Accepted)
            .Id;
}
