using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>Whether all that was accepted is done, once: in the database and at the ledger outside.</summary>
internal sealed class LedgerCheck(PlatformClient client)
{
    private const string UnfinishedSql =
        "select count(*) from executions where tenant_id = any ($1) and finished_at is null";

    private const string StatusSql = """
        select array(select id::text || ' ' || status from executions where tenant_id = $1 and workflow_id = $2)
        """;

    private const string StepsSql = """
        select count(*) from step_executions s join executions e on e.tenant_id = s.tenant_id and e.id = s.execution_id
        where e.tenant_id = $1 and e.workflow_id = $2 and s.status = 'completed'
        """;

    private const string TwiceSql = """
        select count(*) from (
          select from step_executions where tenant_id = $1 and status = 'completed'
          group by execution_id, node_id, iteration, run having count(*) > 1) twice
        """;

    private const string GapsSql = """
        select count(*) from (
          select from step_executions where tenant_id = $1
          group by execution_id having max(sequence) <> count(*) or min(sequence) <> 1) gaps
        """;

    private const string LeftSql = """
        select (select count(*) from waits where tenant_id = $1) + (select count(*) from timers where tenant_id = $1)
        """;

    private const string BookedSql = "select count(*) from events where tenant_id = $1 and type = $2";

    private const string BookedOnceSql =
        "select count(distinct subject) from events where tenant_id = $1 and type = $2";

    private const string FiredSql = """
        select count(*) from schedule_fires f
        where f.tenant_id = $1 and f.schedule_id = $2 and f.outcome = 'started'
        """;

    private const string CompletedSql =
        "select count(*) from executions where tenant_id = $1 and workflow_id = $2 and status = 'completed'";

    private const string AllSql = "select count(*) from executions where tenant_id = $1 and workflow_id = $2";

    private const string EventsSql = "select count(*) from events where tenant_id = $1 and type = $2";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly List<string> _problems = [];

    /// <summary>What is not equal, a sentence each.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Waits until nothing runs any more.</summary>
    public async Task SettleAsync(IReadOnlyList<TenantLoad> loads)
    {
        var tenants = loads.Select(load => load.Id).ToArray();
        var deadline = TimeProvider.System.GetUtcNow() + Patience;
        while (await client.ScalarAsync<long>(UnfinishedSql, tenants) is > 0 and var unfinished)
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                _problems.Add(
                    $"{unfinished} executions have not ended {Patience.TotalMinutes:0} minutes after the load");
                return;
            }

            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    /// <summary>Compares a tenant's load with what is stored.</summary>
    public async Task CheckAsync(TenantLoad load)
    {
        foreach (var workflow in load.Started)
        {
            await CheckAsync(load, workflow);
        }

        var parents = load.Parent.Executions.Count;
        await EqualAsync(parents, $"{load.Name}: children", AllSql, load.Id, load.ChildId);
        await EqualAsync(parents, $"{load.Name}: children completed", CompletedSql, load.Id, load.ChildId);
        await EqualAsync(load.Events, $"{load.Name}: events stored", EventsSql, load.Id, $"{load.Name}.asked");
        await EqualAsync(load.Events, $"{load.Name}: answers of the rule", AllSql, load.Id, load.Answer);
        await EqualAsync(load.Events, $"{load.Name}: answers completed", CompletedSql, load.Id, load.Answer);
        var fired = await client.ScalarAsync<long>(FiredSql, load.Id, load.Schedule);
        await EqualAsync(fired, $"{load.Name}: executions of the schedule", AllSql, load.Id, load.Tick);
        await EqualAsync(fired, $"{load.Name}: completed of the schedule", CompletedSql, load.Id, load.Tick);
        var orders = load.Started.Single(workflow => workflow.Id == load.Order).Executions.Count;
        await EqualAsync(orders, $"{load.Name}: events emitted", BookedSql, load.Id, $"{load.Name}.booked");
        await EqualAsync(orders, $"{load.Name}: orders in them", BookedOnceSql, load.Id, $"{load.Name}.booked");
        await EqualAsync(0, $"{load.Name}: steps recorded twice", TwiceSql, load.Id);
        await EqualAsync(0, $"{load.Name}: executions with gaps", GapsSql, load.Id);
        await EqualAsync(0, $"{load.Name}: waits and timers left", LeftSql, load.Id);
    }

    /// <summary>Whether the ledger saw each call of each order, under its key.</summary>
    /// <returns>Calls that were repeated.</returns>
    public int CheckCalls(IReadOnlyList<TenantLoad> loads, Ledger ledger)
    {
        var expected = loads
            .SelectMany(load => load.Started.Single(workflow => workflow.Id == load.Order).Executions)
            .SelectMany(id => new[] { $"{id:N}.reserve", $"{id:N}.book" })
            .ToHashSet(StringComparer.Ordinal);
        Compare(expected.Except(ledger.Calls.Keys), "calls never reached the ledger");
        Compare(ledger.Calls.Keys.Except(expected), "calls reached the ledger and belong to no order");
        return ledger.Calls.Values.Sum() - ledger.Calls.Count;
    }

    private async Task CheckAsync(TenantLoad load, Accepted workflow)
    {
        var accepted = workflow.Executions.ToHashSet();
        if (accepted.Count != workflow.Executions.Count)
        {
            _problems.Add($"{workflow.Name}: {workflow.Executions.Count - accepted.Count} ids were given out twice");
        }

        var stored = (await client.ScalarAsync<string[]>(StatusSql, load.Id, workflow.Id))
            .Select(line => line.Split(' ')).ToDictionary(parts => Guid.Parse(parts[0]), parts => parts[1]);
        Compare(accepted.Except(stored.Keys), $"{workflow.Name}: accepted executions are lost");
        Compare(stored.Keys.Except(accepted), $"{workflow.Name}: executions are there that nobody started");
        Compare(
            stored.Where(entry => entry.Value != "completed").Select(entry => $"{entry.Key} {entry.Value}"),
            $"{workflow.Name}: executions did not complete");
        await EqualAsync(
            (long)accepted.Count * workflow.StepsEach, $"{workflow.Name}: steps", StepsSql, load.Id, workflow.Id);
    }

    private void Compare<T>(IEnumerable<T> wrong, string what)
    {
        if (wrong.ToList() is { Count: > 0 } found)
        {
            _problems.Add(string.Create(
                CultureInfo.InvariantCulture, $"{found.Count} {what}: {string.Join(", ", found.Take(5))}"));
        }
    }

    private async Task EqualAsync(long expected, string what, string sql, params object[] parameters)
    {
        var found = await client.ScalarAsync<long>(sql, parameters);
        if (found != expected)
        {
            _problems.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {found} instead of {expected}"));
        }
    }
}
