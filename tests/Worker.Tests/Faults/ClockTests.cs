using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Faults;

/// <summary>
/// Machines whose time of day is set an hour forward and back while executions run: two workers and the API's stores, each on a clock of its own. Nothing is lost
/// or recorded twice, each timer fires once and when the database's clock says, and no healthy worker is given up.
/// </summary>
public sealed class ClockTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private const double DelaySeconds = 1.5;
    private const int StepsEach = 5;

    // What a busy machine may add between the decision and the row; a jump is 3,600.
    private const double ToleranceSeconds = 5;

    private static readonly int[] Hours = [1, 0, -1, 0, 1, -1, 1, 0, -1, 0];
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly JumpingClock _api = new(), _first = new(), _second = new();

    private WorkerBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await WorkerBed.CreateAsync(postgres, redis, _api);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Clocks_that_jump_by_an_hour_change_nothing()
    {
        await using var ledger = await TargetServer.StartAsync();
        var workflow = await _bed.PublishAsync(
            $$$$"""
            {"id": "begin", "type": "set", "effect": true, "parameters": {"value": {"order": "{{ input.order }}"}}},
            {"id": "call", "type": "http", "parameters": {"url": "{{{{RefusingOnce(ledger)}}}}", "method": "post"}, "timeoutSeconds": 20,
             "retry": {"maxAttempts": 5, "initialDelaySeconds": 3, "maxDelaySeconds": 3}},
            {"id": "delay", "type": "delay", "parameters": {"seconds": {{{{DelaySeconds}}}}}},
            {"id": "until", "type": "waitUntil", "parameters": {"instant": "{{ $millis() + {{{{DelaySeconds * 1000}}}} }}"}},
            {"id": "payment", "type": "waitForEvent", "parameters": {"eventType": "paid", "correlation": "input.order", "timeoutSeconds": 900}}
            """,
            "begin>call, call>delay, delay>until, until>payment",
            """, "settings": {"timeoutSeconds": 1800}""");
        await WatchTimersAsync();
        var ticking = await _bed.PublishAsync("""{"id": "tick", "type": "noop"}""");
        await AddScheduleAsync(ticking);
        List<Guid> started;
        await using (await StartAsync(_first))
        await using (await StartAsync(_second))
        {
            started = await JumpUnderLoadAsync(workflow);
            await _bed.ExecuteAsync("update schedules set enabled = false");
            await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select not exists (select from executions where finished_at is null)"), Patience, Token);
            Assert.Equal(["active", "active"], await _bed.ListAsync("select status from workers")); // neither gave up nor was given up
        }

        await AssertRecordedOnceAsync(workflow, started);
        await AssertTimersAsync();
        Assert.True(await _bed.ScalarAsync<bool>("select count(*) = extract(epoch from max(tick) - min(tick)) + 1 and count(*) > 10 from schedule_fires"));
        Assert.True(await _bed.ScalarAsync<bool>("select max(fired_at - tick) < interval '5 seconds' and min(fired_at - tick) >= interval '0' from schedule_fires"));
        Assert.Equal(started.Count * 2, ledger.Calls.Count); // refused once each
        await _bed.AssertNothingWaitsAsync();
    }

    private async Task<List<Guid>> JumpUnderLoadAsync(Guid workflow)
    {
        var started = new List<Guid>();
        using var stop = new CancellationTokenSource();
        var feeding = FeedAsync(workflow, started, stop.Token);
        var recoveries = new List<double>();
        foreach (var hours in Hours)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, Token);
            (_first.Offset, _second.Offset, _api.Offset) = (TimeSpan.FromHours(hours), TimeSpan.FromHours(-hours), TimeSpan.FromHours(hours));
            var began = Stopwatch.GetTimestamp();
            var probe = await StartOneAsync(workflow, started);
            await Eventually.TrueAsync(
                () => _bed.ScalarAsync<bool>("select exists (select from step_executions where execution_id = $1 and node_id = 'delay' and status = 'completed')", probe), Patience, Token);
            recoveries.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        await stop.CancelAsync();
        await feeding;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"jumps of {string.Join(", ", Hours)} h: a retry of up to 3 s and a delay of {DelaySeconds} s were over after {string.Join(", ", recoveries.Select(seconds => $"{seconds:0.0}"))} s; {started.Count} executions");
        return started;
    }

    private async Task FeedAsync(Guid workflow, List<Guid> started, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await StartOneAsync(workflow, started);
            await Task.Delay(Between, TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task<Guid> StartOneAsync(Guid workflow, List<Guid> started)
    {
        var order = Guid.CreateVersion7().ToString();
        var id = await _bed.StartAsync(workflow, $$"""{"order": "{{order}}"}""");
        lock (started)
        {
            started.Add(id);
        }

        await _bed.SendAsync("paid", order); // at once: the wait for it opens seconds later and looks back
        return id;
    }

    private static string RefusingOnce(TargetServer ledger)
    {
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        return ledger.On("/effect", async (context, _) =>
        {
            context.Response.StatusCode = seen.TryAdd(context.Request.Headers["Idempotency-Key"].ToString(), true) ? 503 : 200;
            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        });
    }

    private Task<WorkerHost> StartAsync(JumpingClock clock) => WorkerHost.StartAsync(_bed, clock, ("Worker:LeaseSeconds", "5"));

    // The rows of timers are gone once they fired, and what workers write says what their clocks said: so the database notes both by its own.
    private async Task WatchTimersAsync() => await _bed.ExecuteAsync(
        """
        create table watched_timers (execution_id uuid, node_id text, attempt int, kind text, happened text, due_at timestamptz, at timestamptz default clock_timestamp());
        create function watch_timer() returns trigger language plpgsql security definer set search_path = public as $$
        begin
          if tg_op = 'INSERT' then
            insert into watched_timers values (new.execution_id, new.node_id, new.attempt, new.kind, 'set', new.due_at);
          else
            insert into watched_timers values (old.execution_id, old.node_id, old.attempt, old.kind, 'gone', old.due_at);
          end if;
          return null;
        end $$;
        create trigger watched after insert or delete on timers for each row execute function watch_timer();
        """);

    private async Task AddScheduleAsync(Guid workflow) => await _bed.ExecuteAsync(
        """
        insert into schedules (tenant_id, id, name, workflow_id, cron, anchor_at, next_tick, next_fire_at, created_at, updated_at)
        values ($1, $2, 'ticks', $2, '* * * * * *', now(), date_trunc('second', now()), date_trunc('second', now()), now(), now())
        """, _bed.TenantId, workflow);

    private async Task AssertRecordedOnceAsync(Guid workflow, List<Guid> started)
    {
        Assert.Equal(started.Count, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'completed' and id = any ($2)", workflow, started.ToArray()));
        Assert.Equal(started.Count * StepsEach, await _bed.ScalarAsync<long>("select count(*) from step_executions s where s.execution_id = any ($1) and s.status = 'completed'", started.ToArray()));
        Assert.Equal(0, await _bed.ScalarAsync<long>(
            "select count(*) from (select from step_executions where execution_id = any ($1) group by execution_id having max(sequence) <> count(*)) gaps", started.ToArray()));
        // Nobody's hour got into what is shown.
        Assert.Equal(0, await _bed.ScalarAsync<long>(
            "select count(*) from step_executions where finished_at - started_at not between interval '-0.1 seconds' and interval '1 minute' or finished_at > now() + interval '1 second' or started_at < now() - interval '10 minutes'"));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from executions where finished_at - queued_at not between interval '-0.1 seconds' and interval '2 minutes'"));
    }

    private async Task AssertTimersAsync()
    {
        // Each one was set once and went once.
        Assert.Equal(0, await _bed.ScalarAsync<long>(
            "select count(*) from (select from watched_timers where kind = 'wait' group by execution_id, node_id, attempt having count(*) filter (where happened = 'set') <> 1 or count(*) filter (where happened = 'gone') <> 1) odd"));
        var off = await _bed.ListAsync(
            """
            select concat_ws(' ', s.node_id, 'set for', s.due_at - s.at, 'went', g.at - s.due_at, 'after')
            from watched_timers s join watched_timers g using (execution_id, node_id, attempt, kind)
            where s.kind = 'wait' and s.happened = 'set' and g.happened = 'gone'
              and (s.node_id in ('delay', 'until') and (abs(extract(epoch from s.due_at - s.at) - $1) > $2 or extract(epoch from g.at - s.due_at) not between 0 and $2)
                or s.node_id = 'payment' and abs(extract(epoch from s.due_at - s.at) - 900) > $2
                or s.node_id = 'call' and extract(epoch from s.due_at - s.at) not between -$2 and 3 + $2)
            """, DelaySeconds, ToleranceSeconds);
        Assert.Empty(off);
        Assert.True(await _bed.ScalarAsync<long>("select count(*) from watched_timers where node_id = 'call' and kind = 'wait'") > 0, "No retry became a durable timer.");
    }
}
