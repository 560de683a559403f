using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>A forgotten transaction keeps PostgreSQL from removing dead rows.</summary>
internal sealed class OldSnapshotBenchmark : IBenchmark
{
    private const int Executions = 2_000;
    private const int Connections = 100;
    private const int WarmUp = 8;
    private const int RoundsBefore = 5;
    private const int LastRounds = 10;

    private static readonly TimeSpan Held = TimeSpan.FromMinutes(3);

    public string Name => "old-snapshot";

    public string Description =>
        "`ten-step` for three minutes while another session holds a transaction with a snapshot open: the median of the last ten rounds beside that of five rounds before. Aim: less than 10 % loss.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("ten-step", Workloads.TenSteps());
        // Long enough for the code to be compiled: what is compared later would else win by having come later.
        long there = WarmUp * Executions;
        await Workloads.RunAsync(client, workflow, WarmUp * Executions, Connections);
        var before = new List<double>();
        for (var round = 0; round < RoundsBefore; round++)
        {
            before.Add(await RoundAsync());
        }

        await using var forgotten = await client.Database.OpenConnectionAsync();
        await using var transaction = await forgotten.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var snapshot = forgotten.CreateCommand())
        {
            snapshot.CommandText = "select count(*) from workers";
            await snapshot.ExecuteScalarAsync();
        }

        var during = new List<double>();
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Held)
        {
            during.Add(await RoundAsync());
        }

        await transaction.RollbackAsync();
        await client.VerifyStepsAsync(workflow, there, Workloads.Steps);
        var last = during.TakeLast(LastRounds).ToList();
        report("before", Workloads.Percentile(before, 0.5), "exec/s");
        report("after-three-minutes", Workloads.Percentile(last, 0.5), "exec/s");
        report("ratio", Workloads.Percentile(last, 0.5) / Workloads.Percentile(before, 0.5), "of the throughput before");

        async Task<double> RoundAsync()
        {
            var seconds = await Workloads.RunAsync(client, workflow, Executions, Connections);
            there += Executions;
            return Executions / seconds;
        }
    }
}
