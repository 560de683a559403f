using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Executions;

public sealed class LimitTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Starts_beyond_the_limit_of_their_key_are_held()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync(Limited("queue"));

        var states = new List<string?>();
        foreach (var customer in new[] { "a", "a", "b", "a" })
        {
            states.Add((await owner.PostAsync($"workflows/{workflow}/execute", new { input = new { customer } })).Ok(HttpStatusCode.Accepted).Data.GetProperty("status").GetString());
        }

        Assert.Equal(["queued", "held", "queued", "held"], states);
        var bulk = (await owner.PostAsync(
            $"workflows/{workflow}/execute/bulk", new { executions = new[] { new { input = new { customer = "c" } }, new { input = new { customer = "c" } } } })).Ok(HttpStatusCode.Accepted).Data;
        Assert.Equal(["queued", "held"], bulk.GetProperty("executions").EnumerateArray().Select(item => item.GetProperty("status").GetString()));
        Assert.Equal(3, (await owner.GetAsync($"executions?workflow={workflow}&status=held")).Ok().Data.GetArrayLength());
        Assert.Equal(6, (await owner.GetAsync($"executions?workflow={workflow}&status=active")).Ok().Data.GetArrayLength());
        var held = (await owner.GetAsync($"executions/{bulk.GetProperty("executions")[1].GetProperty("id").GetGuid()}")).Ok().Data;
        Assert.Equal(("c", 1), (held.GetProperty("concurrency").GetProperty("key").GetString(), held.GetProperty("concurrency").GetProperty("limit").GetInt32()));
    }

    [Fact]
    public async Task What_a_rate_holds_says_why_and_until_when()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync(new
        {
            schema = 1,
            settings = new { rateLimit = new { limit = 1, perSeconds = 3600 } },
            nodes = new[] { new { id = "only", type = "noop" } },
            edges = Array.Empty<object>(),
        });
        await owner.PostAsync($"workflows/{workflow}/execute", new { input = new { } });
        var held = (await owner.PostAsync($"workflows/{workflow}/execute", new { input = new { } })).Ok(HttpStatusCode.Accepted);
        Assert.Equal("held", held.Data.GetProperty("status").GetString());

        var next = (await owner.GetAsync($"executions/{held.Id}")).Ok().Data.GetProperty("next");
        Assert.Contains("rate limit", next.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.InRange(next.GetProperty("dueAt").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddMinutes(50), TimeProvider.System.GetUtcNow().AddMinutes(61));

        // As workflows.enqueue leaves it until a worker has worked its key out.
        await api.Host.ExecuteAsync("update executions set not_before = 'infinity' where id = $1", held.Data.GetProperty("id").GetGuid());
        next = (await owner.GetAsync($"executions/{held.Id}")).Ok().Data.GetProperty("next");
        Assert.Contains("SQL", next.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, next.GetProperty("dueAt").ValueKind);
        Assert.Equal(1, (await owner.GetAsync($"executions?workflow={workflow}&status=held")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task A_start_that_its_policy_skips_is_refused_and_says_so()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync(Limited("skip"));
        var path = $"workflows/{workflow}/execute";
        var first = (await owner.PostAsync(path, new { input = new { customer = "a" } })).Ok(HttpStatusCode.Accepted);

        (await owner.PostAsync(path, new { input = new { customer = "a" } })).Fails(HttpStatusCode.Conflict, "EXECUTION_SKIPPED");
        (await owner.PostAsync(path, new { input = new { customer = "a" } }, ("Idempotency-Key", "k"))).Fails(HttpStatusCode.Conflict, "EXECUTION_SKIPPED");
        (await owner.PostAsync($"executions/{first.Id}/rerun")).Fails(HttpStatusCode.Conflict, "EXECUTION_SKIPPED");
        var bulk = (await owner.PostAsync($"{path}/bulk", new { executions = new[] { new { input = new { customer = "a" } }, new { input = new { customer = "b" } } } })).Ok(HttpStatusCode.Accepted);

        Assert.Equal("EXECUTION_SKIPPED", bulk.Data.GetProperty("executions")[0].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(2, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflow));
        await api.Host.ExecuteAsync("update executions set status = 'completed', finished_at = now() where id = $1", first.Id);
        (await owner.PostAsync(path, new { input = new { customer = "a" } }, ("Idempotency-Key", "k"))).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_start_whose_key_cannot_be_told_is_refused()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync(Limited("queue", "$uppercase(input.customer)"));

        (await owner.PostAsync($"workflows/{workflow}/execute", new { input = new { customer = 7 } })).Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        (await owner.PostAsync($"workflows/{workflow}/execute", new { input = new { customer = new string('x', 300) } })).Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");

        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflow));
    }

    [Fact]
    public async Task Publishing_keeps_the_settings_that_events_start_by()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync(Limited("cancelOldest"));

        Assert.Equal("cancelOldest", await api.Host.ScalarAsync<string>("select start_settings ->> 'overlapPolicy' from workflows where id = $1", workflow));
    }

    [Fact]
    public async Task A_tenant_with_a_full_queue_is_told_to_come_back_and_others_are_not()
    {
        var tenant = await api.Host.CreateTenantAsync("full");
        using var owner = api.Host.Client(tenant.ApiKey);
        using var other = api.Host.Owner();
        await api.Host.ExecuteAsync("""update tenants set settings = '{"limits": {"maxQueued": 3}}' where tenant_id = $1""", tenant.TenantId);
        var workflow = await owner.CreatePublishedAsync();
        var path = $"workflows/{workflow}/execute";

        (await owner.PostAsync($"{path}/bulk", new { executions = new[] { new { }, new { }, new { }, new { } } })).Fails(HttpStatusCode.TooManyRequests, "OVERLOADED");
        for (var start = 0; start < 3; start++)
        {
            (await owner.PostAsync(path)).Ok(HttpStatusCode.Accepted);
        }

        var refused = (await owner.PostAsync(path)).Fails(HttpStatusCode.TooManyRequests, "OVERLOADED");
        Assert.True(refused.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        (await other.PostAsync($"workflows/{await other.CreatePublishedAsync()}/execute")).Ok(HttpStatusCode.Accepted);
        Assert.Equal(3, await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflow));

        await api.Host.ExecuteAsync("update executions set status = 'completed', finished_at = now() where workflow_id = $1", workflow);
        await Testing.Eventually.TrueAsync(async () => (await owner.PostAsync(path)).Status == HttpStatusCode.Accepted, TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    // A client repeats what it got no answer to: by then the queue may be full, and the repetition adds nothing to it.
    [Fact]
    public async Task A_repetition_is_answered_with_its_first_start_and_takes_nothing_of_the_queue()
    {
        var tenant = await api.Host.CreateTenantAsync("repeating");
        using var owner = api.Host.Client(tenant.ApiKey);
        await LimitAsync(tenant.TenantId, 6);
        var workflow = await owner.CreatePublishedAsync();
        var path = $"workflows/{workflow}/execute";
        var (key, bulkKey) = (("Idempotency-Key", "one"), ("Idempotency-Key", "many"));
        var many = new { executions = new[] { new { }, new { } } };
        var first = (await owner.PostAsync(path, null, key)).Ok(HttpStatusCode.Accepted);
        var bulk = Items(await owner.PostAsync($"{path}/bulk", many, bulkKey));
        await api.Host.ExecuteAsync("update executions set status = 'paused', version = 7 where id = $1", first.Id);
        await api.Host.ExecuteAsync("update executions set status = 'waiting' where id = $1", bulk[0].Id);

        // More than the limit has room for, within the second for which a length of the queue is trusted.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var again = (await owner.PostAsync(path, null, key)).Ok(HttpStatusCode.Accepted);
            Assert.Equal(
                (first.Id, "paused", 7),
                (again.Id, again.Data.GetProperty("status").GetString(), again.Data.GetProperty("version").GetInt32()));
            Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
            Assert.Equal(
                [(bulk[0].Id, "waiting"), (bulk[1].Id, "queued")],
                Items(await owner.PostAsync($"{path}/bulk", many, bulkKey)));
        }));
        (await owner.PostAsync(path)).Ok(HttpStatusCode.Accepted);

        await LimitAsync(tenant.TenantId, 1);
        await Testing.Eventually.TrueAsync(
            async () => (await owner.PostAsync(path)).Status == HttpStatusCode.TooManyRequests,
            TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(first.Id, (await owner.PostAsync(path, null, key)).Ok(HttpStatusCode.Accepted).Id);
        Assert.Equal(bulk[0].Id, Items(await owner.PostAsync($"{path}/bulk", many, bulkKey))[0].Id);
    }

    // The first call was cut short: what it began is told, and what it did not is refused by itself.
    [Fact]
    public async Task A_repetition_on_a_full_queue_tells_what_had_begun_and_refuses_the_rest()
    {
        var tenant = await api.Host.CreateTenantAsync("cut-short");
        using var owner = api.Host.Client(tenant.ApiKey);
        var workflow = await owner.CreatePublishedAsync();
        var (path, key) = ($"workflows/{workflow}/execute/bulk", ("Idempotency-Key", "many"));
        var many = new { executions = new[] { new { }, new { } } };
        var first = Items(await owner.PostAsync(path, many, key));
        await api.Host.ExecuteAsync(
            "delete from idempotency_keys where tenant_id = $1 and key = 'many/1'", tenant.TenantId);
        await LimitAsync(tenant.TenantId, 1);
        await Testing.Eventually.TrueAsync(
            async () => (await owner.PostAsync(path, many)).Status == HttpStatusCode.TooManyRequests,
            TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        var again = (await owner.PostAsync(path, many, key)).Ok(HttpStatusCode.Accepted).Data;

        Assert.Equal((1, 1), (again.GetProperty("accepted").GetInt32(), again.GetProperty("refused").GetInt32()));
        Assert.Equal(first[0].Id, again.GetProperty("executions")[0].GetProperty("id").GetGuid());
        var refusal = again.GetProperty("executions")[1].GetProperty("error");
        Assert.Equal("OVERLOADED", refusal.GetProperty("code").GetString());
    }

    private Task LimitAsync(Guid tenantId, int queued) => api.Host.ExecuteAsync(
        "update tenants set settings = jsonb_build_object('limits', jsonb_build_object('maxQueued', $2::int)) "
        + "where tenant_id = $1",
        tenantId, queued);

    private static List<(Guid Id, string? Status)> Items(Answer answer) =>
        [.. answer.Ok(HttpStatusCode.Accepted).Data.GetProperty("executions").EnumerateArray()
            .Select(item => (item.GetProperty("id").GetGuid(), item.GetProperty("status").GetString()))];

    private static object Limited(string overlapPolicy, string key = "input.customer") => new
    {
        schema = 1,
        nodes = new object[] { new { id = "only", type = "noop" } },
        settings = new { concurrency = new { limit = 1, key }, overlapPolicy },
    };
}
