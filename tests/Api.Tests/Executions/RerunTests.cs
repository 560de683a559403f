using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

/// <summary>Reruns with answers that somebody gave, from a round of a loop, on another version.</summary>
public sealed class RerunTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly object Loops = new
    {
        schema = 1,
        nodes = new object[]
        {
            new { id = "first", type = "set", parameters = new { value = 1 } },
            new { id = "way", type = "if", parameters = new { condition = "true" } },
            new
            {
                id = "each", type = "forEach", parameters = new { items = "{{ [1, 2, 3] }}" },
                body = new
                {
                    nodes = new object[]
                    {
                        new { id = "get", type = "noop" }, new { id = "pay", type = "noop" },
                        new { id = "tell", type = "noop" },
                    },
                    edges = new object[] { new { from = "get", to = "pay" }, new { from = "pay", to = "tell" } },
                },
            },
            new { id = "end", type = "noop" },
        },
        edges = new object[]
        {
            new { from = "first", to = "way" }, new { from = "way", port = "true", to = "each" },
            new { from = "each", to = "end" },
        },
    };

    [Fact]
    public async Task An_answer_that_was_given_stands_in_the_place_of_the_recorded_one_and_says_so()
    {
        using var owner = api.Host.Owner();
        var (id, _) = await RunAsync(owner);

        var rerun = (await owner.PostAsync($"executions/{id}/rerun", new
        {
            fromNode = "each", overrides = new { first = new { x = 5 }, way = false, end = (object?)null },
        })).Ok(HttpStatusCode.Accepted);

        Assert.Equal(["first", "way", "end"], rerun.Data.GetProperty("overridden").EnumerateArray().Select(node =>
            node.GetString()));
        Assert.Equal(
            """first/ 1 main {"x": 5} overridden, way/ 2 false false overridden, end/ 13 main null overridden""",
            await StepsAsync(rerun.Id));
        var step = (await owner.GetAsync($"executions/{rerun.Id}/steps/one?node=first")).Ok().Data;
        Assert.Equal("overridden", step.GetProperty("origin").GetString());
        Assert.Equal("first, way, end", await api.Host.ScalarAsync<string>(
            """
            select (select string_agg(n, ', ') from jsonb_array_elements_text(after -> 'overridden') n)
            from user_activity where object_id = $1
            """, rerun.Id));
    }

    [Fact]
    public async Task From_a_round_of_a_loop_all_other_rounds_are_taken_over()
    {
        using var owner = api.Host.Owner();
        var (id, _) = await RunAsync(owner);

        var rerun = (await owner.PostAsync($"executions/{id}/rerun", new
        {
            fromNode = "pay", iteration = "1", overrides = new { get = "given" },
        })).Ok(HttpStatusCode.Accepted);

        Assert.Equal(
            "first/ 1 main 1, way/ 2 true true, get/0 3 main 0, pay/0 4 main 0, tell/0 5 main 0, "
                + "get/1 6 main \"given\" overridden, get/2 9 main 0, pay/2 10 main 0, tell/2 11 main 0",
            await StepsAsync(rerun.Id));
        Assert.Equal(1L, await api.Host.ScalarAsync<long>("select fence from executions where id = $1", rerun.Id));
    }

    [Fact]
    public async Task It_may_run_on_the_draft_or_on_any_version_for_who_edits()
    {
        using var owner = api.Host.Owner();
        var (id, workflow) = await RunAsync(owner);
        (await owner.PatchAsync($"workflows/{workflow}", "*", new { definition = Samples.Definition() })).Ok();
        using var operating = api.Host.Client((await owner.CreateKeyAsync("executions.manage", "executions.read",
            "executions.start")).Key);
        async Task<int> VersionAsync(object version) => (await owner.PostAsync($"executions/{id}/rerun",
            new { version }))
            .Ok(HttpStatusCode.Accepted).Data.GetProperty("version").GetInt32();

        Assert.Equal(1, await VersionAsync("same"));
        Assert.Equal(1, await VersionAsync("published"));
        Assert.Equal(2, await VersionAsync("draft"));
        Assert.Equal(2, await VersionAsync(2));
        (await owner.PostAsync($"executions/{id}/rerun", new { version = 3 }))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
        (await owner.PostAsync($"executions/{id}/rerun", new { version = true }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await operating.PostAsync($"executions/{id}/rerun", new { version = "draft" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await operating.PostAsync($"executions/{id}/rerun", new { version = 2 }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await operating.PostAsync($"executions/{id}/rerun")).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task What_cannot_be_given_is_refused_with_its_reason()
    {
        using var owner = api.Host.Owner();
        var (id, workflow) = await RunAsync(owner);
        async Task<string> RefusedAsync(object body)
        {
            var answer = (await owner.PostAsync($"executions/{id}/rerun", body))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
            return answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("code").GetString()!;
        }

        Assert.Equal("UNKNOWN", await RefusedAsync(new { overrides = new { nobody = 1 } }));
        Assert.Equal("BEGINS", await RefusedAsync(new { fromNode = "way", overrides = new { way = true } }));
        Assert.Equal("ITERATION", await RefusedAsync(new { fromNode = "end", overrides = new { pay = 1 } }));
        Assert.Equal("REQUIRED", await RefusedAsync(new { iteration = "1" }));
        Assert.Equal("UNKNOWN", await RefusedAsync(new { fromNode = "way", iteration = "1" }));
        Assert.Equal("VALUE", await RefusedAsync(new { fromNode = "pay", iteration = "x" }));
        Assert.Equal("TOO_LARGE", await RefusedAsync(new
        {
            overrides = new
            {
                first = new string('x',
            Engine.Limits.StepOutputBytes)
            }
        }));
        var test = (await owner.PostAsync($"workflows/{workflow}/test")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"executions/{test.Id}/rerun")).Fails(HttpStatusCode.Conflict, "EXECUTION_STATE");
    }

    private Task<string> StepsAsync(Guid id) => api.Host.ScalarAsync<string>(
        """
        select string_agg(concat_ws(' ', node_id || '/' || iteration, sequence, port, output, input ->> 'origin'),
            ', ' order by sequence)
        from step_executions where execution_id = $1
        """, id);

    private async Task<(Guid Id, Guid Workflow)> RunAsync(ApiClient owner)
    {
        var workflow = await owner.CreatePublishedAsync(Loops);
        var id = (await owner.PostAsync($"workflows/{workflow}/execute")).Ok(HttpStatusCode.Accepted).Id;
        (string Node, string Type, string Iteration, string Port, string Output)[] steps =
        [
            ("first", "set", "", "main", "1"), ("way", "if", "", "true", "true"),
            .. Enumerable.Range(0, 3).SelectMany(round => new[] { "get", "pay", "tell" }.Select(node => (node, "noop",
                $"{round}", "main", "0"))),
            ("each", "forEach", "", "main", "{}"), ("end", "noop", "", "main", "null"),
        ];
        for (var index = 0; index < steps.Length; index++)
        {
            var (node, type, iteration, port, output) = steps[index];
            await api.Host.ExecuteAsync(
                """
                insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, run, sequence,
                    node_type,
                  status, port, output, started_at, finished_at)
                values ($1, $2, $3, $4, 1, 1, $5, $6, 'completed', $7, $8::jsonb, now(), now())
                """, api.Host.First.TenantId, id, node, iteration, index + 1, type, port, output);
        }

        return (id, workflow);
    }
}
