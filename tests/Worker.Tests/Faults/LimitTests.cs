using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Faults;

/// <summary>Limits and fairness as the outside sees them: by what calls are under way at once, with two workers and with one of them killed.</summary>
public sealed class LimitTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, int> _underWay = new();
    private readonly ConcurrentDictionary<string, int> _most = new();
    private TargetServer _target = null!;
    private string _url = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _target = await TargetServer.StartAsync();
        _url = _target.On("/effect", async (context, _) =>
        {
            var key = context.Request.Query["key"].ToString();
            var now = _underWay.AddOrUpdate(key, 1, (_, before) => before + 1);
            _most.AddOrUpdate(key, now, (_, before) => Math.Max(before, now));
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(40), TimeProvider.System, context.RequestAborted);
                await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
            }
            finally
            {
                _underWay.AddOrUpdate(key, 0, (_, before) => before - 1);
            }
        });
    }

    public ValueTask DisposeAsync() => _target.DisposeAsync();

    [Fact]
    public async Task Two_workers_keep_the_limit_of_a_key_and_the_death_of_one_takes_no_place_along()
    {
        await using var bed = await WorkerBed.CreateAsync(postgres, redis);
        var workflow = await CallsAsync(bed);
        var (victim, _) = (await bed.StartWorkerAsync(), await bed.StartWorkerAsync());
        foreach (var key in new[] { "a", "b" })
        {
            await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => StartAsync(bed, bed.TenantId, workflow, key, new ConcurrencyClaim(key, 3, "queue"))));
        }

        // Killed while it is in the midst of its share: what it had under way is cut off outside, too.
        await Eventually.TrueAsync(() => bed.ScalarAsync<bool>("select count(*) > 20 from executions where finished_at is not null"), Patience, Token);
        Assert.True(await bed.ScalarAsync<bool>("select count(*) > 20 from executions where finished_at is null"), "Nothing is left to show anything.");
        await victim.KillAsync();
        await Eventually.TrueAsync(() => bed.ScalarAsync<bool>("select not exists (select from executions where finished_at is null)"), Patience, Token);

        Assert.Equal(["completed"], await bed.ListAsync("select distinct status from executions"));
        Assert.All(_most, most => Assert.InRange(most.Value, 1, 3));
        Assert.Equal(120, await bed.ScalarAsync<long>("select count(*) from executions"));
        await Eventually.TrueAsync(
            async () => await bed.ScalarAsync<long>("select coalesce(sum(executions), 0)::bigint from workflow_performance where status = 'completed'") == 120, Patience, Token,
            "each end is counted once");
        Assert.Equal(0, await bed.ScalarAsync<long>("select count(*) from performance_deltas"));
    }

    [Fact]
    public async Task With_cancelOldest_only_the_youngest_of_a_key_is_carried_to_its_end()
    {
        await using var bed = await WorkerBed.CreateAsync(postgres, redis);
        var workflow = await bed.PublishAsync("""{"id": "w", "type": "delay", "parameters": {"seconds": 600} }""");
        await bed.StartWorkerAsync();
        var limit = new ConcurrencyClaim("k", 1, "cancelOldest");
        var first = await StartAsync(bed, bed.TenantId, workflow, "k", limit);
        await bed.UntilAsync(first, "waiting", Patience);
        var others = new List<Guid>();
        for (var start = 0; start < 5; start++)
        {
            others.Add(await StartAsync(bed, bed.TenantId, workflow, "k", limit));
        }

        await bed.UntilAsync(others[^1], "waiting", Patience);

        Assert.Equal("cancelled", await bed.StatusOfAsync(first));
        foreach (var overtaken in others[..^1])
        {
            Assert.Equal(("cancelled", "CANCELLED"), await bed.EndOfAsync(overtaken, Patience));
        }
    }

    [Fact]
    public async Task A_tenant_has_no_more_running_than_it_may_on_all_workers_together_and_others_are_not_held_up()
    {
        await using var bed = await WorkerBed.CreateAsync(postgres, redis);
        var other = await bed.AddTenantAsync();
        await bed.ExecuteAsync("""update tenants set settings = '{"limits": {"maxRunning": 2}}' where tenant_id = $1""", bed.TenantId);
        var workflow = await CallsAsync(bed);
        await CopyAsync(bed, workflow, other);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => StartAsync(bed, bed.TenantId, workflow, "limited")));
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => StartAsync(bed, other, workflow, "free")));
        _ = (await bed.StartWorkerAsync(), await bed.StartWorkerAsync());

        await Eventually.TrueAsync(() => bed.ScalarAsync<bool>("select not exists (select from executions where finished_at is null)"), Patience, Token);

        Assert.Equal(["completed"], await bed.ListAsync("select distinct status from executions"));
        Assert.InRange(_most["limited"], 1, 2);
        Assert.InRange(_most["free"], 3, 30);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_tenants_flood_delays_anothers_single_execution_by_little(bool withRedis)
    {
        const int Flood = 3_000;
        await using var bed = await WorkerBed.CreateAsync(postgres, withRedis ? redis : null);
        var other = await bed.AddTenantAsync();
        var workflow = await CallsAsync(bed);
        await CopyAsync(bed, workflow, other);
        await bed.StartManyAsync(workflow, Flood);
        await bed.StartWorkerAsync(maxInFlight: 40);
        await Eventually.TrueAsync(() => bed.ScalarAsync<bool>("select count(*) > 100 from executions where finished_at is not null"), Patience, Token);

        var single = await StartAsync(bed, other, workflow, "single");
        await bed.EndOfAsync(single, Patience);

        var left = await bed.ScalarAsync<long>("select count(*) from executions where finished_at is null");
        // Not by the clock, which says more of the machine: by how many of the flood had their turn first. In line behind it that would be nearly all.
        var before = await bed.ScalarAsync<long>(
            "select count(*) from executions f join executions s on s.id = $1 where f.tenant_id <> s.tenant_id and f.finished_at between s.queued_at and s.finished_at", single);
        var seconds = await bed.ScalarAsync<double>("select extract(epoch from finished_at - queued_at)::float8 from executions where id = $1", single);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"the single execution took {seconds * 1000:0} ms, in which {before} of the flood ended, while {left} of it were left, {(withRedis ? "with" : "without")} Redis");
        Assert.True(left > Flood / 3, $"The flood was nearly over ({left} left): it shows nothing.");
        Assert.True(before < Flood / 6, $"{before} of the flood ended before it.");
    }

    [Theory]
    [InlineData(ExecutionPriority.Low, ExecutionPriority.High)]
    [InlineData(ExecutionPriority.High, ExecutionPriority.Low)]
    public async Task A_flood_of_one_priority_starves_no_other(ExecutionPriority flood, ExecutionPriority other)
    {
        const int Flood = 3_000;
        await using var bed = await WorkerBed.CreateAsync(postgres, redis);
        var workflow = await CallsAsync(bed);
        await Task.WhenAll(Enumerable.Range(0, Flood).Select(_ => StartAsync(bed, bed.TenantId, workflow, "flood", priority: flood)));
        await bed.StartWorkerAsync(maxInFlight: 40);
        await Eventually.TrueAsync(() => bed.ScalarAsync<bool>("select count(*) > 100 from executions where finished_at is not null"), Patience, Token);

        await bed.EndOfAsync(await StartAsync(bed, bed.TenantId, workflow, "single", priority: other), Patience);

        var left = await bed.ScalarAsync<long>("select count(*) from executions where finished_at is null");
        Assert.True(left > Flood / 3, $"Only {left} of the flood were left.");
    }

    private async Task<Guid> CallsAsync(WorkerBed bed) => await bed.PublishAsync(
        $$$"""{"id": "call", "type": "http", "parameters": {"url": "{{{_url}}}?key={{ input.key }}", "method": "post"}, "retry": {"maxAttempts": 5, "initialDelaySeconds": 0.1} }""");

    private static Task<int> CopyAsync(WorkerBed bed, Guid workflow, Guid tenant) => bed.ExecuteAsync(
        """
        with w as (
          insert into workflows (tenant_id, id, job_id, name, published_version, created_at, updated_at) values ($2, $1, $2, 'copy', 1, now(), now())
        )
        insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at)
        select $2, workflow_id, number, definition, change_type, created_at from workflow_versions where workflow_id = $1
        """, workflow, tenant);

    private static async Task<Guid> StartAsync(
        WorkerBed bed, Guid tenant, Guid workflow, string key, ConcurrencyClaim? limit = null, ExecutionPriority priority = ExecutionPriority.Normal) =>
        Assert.IsType<StartOutcome.Started>(await bed.Starter.StartAsync(
            new NewExecution
            {
                TenantId = tenant,
                Id = Guid.CreateVersion7(),
                WorkflowId = workflow,
                Version = 1,
                TriggerType = "manual",
                Priority = priority,
                Input = Encoding.UTF8.GetBytes($$"""{"key": "{{key}}"}"""),
                Concurrency = limit,
            },
            Token)).Id;
}
