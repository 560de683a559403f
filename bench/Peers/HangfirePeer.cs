using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.States;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Workflows.Load;

namespace Workflows.Peers;

/// <summary>What Hangfire runs. It stores what a job returns with its last state.</summary>
public static class HangfireJobs
{
    public static void Noop(string input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Progress.CountJob();
    }

    public static string Step(string order, int number)
    {
        Progress.CountStep(number);
        return Workloads.StepResult(order, number);
    }
}

/// <summary>
/// Hangfire has jobs of one step. Ten steps are a job and nine continuations, made when the execution is started.
/// </summary>
internal sealed class HangfirePeer : IPeer
{
    private const int Workers = 40;

    private const string SucceededSql = "select count(*) from hangfire.job where statename = 'Succeeded'";

    private const string StepsSql = """
        select count(*) / 10 from hangfire.state
        where name = 'Succeeded' and length(data ->> 'Result') > 1000
        """;

    private const string UnequalSql = """
        select count(*) from (
          select from hangfire.state where name = 'Succeeded' group by jobid having count(*) <> 1) unequal
        """;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);

    public string Name => "hangfire";

    public IReadOnlyList<Type> Packages => [typeof(BackgroundJob), typeof(PostgreSqlStorage)];

    public string Settings =>
        $"{Workers} workers (its own would be five per core, at most 20), sliding invisibility timeout, queues polled "
        + "every 50 ms (the least it takes); for latency also long polling by LISTEN/NOTIFY, which is quicker there "
        + "and slower under load, since commits that notify wait for each other. Ten steps are a job and nine "
        + "continuations, made when the execution is started.";

    public async Task RunAsync(PeerBed bed)
    {
        var input = Workloads.Text(PeerInput.Bytes);
        using (var host = await StartAsync(bed, isLongPolling: false))
        {
            var jobs = host.Services.GetRequiredService<IBackgroundJobClient>();
            await bed.MeasureNoopAsync(
                _ => Task.Run(() => jobs.Enqueue(() => HangfireJobs.Noop(input))),
                () => bed.CountAsync(SucceededSql));
            await bed.MeasureTenStepAsync(
                number => Task.Run(() => Start(jobs, $"{number}")), () => bed.CountAsync(StepsSql));
            await host.StopAsync();
        }

        using (var host = await StartAsync(bed, isLongPolling: true))
        {
            var jobs = host.Services.GetRequiredService<IBackgroundJobClient>();
            var storage = host.Services.GetRequiredService<JobStorage>();
            await bed.MeasureLatencyAsync(async number =>
            {
                var last = Start(jobs, $"{number}");
                using var connection = storage.GetConnection();
                while (connection.GetStateData(last)?.Name != SucceededState.StateName)
                {
                    await Task.Delay(Poll, CancellationToken.None);
                }
            });
            await host.StopAsync();
        }

        await bed.VerifyAsync(UnequalSql, 0);
    }

    private static async Task<IHost> StartAsync(PeerBed bed, bool isLongPolling)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddHangfire(configuration => configuration
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer()
            .UseRecommendedSerializerSettings()
            .UsePostgreSqlStorage(
                storage => storage.UseNpgsqlConnection(bed.ConnectionString),
                new PostgreSqlStorageOptions
                {
                    EnableLongPolling = isLongPolling,
                    QueuePollInterval = TimeSpan.FromMilliseconds(50),
                    UseSlidingInvisibilityTimeout = true,
                }));
        builder.Services.AddHangfireServer(server =>
        {
            server.WorkerCount = Workers;
            server.SchedulePollingInterval = TimeSpan.FromSeconds(1);
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static string Start(IBackgroundJobClient jobs, string order)
    {
        var last = jobs.Enqueue(() => HangfireJobs.Step(order, 1));
        for (var step = 2; step <= Workloads.Steps; step++)
        {
            var number = step;
            last = jobs.ContinueJobWith(last, () => HangfireJobs.Step(order, number));
        }

        return last;
    }
}
