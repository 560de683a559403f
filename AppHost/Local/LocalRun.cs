using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Workflows.AppHost.Local;

/// <summary>
/// What scripts, tests and benchmarks see of the running platform, below <c>.local</c>: its state (<see
/// cref="StatusFiles"/>), a log for each instance in <c>logs</c>, and <c>commands</c> for orders (<see
/// cref="OrderBox"/>). It also stops the services before the servers that they use; left alone, Aspire stops all at
/// once.
/// </summary>
internal sealed class LocalRun(
    string folder, Instances instances, InstanceControl control, ResourceLoggerService loggers) : BackgroundService
{
    private readonly StatusFiles _status = new(folder, instances);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var logs = Directory.CreateDirectory(Path.Combine(folder, "logs")).FullName;
        var orders = Directory.CreateDirectory(Path.Combine(folder, "commands")).FullName;
        _status.Begin();
        try
        {
            await Task.WhenAll(
                instances.FollowAsync(
                    instance => _ = LogAsync(logs, instance, stoppingToken), _status.Write, stoppingToken),
                new OrderBox(orders, instances, control).ObeyAsync(stoppingToken),
                CutOwnLogAsync(Path.Combine(logs, "apphost.log"), stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It ends with the AppHost.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        var services = instances.All().Where(instance => instance.Resource is ProjectResource && !instance.IsStopped);
        await Task.WhenAll(services.Select(instance => control.StopAsync(instance, cancellationToken)));
        await base.StopAsync(cancellationToken);
        _status.Clear();
    }

    // The script that starts this program has it write there, which repeats the lines of all services.
    private static async Task CutOwnLogAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            BoundedLog.Cut(path);
            await Task.Delay(Limits.LogLook, cancellationToken);
        }
    }

    private async Task LogAsync(string logs, Instance instance, CancellationToken cancellationToken)
    {
        var path = Path.Combine(logs, $"{instance.Name}.log");
        await using var log = new BoundedLog(path);
        try
        {
            await foreach (var batch in loggers.WatchAsync(instance.Id).WithCancellation(cancellationToken))
            {
                foreach (var line in batch)
                {
                    await log.WriteLineAsync(line.Content);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It ends with the AppHost.
        }
    }
}

internal static class LocalRunExtensions
{
    /// <summary>The last call before the build: what is registered last is stopped first.</summary>
    public static void AddLocalRun(this IDistributedApplicationBuilder builder, PlatformResources platform)
    {
        var folder = LocalFolder.Of(builder);
        new RunFile(platform, folder).Write();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = Limits.Stop);
        builder.Services.AddSingleton<Instances>();
        builder.Services.AddSingleton<InstanceControl>();
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<LocalRun>(services, folder));
    }
}
