using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class StartTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Concurrent_starts_of_several_tenants_are_all_stored_each_under_its_tenant()
    {
        var other = await _stack.AddTenantAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 400).Select(index =>
            _stack.Starter.StartAsync((index % 2 == 0 ? _tenant : other).NewExecution($$"""{"n": {{index}}}"""), TestContext.Current.CancellationToken)));

        Assert.All(outcomes, outcome => Assert.IsType<StartOutcome.Started>(outcome));
        Assert.Equal(200, await CountAsync(_tenant));
        Assert.Equal(200, await CountAsync(other));
    }

    [Fact]
    public async Task The_same_request_under_the_same_key_is_started_once()
    {
        var first = await StartAsync("key", "body");
        var second = await StartAsync("key", "body");

        Assert.Equal(Assert.IsType<StartOutcome.Started>(first).Id, Assert.IsType<StartOutcome.AlreadyStarted>(second).Id);
        Assert.Equal(1, await CountAsync(_tenant));
    }

    [Fact]
    public async Task Another_request_under_the_same_key_is_refused()
    {
        await StartAsync("key", "body");

        Assert.IsType<StartOutcome.KeyReused>(await StartAsync("key", "other"));
        Assert.Equal(1, await CountAsync(_tenant));
    }

    [Fact]
    public async Task A_key_is_the_tenants_own()
    {
        await StartAsync("key", "body");
        var other = await _stack.AddTenantAsync();

        Assert.IsType<StartOutcome.Started>(
            await _stack.Starter.StartAsync(other.NewExecution(idempotency: Claim("key", "other")), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Requests_under_one_key_within_one_call_are_told_apart_by_their_bodies()
    {
        var outcomes = await _stack.Starter.StartManyAsync(
            [
                _tenant.NewExecution(idempotency: Claim("a", "1")), _tenant.NewExecution(idempotency: Claim("a", "1")),
                _tenant.NewExecution(idempotency: Claim("a", "2")), _tenant.NewExecution(idempotency: Claim("b", "1")),
                _tenant.NewExecution(), _tenant.NewExecution(idempotency: Claim("a", "1")),
            ],
            TestContext.Current.CancellationToken);

        var started = Assert.IsType<StartOutcome.Started>(outcomes[0]).Id;
        Assert.Equal(Repeated(started), outcomes[1]);
        Assert.IsType<StartOutcome.KeyReused>(outcomes[2]);
        Assert.IsType<StartOutcome.Started>(outcomes[3]);
        Assert.IsType<StartOutcome.Started>(outcomes[4]);
        Assert.Equal(Repeated(started), outcomes[5]);
        Assert.Equal(3, await CountAsync(_tenant));
    }

    [Fact]
    public async Task A_thousand_requests_under_one_key_cost_few_round_trips()
    {
        await using var commands = new CommandCount(_stack);
        var before = await commands.ReadAsync();
        var outcomes = await _stack.Starter.StartManyAsync(
            [.. Enumerable.Range(0, Limits.BulkStart).Select(_ => _tenant.NewExecution(idempotency: Claim("a", "1")))], TestContext.Current.CancellationToken);

        Assert.Single(outcomes.OfType<StartOutcome.Started>());
        Assert.Equal(Limits.BulkStart - 1, outcomes.OfType<StartOutcome.AlreadyStarted>().Count());
        Assert.InRange(await commands.ReadAsync() - before, 1, 40);
    }

    [Fact]
    public async Task Two_starters_with_the_same_keys_at_once_start_each_key_once()
    {
        await using var second = new ExecutionStarter(_stack.Api, _stack.Dispatch, TimeProvider.System);
        var outcomes = await Task.WhenAll(new[] { _stack.Starter, second }.SelectMany(starter => Enumerable.Range(0, 300).Select(index => starter.StartAsync(
            _tenant.NewExecution(idempotency: Claim($"key {(index * 7) % 100}", "body")), TestContext.Current.CancellationToken))));

        Assert.Equal(100, outcomes.OfType<StartOutcome.Started>().Count());
        Assert.Equal(500, outcomes.OfType<StartOutcome.AlreadyStarted>().Count());
        Assert.Equal(100, await CountAsync(_tenant));
        Assert.Equal(
            outcomes.OfType<StartOutcome.Started>().Select(outcome => outcome.Id).Order(),
            outcomes.OfType<StartOutcome.AlreadyStarted>().Select(outcome => outcome.Id).Distinct().Order());
    }

    [Fact]
    public async Task An_expired_key_may_be_used_anew()
    {
        var first = Assert.IsType<StartOutcome.Started>(await StartAsync("key", "body")).Id;
        await _stack.ExecuteAsync("update idempotency_keys set expires_at = now() - interval '1 second'");

        var second = Assert.IsType<StartOutcome.Started>(await StartAsync("key", "other body")).Id;

        Assert.NotEqual(first, second);
        Assert.Equal(Repeated(second), await StartAsync("key", "other body"));
    }

    [Fact]
    public async Task More_than_a_call_may_start_is_refused()
    {
        var tooMany = Enumerable.Range(0, Limits.BulkStart + 1).Select(_ => _tenant.NewExecution()).ToList();

        await Assert.ThrowsAsync<ArgumentException>(() => _stack.Starter.StartManyAsync(tooMany, TestContext.Current.CancellationToken));
        Assert.Equal(0, await CountAsync(_tenant));
    }

    [Fact]
    public async Task A_refused_start_fails_alone_with_its_batch_and_the_next_one_succeeds()
    {
        await Assert.ThrowsAsync<Npgsql.PostgresException>(
            () => _stack.Starter.StartAsync(_tenant.NewExecution("{no json"), TestContext.Current.CancellationToken));

        Assert.IsType<StartOutcome.Started>(await _stack.Starter.StartAsync(_tenant.NewExecution(), TestContext.Current.CancellationToken));
    }

    // The status of now and the version of then: a later publication changes nothing of what was started.
    [Fact]
    public async Task A_repetition_answers_what_became_of_the_first_start()
    {
        var first = Assert.IsType<StartOutcome.Started>(await StartAsync("key", "body")).Id;
        await _stack.ExecuteAsync(
            "update executions set status = 'completed', finished_at = now(), version = 7 where id = $1", first);
        Assert.Equal(new StartOutcome.AlreadyStarted(first) { Status = "completed", Version = 7 },
            await StartAsync("key", "body"));

        await _stack.ExecuteAsync("delete from executions where id = $1", first);
        Assert.Equal(new StartOutcome.AlreadyStarted(first), await StartAsync("key", "body"));
    }

    private static StartOutcome.AlreadyStarted Repeated(Guid id) => new(id) { Status = "queued", Version = 1 };

    private Task<StartOutcome> StartAsync(string key, string body) =>
        _stack.Starter.StartAsync(_tenant.NewExecution(idempotency: Claim(key, body)), TestContext.Current.CancellationToken);

    private static IdempotencyClaim Claim(string key, string body) => new("executions", key, System.Text.Encoding.UTF8.GetBytes(body));

    private Task<long> CountAsync(TestTenant tenant) => _stack.ScalarAsync<long>("select count(*) from executions where tenant_id = $1", tenant.Id);

    /// <summary>Statements that the api's role has run, as the server counts them.</summary>
    private sealed class CommandCount(DataStack stack) : IAsyncDisposable
    {
        private bool _created;

        public async Task<long> ReadAsync()
        {
            if (!_created)
            {
                await stack.ExecuteAsync("create extension if not exists pg_stat_statements");
                _created = true;
            }

            return await stack.ScalarAsync<long>(
                """
                select coalesce(sum(calls), 0)::bigint from pg_stat_statements s
                where s.dbid = (select oid from pg_database where datname = current_database()) and s.userid = 'workflows_api'::regrole
                """);
        }

        public async ValueTask DisposeAsync() => await stack.ExecuteAsync("drop extension if exists pg_stat_statements");
    }
}
