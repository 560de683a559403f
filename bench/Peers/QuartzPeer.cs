using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;

namespace Workflows.Peers;

/// <summary>What each trigger fires.</summary>
public sealed class DueJob : IJob
{
    private static long _fired;

    internal static long Fired => Interlocked.Read(ref _fired);

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _fired);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Quartz schedules only: 10,000 one-shot triggers that are due when the scheduler starts.</summary>
internal sealed class QuartzPeer : IPeer
{
    private const int Triggers = 10_000;
    private const int PerCall = 1_000;
    private const int Threads = 40;

    private const string LeftSql = "select count(*) from qrtz_triggers";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public string Name => "quartz";

    public IReadOnlyList<Type> Packages => [typeof(IScheduler)];

    public string Settings =>
        $"AdoJobStore on PostgreSQL, clustered, {Threads} threads, batches of as many triggers (its own), checked for "
        + "every second; 10,000 triggers of one stored job, all due when the scheduler starts, none late enough to "
        + "count as missed. A trigger that has fired is deleted, nothing of the run is kept.";

    public async Task RunAsync(PeerBed bed)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(options =>
            {
                options.InstanceName = "bench";
                options.GenerateInstanceId = true;
                options.IdleWaitTime = TimeSpan.FromSeconds(1);
            });
            quartz.UseDefaultThreadPool(Threads);
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(bed.ConnectionString);
                store.UseClustering(_ => { });
                store.ProvisionSchema();
                store.ConfigureStore(options => options.MisfireThreshold = TimeSpan.FromHours(1));
            });
        });
        using var host = builder.Build();
        var scheduler = await host.Services.GetRequiredService<ISchedulerFactory>().GetScheduler();
        await ScheduleAsync(scheduler);
        await bed.MeasureAsync("schedules", "schedules/s", Triggers, async () =>
        {
            await scheduler.Start();
            await UntilFiredAsync(bed);
        });
        await scheduler.Shutdown(waitForJobsToComplete: true);
        await bed.VerifyAsync(LeftSql, 0);
        if (DueJob.Fired != Triggers)
        {
            throw new InvalidOperationException($"{DueJob.Fired} of {Triggers} triggers have fired.");
        }
    }

    private static async Task ScheduleAsync(IScheduler scheduler)
    {
        var job = JobBuilder.Create<DueJob>().WithIdentity("due").StoreDurably().Build();
        var due = TimeProvider.System.GetUtcNow();
        for (var call = 0; call < Triggers / PerCall; call++)
        {
            ITrigger[] triggers =
            [
                .. Enumerable.Range(call * PerCall, PerCall).Select(number =>
                    TriggerBuilder.Create().WithIdentity($"due-{number}").ForJob(job).StartAt(due).Build()),
            ];
            await scheduler.ScheduleJobs(
                new Dictionary<IJobDetail, IReadOnlyCollection<ITrigger>> { [job] = triggers },
                new ScheduleJobOptions { Replace = true });
        }
    }

    private static async Task UntilFiredAsync(PeerBed bed)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (DueJob.Fired < Triggers || await bed.CountAsync(LeftSql) > 0)
        {
            await Task.Delay(Poll, patience.Token);
        }
    }
}
