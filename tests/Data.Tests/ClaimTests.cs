using Npgsql;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class ClaimTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Two_workers_never_claim_the_same_execution()
    {
        var keys = await StartManyAsync(_tenant, 500);
        var workers = new[] { await _stack.AddWorkerAsync(), await _stack.AddWorkerAsync() };
        var cancellationToken = TestContext.Current.CancellationToken;

        // Every worker hears of every execution, in another order, and both sweep besides.
        var claims = await Task.WhenAll(Enumerable.Range(0, 40).Select(async round =>
        {
            var worker = workers[round % 2];
            var some = keys.OrderBy(key => HashCode.Combine(key.Id, round)).Take(100).ToList();
            return round % 4 == 3
                ? await _stack.Sweeps.SweepAsync(worker, TimeProvider.System.GetUtcNow() + ClockSkew, 50, cancellationToken)
                : await _stack.Claims.ClaimAsync(worker, some, cancellationToken);
        }));

        var claimed = claims.SelectMany(claim => claim).ToList();
        Assert.Equal(claimed.Count, claimed.DistinctBy(claim => claim.Key).Count());
        Assert.All(claimed, claim => Assert.Equal(1, claim.Fence));
        Assert.Equal(500, claimed.Count + await _stack.ScalarAsync<long>("select count(*) from executions where status = 'queued'"));
        Assert.True(claimed.Count > 400, $"Only {claimed.Count} of 500 were claimed.");
    }

    [Fact]
    public async Task A_fenced_worker_claims_nothing()
    {
        var key = await _stack.StartAsync(_tenant);
        var worker = await _stack.AddWorkerAsync();
        await _stack.Registry.StopAsync(worker, TestContext.Current.CancellationToken);

        var byId = await Assert.ThrowsAsync<PostgresException>(() => _stack.Claims.ClaimAsync(worker, [key], TestContext.Current.CancellationToken));
        var bySweep = await Assert.ThrowsAsync<PostgresException>(
            () => _stack.Sweeps.SweepAsync(worker, TimeProvider.System.GetUtcNow() + ClockSkew, 10, TestContext.Current.CancellationToken));

        Assert.True(PostgresErrors.IsWorkerFenced(byId));
        Assert.True(PostgresErrors.IsWorkerFenced(bySweep));
        Assert.Equal("queued", await _stack.StatusOfAsync(key));
    }

    [Fact]
    public async Task A_worker_that_was_never_registered_claims_nothing()
    {
        var key = await _stack.StartAsync(_tenant);

        var error = await Assert.ThrowsAsync<PostgresException>(
            () => _stack.Claims.ClaimAsync(Guid.CreateVersion7(), [key], TestContext.Current.CancellationToken));

        Assert.True(PostgresErrors.IsWorkerFenced(error));
    }

    [Fact]
    public async Task An_id_claims_nothing_under_another_tenant()
    {
        var key = await _stack.StartAsync(_tenant);
        var other = await _stack.AddTenantAsync();

        Assert.Empty(await _stack.Claims.ClaimAsync(
            await _stack.AddWorkerAsync(), [new ExecutionKey(other.Id, key.Id)], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_sweep_serves_the_single_execution_of_a_tenant_beside_anothers_flood()
    {
        await StartManyAsync(_tenant, 300);
        var modest = await _stack.AddTenantAsync();
        var third = await _stack.AddTenantAsync();
        var single = await _stack.StartAsync(modest);
        await StartManyAsync(third, 5);

        var claimed = await _stack.Sweeps.SweepAsync(
            await _stack.AddWorkerAsync(), TimeProvider.System.GetUtcNow() + ClockSkew, 9, TestContext.Current.CancellationToken);

        Assert.Contains(single, claimed.Select(claim => claim.Key));
        Assert.Equal([4, 4], claimed.Where(claim => claim.Key != single).CountBy(claim => claim.Key.TenantId).Select(count => count.Value));
    }

    [Fact]
    public async Task A_sweep_over_a_span_of_time_takes_turns_among_tenants_and_priorities_too()
    {
        await StartManyAsync(_tenant, 300);
        var modest = await _stack.AddTenantAsync();
        var limited = await _stack.AddTenantAsync();
        var single = await _stack.StartAsync(modest);
        await _stack.StartAsync(limited);
        var urgent = await _stack.StartAsync(_tenant);
        await _stack.ScalarAsync<int>($"update executions set priority = 1 where id = '{urgent.Id}'; select 1");
        var now = TimeProvider.System.GetUtcNow();

        var claimed = await _stack.Sweeps.SweepRecentAsync(
            await _stack.AddWorkerAsync(), now - ClockSkew, now + ClockSkew, 4, TestContext.Current.CancellationToken, [limited.Id]);

        Assert.Equal(4, claimed.Count);
        Assert.Contains(single, claimed.Select(claim => claim.Key));
        Assert.Contains(urgent, claimed.Select(claim => claim.Key));
        Assert.DoesNotContain(limited.Id, claimed.Select(claim => claim.Key.TenantId));
    }

    [Fact]
    public async Task A_sweep_over_a_span_of_time_finds_what_was_queued_again_lately_however_old_it_is()
    {
        var old = await _stack.StartAsync(_tenant);
        var again = await _stack.StartAsync(_tenant);
        await _stack.ScalarAsync<int>("update executions set queued_at = now() - interval '1 hour'; select 1");
        await _stack.ScalarAsync<int>($"update executions set queued_at = now() where id = '{again.Id}'; select 1");
        var now = TimeProvider.System.GetUtcNow();

        var claimed = await _stack.Sweeps.SweepRecentAsync(
            await _stack.AddWorkerAsync(), now - ClockSkew, now + ClockSkew, 10, TestContext.Current.CancellationToken);

        Assert.Equal(again, Assert.Single(claimed).Key);
        Assert.Equal("queued", await _stack.StatusOfAsync(old));
    }

    // As a forgotten transaction brings it about: what ended can not be removed, and each sweep over the whole queue reads it again.
    [Fact]
    public async Task A_sweep_over_a_span_of_time_reads_nothing_that_was_done_before_it()
    {
        await using var connection = await _stack.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, TestContext.Current.CancellationToken);
        await using var snapshot = new NpgsqlCommand("select count(*) from workers", connection);
        await snapshot.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        for (var thousand = 0; thousand < 3; thousand++)
        {
            await StartManyAsync(_tenant, 1_000);
        }

        await _stack.ScalarAsync<int>("update executions set status = 'completed', finished_at = now(), queued_at = now() - interval '1 minute'; select 1");
        await _stack.ScalarAsync<int>("analyze executions; select 1");

        var whole = await PagesAsync("select count(*) from (select e.id from executions e where e.status = 'queued' order by e.tenant_id limit 1) q");
        var recent = await PagesAsync(
            "select count(*) from (select e.id from executions e where e.status = 'queued' and e.queued_at > now() + interval '1 second' order by e.queued_at limit 1) q");

        Assert.True(whole > 40, $"The whole queue took {whole} pages; the test shows nothing.");
        Assert.True(recent < 10, $"What was queued lately took {recent} pages.");

        async Task<int> PagesAsync(string query)
        {
            var plan = await _stack.ListAsync($"explain (analyze, buffers, format text, timing off, summary off) {query}");
            var buffers = plan.First(line => line.Contains("Buffers: shared", StringComparison.Ordinal));
            return System.Text.RegularExpressions.Regex.Matches(buffers, @"(?:hit|read)=(\d+)").Sum(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task The_sweep_takes_the_oldest_first_and_leaves_the_youngest_to_the_streams()
    {
        var keys = (await StartManyAsync(_tenant, 10)).OrderBy(key => key.Id).ToList();
        var worker = await _stack.AddWorkerAsync();

        Assert.Empty(await _stack.Sweeps.SweepAsync(
            worker, TimeProvider.System.GetUtcNow() - ClockSkew, 10, TestContext.Current.CancellationToken));
        var claimed = await _stack.Sweeps.SweepAsync(worker, TimeProvider.System.GetUtcNow() + ClockSkew, 4, TestContext.Current.CancellationToken);

        Assert.Equal(keys.Take(4), claimed.Select(claim => claim.Key).OrderBy(key => key.Id));
    }

    [Fact]
    public async Task The_sweep_passes_over_rows_that_another_session_holds()
    {
        var keys = await StartManyAsync(_tenant, 2);
        await using var connection = await _stack.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand("select from executions where id = $1 for update", connection) { Parameters = { new() { Value = keys[0].Id } } };
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        var claimed = await _stack.Sweeps.SweepAsync(
            await _stack.AddWorkerAsync(), TimeProvider.System.GetUtcNow() + ClockSkew, 10, TestContext.Current.CancellationToken);

        Assert.Equal(keys[1], Assert.Single(claimed).Key);
    }

    // The answer of a claim was lost: the rows say that the worker owns them, the worker knows nothing.
    [Fact]
    public async Task A_worker_hands_back_what_it_owns_without_knowing_and_only_under_that_fence()
    {
        var worker = await _stack.AddWorkerAsync();
        var known = await _stack.ClaimNewAsync(_tenant, worker);
        var unknown = await _stack.ClaimNewAsync(_tenant, worker);
        var ended = await _stack.ClaimNewAsync(_tenant, worker);
        await _stack.ClaimNewAsync(_tenant, await _stack.AddWorkerAsync());

        var owned = await _stack.Claims.ListOwnedAsync(worker, TestContext.Current.CancellationToken);
        Assert.Equal(new[] { known, unknown, ended }.Select(claim => claim.Key).ToHashSet(), owned.Select(row => row.Key).ToHashSet());
        await _stack.WriteAsync(worker, checkpoint => checkpoint.Finished.Add(ended.Finished()));
        var back = await _stack.Claims.HandBackAsync(worker, [.. owned.Where(row => row.Key != known.Key)], TestContext.Current.CancellationToken);

        Assert.Equal(unknown.Key, Assert.Single(back).Key);
        Assert.Equal("running", await _stack.StatusOfAsync(known.Key));
        Assert.Equal("completed", await _stack.StatusOfAsync(ended.Key));
        Assert.True((await _stack.ClaimAsync(unknown.Key, worker)).Fence > unknown.Fence + 1);
    }

    private async Task<List<ExecutionKey>> StartManyAsync(TestTenant tenant, int count)
    {
        var outcomes = await _stack.Starter.StartManyAsync(
            [.. Enumerable.Range(0, count).Select(_ => tenant.NewExecution())], TestContext.Current.CancellationToken);
        return [.. outcomes.Select(outcome => new ExecutionKey(tenant.Id, Assert.IsType<StartOutcome.Started>(outcome).Id))];
    }
}
