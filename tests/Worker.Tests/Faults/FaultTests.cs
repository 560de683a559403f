using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Faults;

/// <summary>
/// Two workers under load while something breaks, on a PostgreSQL that is as durable as in production. After each fault: nothing is lost, each step is
/// recorded once with its result, and every effect reached the ledger outside at least once, always under the same key.
/// </summary>
public sealed class FaultTests(FaultTests.Servers servers) : IClassFixture<FaultTests.Servers>, IAsyncLifetime
{
    private const int Executions = 400;
    private const int Steps = 10;
    private const int InFlight = 60;

    private static readonly TimeSpan EffectDuration = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private WorkerBed _bed = null!;
    private TargetServer _ledger = null!;
    private Guid _workflow;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _ledger = await TargetServer.StartAsync();
        var url = _ledger.On("/effect", async (context, _) =>
        {
            await Task.Delay(EffectDuration, TimeProvider.System, context.RequestAborted);
            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        });
        _bed = await WorkerBed.CreateAsync(servers.Postgres, servers.Redis);
        _workflow = await _bed.PublishAsync(
            string.Join(',', Enumerable.Range(1, Steps).Select(step => step % 5 == 3
                ? $$$"""{"id": "s{{{step}}}", "type": "http", "parameters": {"url": "{{{url}}}", "method": "post"}, "retry": {"maxAttempts": 5, "initialDelaySeconds": 0.2} }"""
                : $$$"""{"id": "s{{{step}}}", "type": "set", "effect": true, "parameters": {"value": {"n": "{{ input.n }}", "step": {{{step}}} } } }""")),
            string.Join(',', Enumerable.Range(1, Steps - 1).Select(step => $"s{step}>s{step + 1}")));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Fact]
    public async Task A_killed_workers_executions_go_on_elsewhere_within_seconds()
    {
        var (victim, _) = (await StartAsync(), await StartAsync());
        await UnderLoadAsync(async () =>
        {
            var owned = await _bed.ListAsync("select id::text from executions where lease_owner = $1", victim.WorkerId);
            Assert.NotEmpty(owned);
            await victim.KillAsync();
            var watch = Stopwatch.StartNew();

            // By the fence, which each owner raises: what the survivor took up may have ended before anybody looks.
            const string Fences = "select coalesce(sum(fence), 0)::bigint from executions where id = any ($1::uuid[])";
            var fences = await _bed.ScalarAsync<long>(Fences, [owned.ToArray()]);
            await Eventually.TrueAsync(
                async () => await _bed.ScalarAsync<long>(Fences, [owned.ToArray()]) > fences, Patience, Token);
            Report($"{owned.Count} executions of the killed worker went on after {watch.Elapsed.TotalSeconds:0.00} s");
        });
    }

    [Fact]
    public async Task A_worker_that_froze_for_longer_than_its_lease_changes_nothing_afterwards_and_goes_on_under_a_new_id()
    {
        var (victim, _) = (await StartAsync(), await StartAsync());
        await UnderLoadAsync(async () =>
        {
            victim.Freeze();
            await Eventually.TrueAsync(
                () => _bed.ScalarAsync<bool>("select status = 'fenced' from workers where id = $1", victim.WorkerId), Patience, Token);
            victim.Thaw();
            await Eventually.TrueAsync(
                async () => await _bed.ScalarAsync<long>("select count(*) from workers where status = 'active'") == 2, Patience, Token);
        });
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from executions where lease_owner = $1", victim.WorkerId));
    }

    [Fact]
    public async Task Ended_sessions_of_the_database_are_made_anew()
    {
        _ = (await StartAsync(), await StartAsync());
        await UnderLoadAsync(async () =>
        {
            for (var round = 0; round < 5; round++)
            {
                // A commit under way when its session is ended still counts as progress, so the round before may have left no session to end.
                await Eventually.TrueAsync(
                    () => _bed.ScalarAsync<bool>("select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity where usename = 'workflows_worker' and datname = current_database()"),
                    Patience, Token);
                var finished = await FinishedAsync();
                await Eventually.TrueAsync(async () => await FinishedAsync() is var now && (now > finished || now == Executions), Patience, Token);
            }
        });
    }

    [Fact]
    public async Task A_crash_of_the_database_loses_nothing()
    {
        _ = (await StartAsync(), await StartAsync());
        await UnderLoadAsync(async () =>
        {
            var watch = Stopwatch.StartNew();
            await servers.Postgres.StopImmediateAsync();
            await servers.Postgres.RestartAsync();
            Report($"PostgreSQL was away for {watch.Elapsed.TotalSeconds:0.00} s");
            await _bed.AnswersAgainAsync();
            var finished = await FinishedAsync();
            await Eventually.TrueAsync(async () => await FinishedAsync() > finished, Patience, Token);
            Report($"executions ended again {watch.Elapsed.TotalSeconds:0.00} s after the crash");
        });
    }

    [Fact]
    public async Task A_killed_and_emptied_redis_loses_nothing()
    {
        _ = (await StartAsync(), await StartAsync());
        await UnderLoadAsync(async () =>
        {
            await using (var admin = await ConnectionMultiplexer.ConnectAsync($"{servers.Redis.ConnectionString},allowAdmin=true"))
            {
                await admin.GetDatabase().ExecuteAsync("FLUSHALL");
            }

            await servers.Redis.KillAsync();
            var finished = await FinishedAsync();
            await Eventually.TrueAsync(async () => await FinishedAsync() > finished, Patience, Token);
            await servers.Redis.RestartAsync();
        });
    }

    [Fact]
    public async Task A_stopped_worker_hands_over_and_no_effect_is_repeated()
    {
        var (leaving, _) = (await StartAsync(), await StartAsync());
        await UnderLoadAsync(async () =>
        {
            await leaving.StopAsync();
            Assert.Equal(0, leaving.ExitCode);
            Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from executions where lease_owner = $1", leaving.WorkerId));
            Assert.Equal("stopped", await _bed.ScalarAsync<string>("select status from workers where id = $1", leaving.WorkerId));
        });
        Assert.Equal(2 * Executions, _ledger.Calls.Count);
    }

    [Fact]
    public async Task A_call_that_outlasts_the_grace_is_handed_over_with_its_execution()
    {
        var arrived = new TaskCompletionSource();
        var url = _ledger.On("/slow", async (context, count) =>
        {
            if (count == 1)
            {
                arrived.SetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await context.Response.WriteAsync("ok");
        });
        var leaving = await _bed.StartWorkerAsync(stopGraceSeconds: 0.5);
        var execution = await _bed.StartAsync(await _bed.PublishAsync($$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}"}}"""));
        await arrived.Task.WaitAsync(Patience, Token);

        await leaving.StopAsync();
        Assert.Equal((0, "queued"), (leaving.ExitCode, await _bed.StatusOfAsync(execution)));
        await StartAsync();

        Assert.Equal("completed", (await _bed.EndOfAsync(execution, Patience)).Status);
        Assert.Equal([$"{execution:N}.c", $"{execution:N}.c"], _ledger.Calls.Select(call => call.IdempotencyKey));
    }

    // The claim was committed, and the connection broke before its answer: by the rows a living worker owns what it has never heard of.
    [Fact]
    public async Task Executions_whose_claim_had_no_answer_are_handed_back()
    {
        var worker = await StartAsync();
        var execution = await _bed.StartAsync(_workflow);
        await _bed.EndOfAsync(execution, Patience);
        var orphan = Guid.CreateVersion7();
        await _bed.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, status, lease_owner, fence, queued_at, started_at)
            values ($1, $2, $3, 1, 'manual', '{"n": 1}', 'running', $4, 1, now(), now())
            """, _bed.TenantId, orphan, _workflow, worker.WorkerId);

        Assert.Equal("completed", (await _bed.EndOfAsync(orphan, Patience)).Status);
    }

    private Task<WorkerProcess> StartAsync() => _bed.StartWorkerAsync(InFlight);

    private async Task UnderLoadAsync(Func<Task> fault)
    {
        await _bed.StartManyAsync(_workflow, Executions);
        await Eventually.TrueAsync(() => _ledger.Calls.Count > InFlight, Patience, Token);
        Assert.True(await FinishedAsync() < Executions / 2, "The load was over before the fault: it shows nothing.");
        await fault();
        await Eventually.TrueAsync(async () => await FinishedAsync() == Executions, Patience, Token);

        Assert.Empty(await _bed.ListAsync("select distinct error::text from executions where error is not null"));
        Assert.Equal(["completed"], await _bed.ListAsync("select distinct status from executions"));
        Assert.Equal(Executions * Steps, await _bed.ScalarAsync<long>("select count(*) from step_executions where status = 'completed'"));
        Assert.Equal(0, await _bed.ScalarAsync<long>(
            "select count(*) from (select from step_executions where status = 'completed' group by execution_id, node_id having count(*) > 1) x"));
        Assert.Equal(0, await _bed.ScalarAsync<long>(
            "select count(*) from (select from step_executions group by execution_id having count(distinct sequence) <> count(*) or max(sequence) <> count(*)) x"));
        Assert.Equal(0, await _bed.ScalarAsync<long>(
            """
            select count(*) from step_executions s join executions e on e.id = s.execution_id
            where s.node_type = 'set' and (s.output ->> 'n')::int <> (e.input ->> 'n')::int
            """));
        var expected = await _bed.ListAsync("select replace(id::text, '-', '') || '.' || n from executions cross join unnest(array['s3', 's8']) n");
        Assert.Equal(expected.ToHashSet(), _ledger.Calls.Select(call => call.IdempotencyKey).ToHashSet());
        Report($"{_ledger.Calls.Count - (2 * Executions)} of {2 * Executions} effects were sent again");
        await _bed.AssertNothingWaitsAsync();
    }

    private Task<long> FinishedAsync() => _bed.ScalarAsync<long>("select count(*) from executions where finished_at is not null");

    private static void Report(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);

    /// <summary>Servers of their own: these tests crash them.</summary>
    public sealed class Servers : IAsyncLifetime
    {
        public PostgresServer Postgres { get; private set; } = null!;

        public RedisServer Redis { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Postgres = await PostgresServer.StartAsync(durable: true);
            Redis = await RedisServer.StartAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Redis.DisposeAsync();
            await Postgres.DisposeAsync();
        }
    }
}
