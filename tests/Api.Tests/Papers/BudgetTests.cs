using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Tests.Host;
using Workflows.Data.Budgets;
using Workflows.Data.Database;

namespace Workflows.Api.Tests.Papers;

/// <summary>Budgets as people write them, and what they refuse. The counting is tested where it is done.</summary>
public sealed class BudgetTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_budget_that_is_used_up_refuses_every_kind_of_start_and_lets_go_when_it_is_raised()
    {
        var tenant = await api.Host.CreateTenantAsync("frugal");
        using var owner = api.Host.Client(tenant.ApiKey);
        var workflow = await owner.CreatePublishedAsync();
        var budget = (await owner.PostAsync("budgets", new
        {
            name = "starts", kind = "executions", period = "day", amount = 2, hardStop = true,
        })).Ok(HttpStatusCode.Created);
        var first = (await ExecuteAsync(owner, workflow, "first")).Ok(HttpStatusCode.Accepted);
        (await ExecuteAsync(owner, workflow, "second")).Ok(HttpStatusCode.Accepted);
        await RoundAsync();

        await EventuallyAsync(async () => (await ExecuteAsync(owner, workflow)).ErrorCode == "BUDGET_EXHAUSTED");

        var refused = (await ExecuteAsync(owner, workflow))
            .Fails(HttpStatusCode.TooManyRequests, "BUDGET_EXHAUSTED");
        Assert.Contains("'starts'", refused.Text, StringComparison.Ordinal);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        (await owner.PostAsync($"workflows/{workflow}/execute/bulk", new { executions = new[] { new { } } }))
            .Fails(HttpStatusCode.TooManyRequests, "BUDGET_EXHAUSTED");
        (await owner.PostAsync($"executions/{first.Id}/rerun", new { }))
            .Fails(HttpStatusCode.TooManyRequests, "BUDGET_EXHAUSTED");

        // What was accepted stays accepted: a repetition hears of its first start.
        Assert.Equal(first.Id, (await ExecuteAsync(owner, workflow, "first")).Ok(HttpStatusCode.Accepted).Id);
        var seen = (await owner.GetAsync($"budgets/{budget.Id}")).Ok();
        Assert.Equal((2, 100.0), (
            seen.Data.GetProperty("used").GetInt64(), seen.Data.GetProperty("usedPercent").GetDouble()));
        Assert.NotEqual(default, seen.Data.GetProperty("stoppedUntil").GetDateTimeOffset());
        var alerts = (await owner.GetAsync($"budgets/{budget.Id}/alerts")).Ok().Data;
        Assert.Equal([100, 80], alerts.EnumerateArray().Select(row => row.GetProperty("threshold").GetInt32()));

        (await owner.PatchAsync($"budgets/{budget.Id}", seen.ETag, new { amount = 10_000 })).Ok();
        await EventuallyAsync(
            async () => (await ExecuteAsync(owner, workflow)).Status == HttpStatusCode.Accepted);
        await RoundAsync();
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from budget_stops where tenant_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Jobs_and_webhooks_are_refused_too()
    {
        var tenant = await api.Host.CreateTenantAsync("closed-shop");
        using var owner = api.Host.Client(tenant.ApiKey);
        var workspace = (await owner.GetAsync("workspaces")).Ok().Data[0].GetProperty("id").GetGuid();
        var folder = (await owner.PostAsync($"workspaces/{workspace}/folders", new { name = "f" }))
            .Ok(HttpStatusCode.Created);
        var runnable = (await owner.PostAsync($"folders/{folder.Id}/jobs", new { name = "j" }))
            .Ok(HttpStatusCode.Created);
        var hooked = (await owner.PostAsync("workflows", new
        {
            name = "hooked", jobId = runnable.Id,
            definition = new
            {
                schema = 1,
                triggers = new[] { new { id = "hook", type = "webhook", path = "in", auth = "none" } },
                nodes = new[] { new { id = "only", type = "noop" } },
                edges = Array.Empty<object>(),
            },
        })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync($"workflows/{hooked.Id}/publish")).Ok();
        (await owner.PostAsync("budgets", new
        {
            name = "b", kind = "executions", period = "month", amount = 1, hardStop = true,
        })).Ok(HttpStatusCode.Created);
        (await ExecuteAsync(owner, hooked.Id)).Ok(HttpStatusCode.Accepted);
        await RoundAsync();
        await EventuallyAsync(async () => (await ExecuteAsync(owner, hooked.Id)).ErrorCode == "BUDGET_EXHAUSTED");

        var started = await CountAsync(tenant.TenantId);

        (await owner.PostAsync($"jobs/{runnable.Id}/run"))
            .Fails(HttpStatusCode.TooManyRequests, "BUDGET_EXHAUSTED");
        using var anybody = api.Host.Client();
        (await anybody.PostAsync("webhooks/closed-shop/in", new { }))
            .Fails(HttpStatusCode.TooManyRequests, "BUDGET_EXHAUSTED");
        Assert.Equal(started, await CountAsync(tenant.TenantId));
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from job_runs where tenant_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task Budgets_are_listed_filtered_changed_with_their_version_and_deleted()
    {
        var tenant = await api.Host.CreateTenantAsync("careful");
        using var owner = api.Host.Client(tenant.ApiKey);
        foreach (var (name, kind) in new[] { ("c", "steps"), ("a", "storage"), ("b", "executions") })
        {
            (await owner.PostAsync("budgets", new { name, kind, period = "month", amount = 5 }))
                .Ok(HttpStatusCode.Created);
        }

        var page = (await owner.GetAsync("budgets?per_page=2&include_total=true")).Ok();
        Assert.Equal(["a", "b"], Names(page));
        Assert.Equal(3, page.Pagination.GetProperty("total").GetInt32());
        var cursor = page.Pagination.GetProperty("nextCursor").GetString();
        Assert.Equal(["c"], Names((await owner.GetAsync($"budgets?per_page=2&cursor={cursor}")).Ok()));
        Assert.Equal(["c"], Names((await owner.GetAsync("budgets?kind=steps")).Ok()));
        (await owner.PostAsync("budgets", new { name = "A", kind = "steps", period = "month", amount = 5 }))
            .Ok(HttpStatusCode.Created);
        (await owner.PostAsync("budgets", new { name = "a", kind = "steps", period = "month", amount = 5 }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync(
            "budgets", new { name = "m", kind = "steps", period = "month", amount = 5, mail = true }))
            .Fails(HttpStatusCode.Conflict, "MAIL_NOT_CONFIGURED");
        foreach (var body in new object[]
        {
            new { name = "x", kind = "money", period = "month", amount = 1 },
            new { name = "x", kind = "steps", period = "year", amount = 1 },
            new { name = "x", kind = "steps", period = "day", amount = 0 },
            new { name = "x", kind = "steps", period = "day", amount = 1, thresholds = new[] { 0 } },
            new { name = "x", kind = "steps", period = "day", amount = 1, thresholds = new[] { 50, 50 } },
            new
            {
                name = "x", kind = "steps", period = "day", amount = 1,
                notify = new[] { new { kind = "user", id = Guid.CreateVersion7() } },
            },
        })
        {
            (await owner.PostAsync("budgets", body)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }

        var first = (await owner.GetAsync("budgets?kind=executions")).Ok().Data[0].GetProperty("id").GetGuid();
        var etag = (await owner.GetAsync($"budgets/{first}")).Ok().ETag;
        await RoundAsync(); // what the workers count is no change of the budget
        var changed = (await owner.PatchAsync($"budgets/{first}", etag, new { enabled = false })).Ok();
        (await owner.PatchAsync($"budgets/{first}", etag, new { amount = 7 }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        using var viewer = api.Host.Client((await owner.CreateKeyAsync("usage.read")).Key);
        (await viewer.GetAsync($"budgets/{first}")).Ok();
        (await viewer.DeleteAsync($"budgets/{first}", changed.ETag)).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        using var stranger = api.Host.Owner();
        (await stranger.GetAsync($"budgets/{first}")).Fails(HttpStatusCode.NotFound, "BUDGET_NOT_FOUND");
        (await owner.DeleteAsync($"budgets/{first}", changed.ETag)).Ok();
        (await owner.GetAsync($"budgets/{first}/alerts")).Fails(HttpStatusCode.NotFound, "BUDGET_NOT_FOUND");
        Assert.Equal(
            ["budget.delete", "budget.update"],
            (await owner.GetAsync($"activity?object={first}")).Ok().Data.EnumerateArray()
                .Select(row => row.GetProperty("action").GetString()!).Take(2));
    }

    [Fact]
    public async Task Use_is_told_by_day_for_the_own_tenant_only()
    {
        var tenant = await api.Host.CreateTenantAsync("counted");
        using var owner = api.Host.Client(tenant.ApiKey);
        await api.Host.ExecuteAsync(
            """
            insert into usage_daily (tenant_id, day, executions, failures, steps, storage_bytes)
            values ($1, '2026-11-01', 5, 1, 50, 1000), ($1, '2026-11-02', 7, 0, 70, 1200),
              ($1, '2026-10-01', 9, 9, 9, 9)
            """, tenant.TenantId);

        var usage = (await owner.GetAsync("usage?from=2026-11-01&to=2026-11-30")).Ok().Data;

        Assert.Equal(
            (12, 1, 120, 1200, 2),
            (usage.GetProperty("executions").GetInt32(), usage.GetProperty("failures").GetInt32(),
                usage.GetProperty("steps").GetInt32(), usage.GetProperty("storageBytes").GetInt32(),
                usage.GetProperty("days").GetArrayLength()));
        (await owner.GetAsync("usage?from=2026-11-02&to=2026-11-01"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        using var other = api.Host.Owner();
        Assert.Equal(0, (await other.GetAsync("usage?from=2026-11-01&to=2026-11-30")).Ok().Data
            .GetProperty("days").GetArrayLength());
    }

    private static Task<Answer> ExecuteAsync(ApiClient client, Guid workflow, string? key = null) => key is null
        ? client.PostAsync($"workflows/{workflow}/execute")
        : client.PostAsync($"workflows/{workflow}/execute", null, ("Idempotency-Key", key));

    private static List<string> Names(Answer answer) =>
        [.. answer.Data.EnumerateArray().Select(row => row.GetProperty("name").GetString()!)];

    private Task<long> CountAsync(Guid tenant) =>
        api.Host.ScalarAsync<long>("select count(*) from executions where tenant_id = $1", tenant);

    // As a worker does it.
    private async Task RoundAsync()
    {
        await using var worker = new WorkflowsDatabase(
            api.Host.Services.GetRequiredService<DatabaseOptions>(), DatabaseRole.Worker);
        await new BudgetRounds(worker).RunAsync(TimeSpan.Zero, Token);
    }

    // What is known of a stop is trusted for a second.
    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
            await Task.Delay(100, Token);
        }
    }
}
