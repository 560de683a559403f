using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Api.Tests.PromptCards;

/// <summary>Asking models: side by side, and by test sets whose rows stand in for what workers do.</summary>
public sealed class TestRunTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private ApiHost _host = null!;
    private ProviderServer _provider = null!;

    internal static object Set(int cases = 1) => new
    {
        name = Samples.Name("set"),
        cases = Enumerable.Range(0, cases).Select(number => new
        {
            name = $"case {number}", variables = new { name = $"n{number}" },
            assertions = new[] { new { type = "contains", value = "Hello" } },
        }),
    };

    public async ValueTask InitializeAsync()
    {
        _provider = await ProviderServer.StartAsync();
        _host = await ApiHost.StartAsync(postgres, redis, new() { ["Connectors:Allow:0"] = "127.0.0.1" });
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task Models_answer_side_by_side_and_one_that_fails_keeps_its_error_to_itself()
    {
        using var owner = _host.Owner();
        await AddModelAsync(owner, "good");
        var card = await PromptCardTests.CreateAsync(owner);
        var body = new { variables = new { name = "Ana" }, models = new[] { "good", "nobody" } };

        var run = (await owner.PostAsync($"prompt-cards/{card.Id}/run", body, ("Idempotency-Key", "k1"))).Ok();
        var again = (await owner.PostAsync($"prompt-cards/{card.Id}/run", body, ("Idempotency-Key", "k1"))).Ok();

        var answers = run.Data.GetProperty("answers");
        Assert.Equal("You said: Hello Ana", answers[0].GetProperty("answer").GetString());
        Assert.True(answers[0].GetProperty("costUsd").GetDecimal() > 0);
        Assert.Equal("MODEL_UNKNOWN", answers[1].GetProperty("error").GetProperty("code").GetString());
        Assert.True(JsonElement.DeepEquals(run.Data, again.Data)); // stored, and so spaced otherwise
        Assert.Single(_provider.Calls);
        Assert.Equal(2, (await owner.GetAsync($"prompt-cards/{card.Id}/executions")).Ok().Data.GetArrayLength());

        var figures = (await owner.GetAsync($"prompt-cards/{card.Id}/analytics")).Ok().Data;
        Assert.Equal("compatible", figures.GetProperty("usedProviders")[0].GetString());
        Assert.Equal(2, figures.GetProperty("executionHistory").GetArrayLength());
        (await owner.PostAsync($"prompt-cards/{card.Id}/run", new { variables = new { } }))
            .Fails(HttpStatusCode.UnprocessableEntity, "PROMPT_VARIABLES_INVALID");
    }

    [Fact]
    public async Task A_run_is_rows_that_are_cancelled_once_and_keeps_its_cases()
    {
        using var owner = _host.Owner();
        await AddModelAsync(owner, "good");
        var card = await PromptCardTests.CreateAsync(owner);
        var set = (await owner.PostAsync($"prompt-cards/{card.Id}/test-sets", Set(3))).Ok(HttpStatusCode.Created);
        var start = $"prompt-cards/{card.Id}/test-sets/{set.Id}/run";

        (await owner.PostAsync(start, new { models = new[] { "nobody" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync(start, new { models = new[] { "good" }, versions = new[] { 9 } }))
            .Fails(HttpStatusCode.NotFound, "PROMPT_VERSION_NOT_FOUND");
        (await owner.PostAsync(start, new { models = new[] { "good" }, repeats = 21 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var run = (await owner.PostAsync(start, new { models = new[] { "good" }, repeats = 2 }))
            .Ok(HttpStatusCode.Accepted);
        Assert.Equal(6, run.Data.GetProperty("total").GetInt32());
        (await owner.DeleteAsync($"prompt-cards/{card.Id}/test-sets/{set.Id}", set.ETag)).Ok();

        var path = $"prompt-cards/{card.Id}/test-runs/{run.Id}";
        Assert.Equal(6, (await owner.GetAsync($"{path}/results")).Ok().Data.GetArrayLength());
        Assert.Equal(
            "cancelled", (await owner.PostAsync($"{path}/cancel")).Ok().Data.GetProperty("status").GetString());
        (await owner.PostAsync($"{path}/cancel")).Fails(HttpStatusCode.Conflict, "TEST_RUN_STATE");
        Assert.All(
            (await owner.GetAsync($"{path}/results")).Ok().Data.EnumerateArray(),
            row => Assert.Equal("skipped", row.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Two_sides_of_a_run_are_compared_case_by_case()
    {
        using var owner = _host.Owner();
        await AddModelAsync(owner, "good");
        var card = await PromptCardTests.CreateAsync(owner);
        (await owner.PatchAsync($"prompt-cards/{card.Id}", card.ETag, new { settings = new { maxTokens = 9 } })).Ok();
        var set = (await owner.PostAsync($"prompt-cards/{card.Id}/test-sets", Set(12))).Ok(HttpStatusCode.Created);
        var run = (await owner.PostAsync(
            $"prompt-cards/{card.Id}/test-sets/{set.Id}/run", new
            {
                models = new[] { "good" }, versions = new[] { 1,
                2 }
            }))
            .Ok(HttpStatusCode.Accepted);
        // As workers leave them: version 2 passes ten cases that version 1 fails, and the other way round two.
        await _host.ExecuteAsync(
            """
            update test_executions set status = 'done', execution_time_ms = card_number * 100, cost_usd = 0.5,
              passed = (card_number = 2) = (split_part(case_name, ' ', 2)::int < 10)
            where run_id = $1
            """, run.Id);

        var path = $"prompt-cards/{card.Id}/test-runs/{run.Id}/comparison";
        var comparison = (await owner.GetAsync($"{path}?firstVersion=1&secondVersion=2")).Ok().Data;

        Assert.Equal("better", comparison.GetProperty("verdict").GetString());
        Assert.Equal(0.038574, comparison.GetProperty("p").GetDouble(), 5);
        Assert.Equal(12, comparison.GetProperty("n").GetInt32());
        Assert.Equal(10.0 / 12, comparison.GetProperty("second").GetProperty("passRate").GetDouble(), 6);
        Assert.Equal(200, comparison.GetProperty("second").GetProperty("p95Ms").GetDouble(), 6);
        Assert.Equal(6m, comparison.GetProperty("first").GetProperty("cost").GetDecimal());
        (await owner.GetAsync(path)).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync($"{path}?secondVersion=3")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Days_have_their_count_times_and_the_count_of_the_day_before()
    {
        using var owner = _host.Owner();
        var card = await PromptCardTests.CreateAsync(owner);
        var workspace = card.Data.GetProperty("workspaceId").GetGuid();
        await _host.ExecuteAsync(
            """
            insert into test_executions (tenant_id, id, kind, prompt_card_id, workspace_id, card_number, model, status,
              execution_time_ms, passed, cost_usd, created_at)
            select $1, gen_random_uuid(), 'run', $2, $3, 1, 'm', 'done', n * 10, n % 4 <> 0, 0.25,
              date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' 
                - interval '1 day' * (case when n <= 4 then 2 else 1 end)
            from generate_series(1, 12) n
            """, _host.First.TenantId, card.Id, workspace);

        var days = (await owner.GetAsync($"prompt-cards/analytics?workspaceId={workspace}")).Ok().Data;

        Assert.Equal([4, 8], days.EnumerateArray().Select(day => day.GetProperty("dailyExecutions").GetInt32()));
        Assert.Equal(JsonValueKind.Null, days[0].GetProperty("prevDayCount").ValueKind);
        Assert.Equal(4, days[1].GetProperty("prevDayCount").GetInt32());
        Assert.Equal(85, days[1].GetProperty("avgExecutionTime").GetDouble(), 6);
        Assert.Equal(116.5, days[1].GetProperty("p95ExecutionTime").GetDouble(), 6);
        Assert.Equal(0.75, days[1].GetProperty("successRate").GetDouble(), 6);
        Assert.Equal(2m, days[1].GetProperty("cost").GetDecimal());
        (await owner.GetAsync("prompt-cards/analytics?days=31")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    private async Task AddModelAsync(ApiClient owner, string name)
    {
        var connector = await owner.CreateAsync("connectors", new
        {
            name = $"c{Guid.CreateVersion7():N}", type = "model",
            config = new { provider = "compatible", baseUrl = $"{_provider.Address}/v1", apiKey = "sk" },
        });
        await owner.CreateAsync("models", new
        {
            name, kind = "chat", connectorId = connector.Id, model = "the-model", inputPrice = 1000, outputPrice = 2000,
        });
    }
}
