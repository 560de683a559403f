using Workflows.Data.Models;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Models.Tests;

/// <summary>What calls cost is known and bounded, whoever makes them and whoever dies.</summary>
public sealed class LedgerTests(PostgresServer postgres) : IAsyncLifetime
{
    private ModelBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bed = await ModelBed.StartAsync(postgres);
        await _bed.AddModelAsync("openai", set: "max_output_tokens = 10");
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task The_sums_of_a_day_are_those_of_its_calls()
    {
        var workspace = Guid.CreateVersion7();
        _bed.Provider.Next(new ProviderAnswer(), new ProviderAnswer { Status = 400 });
        await _bed.Caller.CallAsync(_bed.Request("openai", "One", workspace: workspace), Token);
        await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Two", workspace: workspace), Token));
        await _bed.CallerOfWorkers().CallAsync(_bed.Request("openai", "Three", workspace: workspace), Token);

        var day = Assert.Single(await _bed.UsageAsync());
        var calls = await _bed.CallsAsync();

        Assert.Equal((3, 1), (day.GetProperty("calls").GetInt32(), day.GetProperty("failures").GetInt32()));
        Assert.Equal(
            calls.Sum(row => row.GetProperty("cost").GetDecimal()), day.GetProperty("cost").GetDecimal());
        Assert.Equal(
            calls.Sum(row => row.GetProperty("output_tokens").GetInt64()), day.GetProperty("output_tokens").GetInt64());
    }

