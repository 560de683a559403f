using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>Failures put together, beside others like them, and executions side by side.</summary>
public sealed class FailureTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Failures_that_differ_in_numbers_only_are_one_group_and_the_largest_comes_first()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        for (var order = 1; order <= 3; order++)
        {
            await FailAsync(owner, workflow, "pay", "HTTP_STATUS",
                $"Order {order}00 of 0199a1b2-0000-7000-8000-00000000000{order} was refused with 502.");
        }

        var last = await FailAsync(owner, workflow, "pay", "HTTP_TIMEOUT", "No answer within 30 s.");
        await FailAsync(owner, workflow, "ship", "HTTP_TIMEOUT", "No answer within 30 s.");
        await ResolveAsync(last, "the gateway was restarted");

        var open = (await owner.GetAsync($"executions/failures?workflow={workflow}")).Ok().Data;
        var all = (await owner.GetAsync($"executions/failures?workflow={workflow}&resolved=true&limit=2")).Ok().Data;

        Assert.Equal(4, open.GetProperty("looked").GetInt32());
        var groups = open.GetProperty("groups");
        Assert.Equal(["pay HTTP_STATUS 3 3", "ship HTTP_TIMEOUT 1 1"], groups.EnumerateArray().Select(Text));
        Assert.StartsWith("Order 300 of 0199a1b2", groups[0].GetProperty("message").GetString(),
            StringComparison.Ordinal);
        Assert.Equal("Order # of # was refused with #.", groups[0].GetProperty("fingerprint").GetString());
        Assert.Equal(3, groups[0].GetProperty("byDay")[0].GetProperty("count").GetInt32());
        Assert.Equal(["pay HTTP_STATUS 3 3", "ship HTTP_TIMEOUT 1 1"],
            all.GetProperty("groups").EnumerateArray().Select(Text));
        Assert.Equal(5, all.GetProperty("looked").GetInt32());
        Assert.False(all.GetProperty("capped").GetBoolean());

        static string Text(JsonElement group) => string.Join(
            ' ', new[] { "nodeId", "code", "count", "open" }.Select(name => group.GetProperty(name).ToString()));
    }

    [Fact]
    public async Task Similar_failures_come_with_how_they_were_resolved_and_what_a_rerun_did()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var other = await owner.CreatePublishedAsync();
        var plain = await FailAsync(owner, workflow, "pay", "E", "Order 1 was refused.");
        var told = await FailAsync(owner, workflow, "pay", "E", "Order 2 was refused.");
        var rerun = await FailAsync(owner, workflow, "pay", "E", "Order 3 was refused.");
        await FailAsync(owner, workflow, "pay", "E", "Something else.");
        await FailAsync(owner, other, "pay", "E", "Order 4 was refused.");
        var again = await owner.StartedAsync(workflow);
        await api.Host.ExecuteAsync(
            "update executions set status = 'completed', finished_at = now(), forked_from = $2 where id = $1", again,
                rerun);
        await ResolveAsync(told, "the credit limit was raised");
        var asked = await FailAsync(owner, workflow, "pay", "E", "Order 5 was refused.");

        var similar = (await owner.GetAsync($"executions/{asked}/similar")).Ok().Data;

        Assert.Equal([told, rerun, plain], similar.EnumerateArray().Select(row => row.GetProperty("id").GetGuid()));
        Assert.Equal("the credit limit was raised", similar[0].GetProperty("resolution").GetString());
        Assert.Equal((again, "completed"),
            (similar[1].GetProperty("rerunId").GetGuid(), similar[1].GetProperty("rerunStatus").GetString()));
        Assert.Equal(0, (await owner.GetAsync($"executions/{again}/similar")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task Two_executions_are_compared_by_the_last_attempt_of_each_step()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var (left, right) = (await owner.StartedAsync(workflow), await owner.StartedAsync(workflow));
        await StepsAsync(left, """
            ('a', '', 1, 1, 'completed', '1'), ('b', '', 1, 2, 'failed', null), ('b', '', 2, 3, 'completed', '2'),
            ('c', '0', 1, 4, 'completed', '3'), ('l', '', 1, 5, 'completed', '4')
            """);
        await StepsAsync(right, """
            ('a', '', 1, 1, 'completed', '1'), ('b', '', 1, 2, 'completed', '2'), ('c', '0', 1, 3, 'completed', '30'),
            ('r', '', 1, 9, 'completed', '4')
            """);

        var whole = (await owner.GetAsync($"executions/{left}/compare/{right}")).Ok().Data;
        var first = (await owner.GetAsync($"executions/{left}/compare/{right}?different=true&per_page=1")).Ok();
        var cursor = Uri.EscapeDataString(first.Pagination.GetProperty("nextCursor").GetString()!);
        var rest =
            (await owner.GetAsync($"executions/{left}/compare/{right}?different=true&per_page=5&cursor={cursor}"))
            .Ok().Data;

        Assert.Equal(
            ["a True", "b True", "c False", "l False", "r False"],
            whole.GetProperty("page").EnumerateArray()
                .Select(row => $"{row.GetProperty("nodeId")} {row.GetProperty("same")}"));
        var totals = whole.GetProperty("steps");
        Assert.Equal(
            [2, 1, 1, 1],
            new[] { "same", "different", "onlyLeft", "onlyRight" }.Select(name => totals.GetProperty(name).GetInt32()));
        Assert.False(whole.GetProperty("same").GetBoolean());
        Assert.True(whole.GetProperty("executions").GetProperty("input").GetBoolean());
        Assert.Equal("c", first.Data.GetProperty("page")[0].GetProperty("nodeId").GetString());
        Assert.Equal(["l", "r"],
            rest.GetProperty("page").EnumerateArray().Select(row => row.GetProperty("nodeId").GetString()));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("page")[0].GetProperty("right").ValueKind);
        var self = (await owner.GetAsync($"executions/{left}/compare/{left}")).Ok().Data;
        Assert.True(self.GetProperty("same").GetBoolean());
    }

    [Fact]
    public async Task What_is_of_another_tenant_is_not_there_and_wrong_questions_are_told()
    {
        using var owner = api.Host.Owner();
        var id = await owner.StartedAsync(await owner.CreatePublishedAsync());
        var stranger = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():n}"[..20]);
        using var other = api.Host.Client(stranger.ApiKey);

        (await other.GetAsync($"executions/{id}/similar")).Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
        (await other.GetAsync($"executions/{id}/compare/{id}")).Fails(HttpStatusCode.NotFound, "EXECUTION_NOT_FOUND");
        Assert.Equal(0,
            (await other.GetAsync("executions/failures?resolved=true")).Ok().Data.GetProperty("looked").GetInt32());
        (await owner.GetAsync("executions/failures?limit=0")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync("executions/failures?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    private async Task<Guid> FailAsync(ApiClient owner, Guid workflow, string node, string code, string message)
    {
        var id = await owner.StartedAsync(workflow);
        await api.Host.ExecuteAsync(
            """
            update executions set status = 'failed', finished_at = now(),
              error = jsonb_build_object('node', $2, 'code', $3, 'message', $4) where id = $1
            """, id, node, code, message);
        return id;
    }

    private Task ResolveAsync(Guid id, string how) => api.Host.ExecuteAsync(
        "update executions set resolved_at = now(), resolved_by = 'ana@example.com', resolution = $2 where id = $1",
            id, how);

    private Task StepsAsync(Guid id, string rows) => api.Host.ExecuteAsync(
        $"""
        insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence, node_type,
          status, output, started_at, finished_at)
        select e.tenant_id, e.id, x.node, x.iteration, x.attempt, x.sequence, 'noop', x.status, x.output::jsonb,
          now(), now()
        from executions e, (values {rows}) as x (node, iteration, attempt, sequence, status, output) where e.id = $1
        """, id);
}
