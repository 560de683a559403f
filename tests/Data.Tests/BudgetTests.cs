using Npgsql;
using Workflows.Data.Budgets;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Budgets: what is counted, told once and stopped.</summary>
public sealed class BudgetTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private BudgetRounds _rounds = null!;
    private Guid _worker;
    private Guid _owner;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
        _rounds = new BudgetRounds(_stack.Worker);
        _owner = await AddOwnerAsync(_tenant);
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Executions_that_ended_and_those_that_have_not_count_and_those_of_others_do_not()
    {
        var budget = await AddAsync("executions", 100);
        await EndAsync(_tenant, 3, steps: 5);
        await _stack.StartAsync(_tenant); // queued
        await _stack.ClaimNewAsync(_tenant, _worker); // running
        await EndAsync(await _stack.AddTenantAsync(), 2, steps: 1);

        Assert.Equal(1, (await _rounds.RunAsync(TimeSpan.Zero, Token)).Budgets);

        Assert.Equal(5, await UsedAsync(budget));
        Assert.Equal("3 15", await _stack.ScalarAsync<string>(
            "select executions || ' ' || steps from usage_daily where tenant_id = $1", _tenant.Id));
    }

    [Fact]
    public async Task Steps_count_when_their_execution_has_ended_and_once_however_often_its_checkpoint_is_sent()
    {
        var budget = await AddAsync("steps", 1_000);
        await EndAsync(_tenant, 4, steps: 25);

        await _rounds.RunAsync(TimeSpan.Zero, Token);

        Assert.Equal(100, await UsedAsync(budget));
    }

    // Eight workers look at the same moment, again and again: each threshold is told once, to each person once.
    [Fact]
    public async Task A_threshold_of_a_period_is_told_once_with_many_workers_looking_at_once()
    {
        await AddAsync("executions", 10, "mail = true, thresholds = '{10,50,100}'");
        await EndAsync(_tenant, 5, steps: 1);

        var rounds = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                var alerts = 0;
                for (var count = 0; count < 10; count++)
                {
                    alerts += (await _rounds.RunAsync(TimeSpan.Zero, Token)).Alerts;
                }

                return alerts;
            }, Token)));

        Assert.Equal(2, rounds.Sum());
        Assert.Equal(
            ["10", "50"], await _stack.ListAsync("select threshold::text from budget_alerts order by threshold"));
        Assert.Equal(
            ["budget warning Budget \"b\": 50 % reached|5 of 10 executions of the month are used."],
            await _stack.ListAsync(
                "select concat_ws(' ', kind, level, title) || '|' || body from notifications where user_id = $1",
                _owner));
        Assert.Equal(1, await _stack.ScalarAsync<long>(
            "select count(*) from mails where tenant_id = $1 and kind = 'budget' and sent_at is null", _tenant.Id));
    }

    [Fact]
    public async Task A_round_that_does_not_commit_tells_nobody_and_the_next_one_tells()
    {
        await AddAsync("executions", 1, "hard_stop = true");
        await EndAsync(_tenant, 1, steps: 1);
        await _stack.ExecuteAsync("alter table budget_stops add constraint dies check (name <> 'b')");

        await Assert.ThrowsAsync<PostgresException>(() => _rounds.RunAsync(TimeSpan.Zero, Token));
        Assert.Equal(0, await _stack.ScalarAsync<long>(
            "select (select count(*) from budget_alerts) + (select count(*) from notifications)"));

        await _stack.ExecuteAsync("alter table budget_stops drop constraint dies");
        Assert.Equal(2, (await _rounds.RunAsync(TimeSpan.Zero, Token)).Alerts);
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from notifications"));
    }

    [Fact]
    public async Task Those_who_are_named_are_told_instead_of_the_owners()
    {
        var person = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, 'named@b.c', 'named', 'N', now(), now())
            """, _tenant.Id, person);
        await AddAsync("executions", 1, $"notify_kinds = array['user'], notify_ids = array['{person}'::uuid]");
        await EndAsync(_tenant, 1, steps: 1);

        Assert.Equal(1, (await _rounds.RunAsync(TimeSpan.Zero, Token)).Told);

        Assert.Equal([person.ToString()], await _stack.ListAsync("select user_id::text from notifications"));
    }

    [Fact]
    public async Task A_budget_that_is_used_up_stops_starts_where_that_was_asked_for_until_the_period_ends()
    {
        var queue = new QueueBudget(_stack.Api, TimeProvider.System);
        await AddAsync("executions", 2, "hard_stop = true");
        await EndAsync(_tenant, 1, steps: 1);
        await _rounds.RunAsync(TimeSpan.Zero, Token);
        Assert.Null(await queue.FindStopAsync(_tenant.Id, Token));

        await EndAsync(_tenant, 1, steps: 1);
        await _rounds.RunAsync(TimeSpan.Zero, Token);

        var fresh = new QueueBudget(_stack.Api, TimeProvider.System);
        var stop = await fresh.FindStopAsync(_tenant.Id, Token);
        Assert.Equal("b", stop!.Name);
        Assert.InRange(stop.Left, TimeSpan.FromTicks(1), TimeSpan.FromDays(31));
        Assert.True(await _stack.ScalarAsync<bool>(
            """
            select until = (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC'
            from budget_stops
            """));
        Assert.Null(await fresh.FindStopAsync((await _stack.AddTenantAsync()).Id, Token));
        await _stack.ExecuteAsync("update budgets set amount = 100");
        await _rounds.RunAsync(TimeSpan.Zero, Token);
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from budget_stops"));
    }

    [Fact]
    public async Task A_budget_without_a_hard_stop_and_one_that_is_switched_off_stop_nothing()
    {
        await AddAsync("executions", 1);
        var off = await AddAsync("executions", 1, "hard_stop = true, enabled = false", name: "off");
        await EndAsync(_tenant, 2, steps: 1);

        Assert.Equal(1, (await _rounds.RunAsync(TimeSpan.Zero, Token)).Budgets);

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from budget_stops"));
        Assert.Equal(0, await UsedAsync(off));
    }

    [Fact]
    public async Task A_budget_that_was_measured_a_moment_ago_is_left_out()
    {
        await AddAsync("executions", 10);
        await _rounds.RunAsync(TimeSpan.Zero, Token);

        Assert.Equal(0, (await _rounds.RunAsync(TimeSpan.FromMinutes(1), Token)).Budgets);
    }

    [Fact]
    public async Task A_schedule_notes_what_it_does_not_start_and_starts_again_afterwards()
    {
        await StopAsync();
        await _stack.ExecuteAsync(
            """
            insert into schedules
              (tenant_id, id, name, workflow_id, cron, anchor_at, next_tick, next_fire_at, created_at, updated_at)
            values ($1, $2, 's', $3, '* * * * * *', now(), date_trunc('second', now()), now(), now(), now())
            """, _tenant.Id, Guid.CreateVersion7(), _tenant.WorkflowId);

        var fired = await _stack.Firing.FireDueAsync(10, Token);

        Assert.Equal((1, 0), (fired.Schedules, fired.Started));
        Assert.Contains(
            "refused the budget 'b' is used up",
            await _stack.ListAsync("select distinct concat_ws(' ', outcome, reason) from schedule_fires"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions"));
        await _stack.ExecuteAsync("update budget_stops set until = now()");
        await _stack.ExecuteAsync("update schedules set next_tick = now(), next_fire_at = now()");
        Assert.True((await _stack.Firing.FireDueAsync(10, Token)).Started > 0);
    }

    [Fact]
    public async Task An_event_is_taken_and_what_it_would_start_is_noted_as_refused()
    {
        await StopAsync();
        await _stack.AddEventTriggerAsync(_tenant, "t", "order.created");

        var id = await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.created"));

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions"));
        Assert.Equal(
            ["false refused: the budget \"b\" is used up"],
            await _stack.ListAsync(
                "select concat_ws(' ', matched::text, reason) from event_matches where event_id = $1", id));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from events_to_route"));
    }

    [Fact]
    public async Task What_waits_goes_on_while_starts_are_stopped()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.EventWait("n", "paid", "k"));
            checkpoint.Parked.Add(owned.Parked());
        });
        await StopAsync();

        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", "k"));

        Assert.Equal("queued", await _stack.StatusOfAsync(owned.Key));
    }

    [Fact]
    public async Task A_start_from_sql_is_refused_by_name()
    {
        await StopAsync();
        var role = $"shop_{Guid.CreateVersion7():N}";
        await _stack.ExecuteAsync($"create role {role} login password 'shop'");
        await _stack.ExecuteAsync("select workflows.grant_client($1, $2)", role, _tenant.Id);
        await using var shop = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(_stack.Options.ConnectionString) { Username = role, Password = "shop" }
                .ConnectionString);
        await using var enqueue = shop.CreateCommand("select workflows.enqueue('Workflow')");

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => enqueue.ExecuteNonQueryAsync(Token));

        Assert.Equal(("WF015", "The budget \"b\" is used up."), (refusal.SqlState, refusal.MessageText));
        await _stack.ExecuteAsync("delete from budget_stops");
        await enqueue.ExecuteNonQueryAsync(Token);
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Fact]
    public async Task Storage_is_measured_by_one_worker_and_a_budget_on_it_is_used_up()
    {
        var usage = new UsageStore(_stack.Worker);
        var budget = await AddAsync("storage", 50_000, "hard_stop = true, thresholds = '{100}'");
        var other = await _stack.AddTenantAsync();
        await _stack.ExecuteAsync(
            """
            insert into events (tenant_id, id, event_id, source, type, data, received_at)
            select $1, new_uuid_v7(), n::text, '/s', 't',
              to_jsonb((select string_agg(md5(n || '-' || k), '') from generate_series(1, 100) k)), now()
            from generate_series(1, 30) n
            """, _tenant.Id);

        var measured = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => usage.MeasureStorageAsync(TimeSpan.FromMinutes(59), Token)));

        Assert.Single(measured, done => done);
        var bytes = await _stack.ScalarAsync<long>(
            "select storage_bytes from usage_daily where tenant_id = $1", _tenant.Id);
        Assert.InRange(bytes, 30 * 3_000, 30 * 4_500);
        Assert.InRange(
            await _stack.ScalarAsync<long>("select storage_bytes from usage_daily where tenant_id = $1", other.Id),
            0, 1_000);
        await _rounds.RunAsync(TimeSpan.Zero, Token);
        Assert.Equal(bytes, await UsedAsync(budget));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from budget_stops"));
    }

    [Fact]
    public async Task Old_days_and_alerts_go_and_the_rest_stays()
    {
        var usage = new UsageStore(_stack.Worker);
        await AddAsync("executions", 1);
        await EndAsync(_tenant, 1, steps: 1);
        await _rounds.RunAsync(TimeSpan.Zero, Token);
        await _stack.ExecuteAsync(
            "insert into usage_daily (tenant_id, day, executions) values ($1, '2020-01-01', 7)", _tenant.Id);
        await _stack.ExecuteAsync("update budget_alerts set at = now() - interval '2 years' where threshold = 80");

        Assert.Equal(1, await usage.ExpireAsync(10, TimeSpan.FromDays(365), Token));
        Assert.Equal(1, await _rounds.ExpireAlertsAsync(10, TimeSpan.FromDays(365), Token));

        Assert.Equal(["1"], await _stack.ListAsync("select executions::text from usage_daily"));
        Assert.Equal(["100"], await _stack.ListAsync("select threshold::text from budget_alerts"));
    }

    [Fact]
    public async Task An_invoice_that_was_issued_changes_its_status_and_nothing_else_whoever_tries()
    {
        await _stack.ExecuteAsync(
            """
            insert into invoices (tenant_id, id, number, currency, period_start, period_end, lines, net, tax, total,
              status, issued_at, created_at, updated_at)
            values ($1, $1, '1', 'EUR', '2026-11-01', '2026-11-30', '[]', 10, 2, 12, 'issued', now(), now(), now())
            """, _tenant.Id);

        foreach (var change in new[]
        {
            "total = 13, net = 11", "number = '2'", "status = 'draft', issued_at = null", "lines = '[1]'",
            "issued_at = now() + interval '1 day'",
        })
        {
            var refusal = await Assert.ThrowsAsync<PostgresException>(
                () => _stack.ExecuteAsync($"update invoices set {change}"));
            Assert.True(refusal.SqlState == "WF016", $"{change}: {refusal.SqlState} {refusal.MessageText}");
        }

        Assert.Equal(1, await _stack.ExecuteAsync("update invoices set status = 'paid', paid_at = now()"));
        Assert.Equal(1, await _stack.ExecuteAsync(
            "update invoices set status = 'void', paid_at = null, voided_at = now()"));
    }

    private async Task<Guid> AddOwnerAsync(TestTenant tenant)
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, 'a@b.c', 'a', 'A', now(), now())
            """, tenant.Id, id);
        await _stack.ExecuteAsync(
            """
            insert into roles (tenant_id, id, name, permissions, built_in, created_at, updated_at)
            values ($1, $2, 'owner', '{}', true, now(), now())
            """, tenant.Id, id);
        await _stack.ExecuteAsync("insert into user_roles values ($1, $2, $2)", tenant.Id, id);
        return id;
    }

    private async Task<Guid> AddAsync(string kind, long amount, string? change = null, string name = "b")
    {
        var id = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into budgets (tenant_id, id, name, kind, period, amount, thresholds, created_at, updated_at)
            values ($1, $2, $5, $3, 'month', $4, '{80,100}', now(), now())
            """, _tenant.Id, id, kind, amount, name);
        if (change is not null)
        {
            await _stack.ExecuteAsync($"update budgets set {change} where id = $1", id);
        }

        return id;
    }

    private async Task StopAsync()
    {
        var budget = await AddAsync("executions", 1, "hard_stop = true");
        await _stack.ExecuteAsync(
            """
            insert into budget_stops (tenant_id, budget_id, name, until)
            values ($1, $2, 'b', now() + interval '1 day')
            """, _tenant.Id, budget);
    }

    private Task<long> UsedAsync(Guid budget) =>
        _stack.ScalarAsync<long>("select used from budgets where id = $1", budget);

    private async Task EndAsync(TestTenant tenant, int executions, int steps)
    {
        for (var count = 0; count < executions; count++)
        {
            var owned = await _stack.ClaimNewAsync(tenant, _worker);
            var finished = owned.Finished() with { Steps = steps };
            await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
            await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
        }

        while (await _stack.Performance.FoldAsync(100, Token) > 0)
        {
        }
    }
}
