using System.Globalization;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Prompts;

/// <summary>Runs of test sets on real workers that are killed, models that fail, and money that runs out.</summary>
public sealed class PromptTestRunTests(PostgresServer server) : IAsyncLifetime
{
    private WorkerBed _bed = null!;
    private ProviderServer _provider = null!;
    private Guid _card;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _provider = await ProviderServer.StartAsync();
        _bed = await WorkerBed.CreateAsync(server, redis: null);
        await _bed.AddConnectorAsync(
            "c", "model", ("provider", "compatible"), ("baseUrl", $"{_provider.Address}/v1"), ("apiKey", "sk"));
        await _bed.ExecuteAsync(
            """
            insert into models (tenant_id, id, name, kind, connector_id, model, input_price, output_price, is_default,
              created_at, updated_at)
            select $1, gen_random_uuid(), k, k, c.id, 'x', 1000, 1000, true, now(), now()
            from connectors c cross join unnest(array['chat', 'embedding']) k where c.tenant_id = $1
            """, _bed.TenantId);
        _card = Guid.CreateVersion7();
        await _bed.ExecuteAsync(
            """
            with c as (
              insert into prompt_cards (tenant_id, id, workspace_id, title, messages, variables, created_at, updated_at)
              values ($1, $2, $1, 't', '[]', '[]', now(), now()) returning *
            )
            insert into prompt_versions (tenant_id, card_id, number, messages, variables, settings, created_at)
            select tenant_id, id, 1, '[{"role": "user", "text": "Hello {{ name }}"}]',
              '[{"name": "name", "type": "string"}]',
              '{}', now() from c
            """, _bed.TenantId, _card);
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_the_midst_costs_no_question_and_none_twice()
    {
        _provider.Delay = TimeSpan.FromSeconds(1);
        var run = await StartAsync(
            12,
            """[{"type": "contains", "value": "Hello n"}, {"type": "judge", "value": "Kind?", "limit": 0}]""");
        var victim = await _bed.StartWorkerAsync();
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select done > 1 from prompt_test_runs where id = $1", run), Minute, Token);
        await victim.KillAsync();
        await _bed.StartWorkerAsync();

        await UntilAsync(run, "completed");
        Assert.Equal(
            "12 12 12", await _bed.ScalarAsync<string>(
                "select concat_ws(' ', total, done, passed) from prompt_test_runs where id = $1", run));
        Assert.True(await _bed.ScalarAsync<bool>(
            """
            select r.used = sum(e.cost_usd) and bool_and(
              e.status = 'done' and e.passed and e.llm_provider = 'compatible')
            from prompt_test_runs r join test_executions e on e.run_id = r.id where r.id = $1 group by r.used
            """, run));
        // Each question is one call in the ledger, and each judgement another, whoever asked.
        Assert.Equal(24, await _bed.ScalarAsync<long>("select count(*) from model_calls where status = 'succeeded'"));
    }

    [Fact]
    public async Task Passing_failures_are_tried_again_and_lasting_ones_told()
    {
        _provider.Next(
            [.. Enumerable.Repeat(new ProviderAnswer { Status = 503 }, 3)]); // one call with its own tries
        var passing = await StartAsync(1, """[{"type": "similarity", "value": "You said: Hello n0", "limit": 0.99}]""");
        await _bed.StartWorkerAsync();
        await UntilAsync(passing, "completed");
        Assert.Equal(
            "2 t", await _bed.ScalarAsync<string>(
                "select concat_ws(' ', attempts, passed) from test_executions where run_id = $1", passing));

        _provider.Next(new ProviderAnswer { Status = 401 });
        var lasting = await StartAsync(1, """[{"type": "equals", "value": "x"}]""");
        await UntilAsync(lasting, "completed");
        Assert.Equal(
            "MODEL_UNAUTHORIZED f", await _bed.ScalarAsync<string>(
                "select concat_ws(' ', error ->> 'code', passed) from test_executions where run_id = $1", lasting));
    }

    [Fact]
    public async Task At_its_cost_limit_a_run_ends_with_what_was_answered()
    {
        _provider.Delay = TimeSpan.FromMilliseconds(200);
        var run = await StartAsync(100, """[{"type": "contains", "value": "Hello"}]""", limit: 0.02m);
        await _bed.StartWorkerAsync();

        await UntilAsync(run, "cost_limit");
        Assert.True(await _bed.ScalarAsync<bool>(
            """
            select r.used >= 0.02 and r.done between 1 and 60
              and r.done = count(*) filter (where e.status = 'done')
              and count(*) filter (where e.status = 'skipped') = 100 - r.done
            from prompt_test_runs r join test_executions e on e.run_id = r.id where r.id = $1 group by r.used, r.done
            """, run));
    }

    [Fact]
    public async Task A_worker_that_stops_gives_back_what_it_has()
    {
        _provider.Delay = TimeSpan.FromSeconds(30);
        var run = await StartAsync(1, """[{"type": "contains", "value": "Hello"}]""");
        var worker = await _bed.StartWorkerAsync();
        await Eventually.TrueAsync(() => Task.FromResult(!_provider.Calls.IsEmpty), Minute, Token);
        await worker.StopAsync();

        Assert.Equal("pending", await _bed.ScalarAsync<string>(
            "select status from test_executions where run_id = $1 and due_at <= now()", run));
    }

    private static TimeSpan Minute => TimeSpan.FromSeconds(90);

    private Task UntilAsync(Guid run, string status) => Eventually.TrueAsync(
        async () => await _bed.ScalarAsync<string>("select status from prompt_test_runs where id = $1", run) == status,
        Minute, Token, $"{run} is {status}");

    private async Task<Guid> StartAsync(int cases, string assertions, decimal? limit = null)
    {
        var run = Guid.CreateVersion7();
        var all = string.Join(',', Enumerable.Range(0, cases).Select(number =>
            $$"""{"name": "c{{number}}", "variables": {"name": "n{{number}}"}, "assertions": {{assertions}}}"""));
        await _bed.ExecuteAsync(
            """
            insert into prompt_test_runs (tenant_id, id, card_id, workspace_id, set_id, set_name, cases, models,
              versions,
              repeats, total, cost_limit, created_at)
            values ($1, $2, $3, $1, $2, 's', $4::jsonb, '{""}', '{1}', 1, $5, nullif($6, '')::numeric, now())
            """, _bed.TenantId, run, _card, $"[{all}]", cases, limit?.ToString(CultureInfo.InvariantCulture) ?? "");
        await _bed.ExecuteAsync(
            """
            insert into test_executions (tenant_id, id, kind, prompt_card_id, workspace_id, run_id, case_name,
              card_number,
              model, status, due_at, created_at)
            select $1, gen_random_uuid(), 'test', $3, $1, $2, 'c' || n, 1, '', 'pending', now(), now()
            from generate_series(0, $4 - 1) n
            """, _bed.TenantId, run, _card, cases);
        return run;
    }
}
