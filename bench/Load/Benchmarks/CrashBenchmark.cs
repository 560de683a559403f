using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>A worker dies, or freezes, in the midst of the load.</summary>
internal sealed class CrashBenchmark : IBenchmark
{
    private const int Executions = 5_000;
    private const int Connections = 100;
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    private const string CompletedSql = "select count(*) from executions where workflow_id = $1 and status = 'completed'";

    private const string TwiceSql = """
        select count(*) - count(distinct (s.execution_id, s.node_id))
        from step_executions s join executions e on e.tenant_id = s.tenant_id and e.id = s.execution_id
        where e.workflow_id = $1
        """;

    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public string Name => "crash";

    public string Description =>
        "One of two workers is killed (SIGKILL) or frozen for 20 s and let go on (SIGSTOP, SIGCONT) in the midst of 5,000 ten-step executions; five rounds of "
        + "each. Aim: none lost, no step recorded twice, what it owned goes on within 3 s.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("crash", Workloads.TenSteps());
        await Workloads.RunAsync(client, workflow, 500, Connections);
        long there = 500;
        foreach (var (signal, name) in new[] { (Kill, "kill"), (Stop, "freeze") })
        {
            var recoveries = new List<double>();
            for (var round = 0; round < 5; round++)
            {
                recoveries.Add(await RoundAsync(platform, client, workflow, there, signal));
                there += Executions;
                await client.VerifyStepsAsync(workflow, there, Workloads.Steps);
            }

            // Each round is verified above and throws otherwise; what is reported is counted all the same.
            var id = Guid.Parse(workflow);
            report($"{name}-lost", there - await client.ScalarAsync<long>(CompletedSql, id), "executions");
            report($"{name}-recorded-twice", await client.ScalarAsync<long>(TwiceSql, id), "steps");
            report($"{name}-goes-on-p50", Workloads.Percentile(recoveries, 0.5), "s");
            report($"{name}-goes-on-max", recoveries.Max(), "s");
        }
    }

    private static async Task<double> RoundAsync(Platform platform, PlatformClient client, string workflow, long there, int signal)
    {
        var load = Workloads.StartAsync(client, workflow, Executions, Connections);
        await WaitForStartedAsync(client, workflow, there + (Executions / 3));
        var victim = platform.Processes().Last(process => process.Resource == "worker");
        var alive = await client.ScalarAsync<Guid[]>("select array(select id from workers where status = 'active')");
        Platform.Signal(victim, signal);
        var recovery = await WaitForRescueAsync(client, alive, Stopwatch.GetTimestamp());
        await load;
        if (signal == Stop)
        {
            await Task.Delay(Frozen, CancellationToken.None);
            Platform.Signal(victim, Continue);
        }

        await client.WaitForCompletedAsync(workflow, there + Executions, TimeSpan.FromMinutes(2));
        if (signal == Kill)
        {
            await platform.OrderAsync($"restart worker-{victim.Replica}");
        }

        return recovery;
    }

    private static async Task WaitForStartedAsync(PlatformClient client, string workflow, long count)
    {
        while ((await client.CountByStatusAsync(workflow)).Values.Sum() < count)
        {
            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    // What the dead worker owned is queued and announced by the transaction that fences its row.
    private static async Task<double> WaitForRescueAsync(PlatformClient client, Guid[] alive, long died)
    {
        while (Stopwatch.GetElapsedTime(died) < TimeSpan.FromSeconds(30))
        {
            if (await client.ScalarAsync<long>("select count(*) from workers where id = any ($1) and status = 'fenced'", alive) > 0)
            {
                return Stopwatch.GetElapsedTime(died).TotalSeconds;
            }

            await Task.Delay(Poll, CancellationToken.None);
        }

        throw new InvalidOperationException("The executions of the dead worker were not taken over within 30 s.");
    }
}