    [Fact]
    public async Task The_same_call_is_paid_once()
    {
        var first = await _bed.Caller.CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token);
        var again = await _bed.CallerOfWorkers().CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token);
        var streamed = await _bed.StreamAsync(_bed.Request("openai", "Hello", key: "step-1"));

        Assert.Single(_bed.Provider.Calls);
        Assert.False(first.IsRecorded);
        Assert.True(again.IsRecorded);
        Assert.Equal((first.Text, first.CallId), (again.Text, again.CallId));
        Assert.Equal(["=" + first.Text], streamed);
        Assert.Single(await _bed.CallsAsync());
    }

    [Fact]
    public async Task A_call_that_failed_may_be_made_again_under_its_key()
    {
        _bed.Provider.Next(new ProviderAnswer { Status = 400 });
        await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token));

        var answer = await _bed.Caller.CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token);

        Assert.False(answer.IsRecorded);
        Assert.Equal(2, (await _bed.CallsAsync()).Count);
    }

    [Fact]
    public async Task A_call_whose_process_died_counts_as_what_was_reserved()
    {
        await _bed.Ledger.BeginAsync(await LostAsync("step-1"), Token); // and the process is gone

        var answer = await _bed.Caller.CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token);

        Assert.False(answer.IsRecorded);
        var rows = await _bed.CallsAsync();
        Assert.Equal(["lost", "succeeded"], rows.Select(row => row.GetProperty("status").GetString()));
        Assert.Equal(0.5m, rows[0].GetProperty("cost").GetDecimal());
        Assert.Equal(0.5m + answer.CostUsd, (await _bed.UsageAsync()).Sum(row => row.GetProperty("cost").GetDecimal()));
    }

    [Fact]
    public async Task A_lost_call_is_found_also_when_nobody_makes_it_again_and_its_late_end_changes_nothing()
    {
        var call = await LostAsync(key: null);
        await _bed.Ledger.BeginAsync(call, Token);
        await _bed.ExecuteAsync("update model_calls set started_at = now() - interval '2 hours'");
        var workers = new ModelLedger(_bed.Worker);

        Assert.Equal(1, await workers.LoseAsync(100, TimeSpan.FromHours(1), Token));
        Assert.Equal(0, await workers.LoseAsync(100, TimeSpan.FromHours(1), Token));
        await _bed.Ledger.EndAsync(
            call.TenantId, call.Id, new ModelCallEnd("succeeded", 9, 1, 1, TimeSpan.FromSeconds(1)), Token);

        Assert.Equal(0.5m, Assert.Single(await _bed.UsageAsync()).GetProperty("cost").GetDecimal());
    }

    [Fact]
    public async Task Calls_at_once_do_not_go_beyond_a_budget_that_stops()
    {
        // A call costs 0.02 by its reservation of 10 tokens out, and less in the end.
        await AddBudgetAsync(amount: 10);
        _bed.Provider.Delay = TimeSpan.FromMilliseconds(300);

        var calls = await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            try
            {
                return (await _bed.Caller.CallAsync(_bed.Request("openai", "Hello"), Token)).Model;
            }
            catch (ModelException exception)
            {
                return exception.Code;
            }
        }));

        var spent = (await _bed.UsageAsync()).Sum(row => row.GetProperty("cost").GetDecimal());
        Assert.Contains(ModelErrorCodes.Budget, calls);
        Assert.InRange(spent, 0.02m, 0.10m);
        Assert.Equal(calls.Count(call => call == "openai"), _bed.Provider.Calls.Count);
    }

    [Fact]
    public async Task A_budget_of_a_workspace_stops_that_workspace_alone()
    {
        var (mine, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await AddBudgetAsync(amount: 1, workspace: mine);

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Hello", workspace: mine), Token));
        await _bed.Caller.CallAsync(_bed.Request("openai", "Hello", workspace: other), Token);
        await _bed.Caller.CallAsync(_bed.Request("openai", "Hello"), Token);

        Assert.Equal(ModelErrorCodes.Budget, error.Code);
        Assert.False(error.IsTransient);
        Assert.Contains("\"B\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_called_so_often_a_minute_and_says_when_again()
    {
        await _bed.ExecuteAsync("update models set calls_per_minute = 2");
        await _bed.Caller.CallAsync(_bed.Request("openai", "One"), Token);
        await _bed.Caller.CallAsync(_bed.Request("openai", "Two"), Token);

        var error = await Assert.ThrowsAsync<ModelException>(
            () => _bed.Caller.CallAsync(_bed.Request("openai", "Three"), Token));

        Assert.Equal(ModelErrorCodes.RateLimited, error.Code);
        Assert.InRange(error.RetryAfter!.Value.TotalSeconds, 50, 60);
        Assert.Equal(2, _bed.Provider.Calls.Count);
    }

    [Fact]
    public async Task Answers_and_calls_are_kept_as_long_as_they_may_be()
    {
        await _bed.Caller.CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token);
        var workers = new ModelLedger(_bed.Worker);

        Assert.Equal(0, await workers.ForgetAnswersAsync(100, TimeSpan.FromHours(1), Token));
        Assert.Equal(1, await workers.ForgetAnswersAsync(100, TimeSpan.Zero, Token));
        Assert.False((await _bed.Caller.CallAsync(_bed.Request("openai", "Hello", key: "step-1"), Token)).IsRecorded);
        Assert.Equal(2, await workers.ExpireAsync(100, TimeSpan.Zero, Token));
        Assert.Equal(2, Assert.Single(await _bed.UsageAsync()).GetProperty("calls").GetInt32());
    }

    private async Task<ModelCallStart> LostAsync(string? key) => new(
        Guid.CreateVersion7(),
        _bed.TenantId,
        (await new ModelStore(_bed.Worker).FindAsync(_bed.TenantId, "openai", "chat", Token))!,
        "openai",
        "node",
        Reserved: 0.5m)
    {
        IdempotencyKey = key,
    };

    private Task AddBudgetAsync(int amount, Guid? workspace = null) => _bed.ExecuteAsync(
        """
        insert into budgets (tenant_id, id, name, kind, period, amount, thresholds, hard_stop, workspace_id, created_at, updated_at)
        values ($1, $2, 'B', 'modelCost', 'month', $3, '{100}', true, nullif($4, '00000000-0000-0000-0000-000000000000'::uuid),
          now(), now())
        """,
        _bed.TenantId, Guid.CreateVersion7(), (long)amount, workspace ?? Guid.Empty);
}
