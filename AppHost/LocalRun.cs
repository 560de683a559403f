using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Workflows.AppHost;

/// <summary>
/// What scripts see of the running platform, below <c>.local</c>: <c>processes.json</c> and <c>status.txt</c>, a log for each process in
/// <c>logs</c>, <c>ready</c> once everything is healthy, and <c>commands</c>, where a file NAME.request with "restart worker-2" or "stop redis"
/// gets a NAME.answer. It also stops the services before the servers that they use; left alone, Aspire stops all at once.
/// </summary>
internal sealed class LocalRun(
    string folder, DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers, ResourceCommandService commands)
    : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, Instance> _instances = new();
    private readonly Lock _files = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private sealed class Instance(IResource resource, int replica)
    {
        public IResource Resource => resource;

        public int Replica => replica;

        public CustomResourceSnapshot? Latest { get; set; }

        public string Name => resource.GetReplicaCount() > 1 ? string.Create(CultureInfo.InvariantCulture, $"{resource.Name}-{replica}") : resource.Name;

        public bool IsRunning => Latest?.State?.Text == KnownResourceStates.Running;

        public bool IsReady => IsRunning && Latest!.HealthStatus is null or HealthStatus.Healthy or HealthStatus.Degraded;

        public int? Pid => IsRunning && Latest!.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } pid
            ? Convert.ToInt32(pid, CultureInfo.InvariantCulture)
            : null;

        public string? Url => Latest?.EnvironmentVariables.FirstOrDefault(variable => variable.Name == "ASPNETCORE_URLS")?.Value
            ?? Latest?.Urls.FirstOrDefault(url => !url.IsInternal)?.Url;
    }

    private string PathOf(string name) => Path.Combine(folder, name);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(PathOf("logs"));
        Directory.CreateDirectory(PathOf("commands"));
        File.Delete(PathOf("ready"));
        File.Delete(PathOf("failed"));
        LocalFile.Write(PathOf("apphost.pid"), $"{Environment.ProcessId}");
        try
        {
            await Task.WhenAll(WatchAsync(stoppingToken), ObeyAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // stopping
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var isReady = false;
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            if (!IsShown(change.Resource))
            {
                continue;
            }

            if (change.Resource.GetReplicaCount() > 1 && change.ResourceId == change.Resource.Name)
            {
                continue; // of the resource as a whole
            }

            var instance = _instances.GetOrAdd(change.ResourceId, id =>
            {
                var made = new Instance(change.Resource, 1 + _instances.Values.Count(other => other.Resource == change.Resource));
                _ = LogAsync(id, made.Name, cancellationToken);
                return made;
            });
            instance.Latest = change.Snapshot;
            Write();
            if (!isReady && _instances.Count >= Expected() && _instances.Values.All(each => each.IsReady))
            {
                isReady = true;
                LocalFile.Write(PathOf("ready"), string.Empty);
            }
        }
    }

    private int Expected() => model.Resources.Where(IsShown).Sum(resource => resource.GetReplicaCount());

    // Aspire's own: the dashboard, and for each project a hidden child that can build it again.
    private static bool IsShown(IResource resource) =>
        resource is (ProjectResource or ExecutableResource or ContainerResource) and not IResourceWithParent && !resource.Name.StartsWith("aspire-", StringComparison.Ordinal);

    private async Task LogAsync(string id, string name, CancellationToken cancellationToken)
    {
        await using var log = new StreamWriter(PathOf(Path.Combine("logs", $"{name}.log")), append: false) { AutoFlush = true };
        try
        {
            await foreach (var batch in loggers.WatchAsync(id).WithCancellation(cancellationToken))
            {
                foreach (var line in batch)
                {
                    await log.WriteLineAsync(line.Content);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // stopping
        }
    }

    private void Write()
    {
        lock (_files)
        {
            var sorted = _instances.Values.OrderBy(instance => model.Resources.IndexOf(instance.Resource)).ThenBy(instance => instance.Replica).ToList();
            LocalFile.Write(PathOf("processes.json"), new JsonObject
            {
                ["appHost"] = Environment.ProcessId,
                ["processes"] = new JsonArray([.. sorted.Select(instance => new JsonObject
                {
                    ["resource"] = instance.Resource.Name,
                    ["replica"] = instance.Replica,
                    ["name"] = instance.Name,
                    ["pid"] = instance.Pid,
                    ["url"] = instance.Url,
                    ["state"] = instance.Latest?.State?.Text,
                    ["health"] = instance.Latest?.HealthStatus?.ToString(),
                    ["exitCode"] = instance.Latest?.ExitCode,
                })]),
            }.ToJsonString(LocalFile.Indented));
            var table = new StringBuilder();
            foreach (var instance in sorted)
            {
                table.AppendLine(CultureInfo.InvariantCulture, $"  {instance.Name,-12}{instance.Latest?.State?.Text,-12}{instance.Latest?.HealthStatus,-11}{instance.Pid,-8}{instance.Url}");
            }

            LocalFile.Write(PathOf("status.txt"), table.ToString().TrimEnd());
        }
    }

    private async Task ObeyAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (var request in Directory.EnumerateFiles(PathOf("commands"), "*.request"))
            {
                var order = (await File.ReadAllTextAsync(request, cancellationToken)).Trim();
                File.Delete(request);
                var answer = Path.ChangeExtension(request, "answer");
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                timeout.CancelAfter(AnswerTimeout);
                string said;
                try
                {
                    said = await CarryOutAsync(order, timeout.Token);
                }
                catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException or DistributedApplicationException)
                {
                    said = $"failed: {exception.Message}";
                }

                await File.WriteAllTextAsync($"{answer}.new", said, cancellationToken);
                File.Move($"{answer}.new", answer);
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private async Task<string> CarryOutAsync(string order, CancellationToken cancellationToken)
    {
        var words = order.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var chosen = _instances.Where(entry => words.Length == 2 && (entry.Value.Name == words[1] || entry.Value.Resource.Name == words[1])).ToList();
        if (chosen.Count == 0 || words[0] is not ("restart" or "stop"))
        {
            return $"failed: '{order}' is neither restart NAME nor stop NAME of a resource here";
        }

        foreach (var (id, instance) in chosen)
        {
            await StopAsync(id, instance, cancellationToken);
            if (words[0] == "restart")
            {
                await ExecuteAsync(id, KnownResourceCommands.StartCommand, cancellationToken);
                await UntilAsync(() => instance.IsReady, cancellationToken);
                await UntilAnswersAsync(instance, cancellationToken);
            }
        }

        return $"ok: {order}";
    }

    private async Task StopAsync(string id, Instance instance, CancellationToken cancellationToken)
    {
        // One that has ended by itself is not stopped, though its state may not tell yet; that would leave it in none.
        if (instance.Pid is { } pid && Directory.Exists($"/proc/{pid}"))
        {
            _ = await commands.ExecuteCommandAsync(id, KnownResourceCommands.StopCommand, cancellationToken);
        }

        await UntilAsync(() => instance.Latest?.State?.Text is not ("Running" or "Stopping"), cancellationToken);
    }

    private async Task ExecuteAsync(string id, string command, CancellationToken cancellationToken)
    {
        var result = await commands.ExecuteCommandAsync(id, command, cancellationToken);
        if (!result.Success)
        {
            throw new InvalidOperationException($"{command} {id}: {result.Message}");
        }
    }

    // The resource's health is asked through the address that its replicas share, so it says little about one of them.
    private async Task UntilAnswersAsync(Instance instance, CancellationToken cancellationToken)
    {
        if (instance.Resource is not ProjectResource || instance.Url is not { } url)
        {
            return;
        }

        while (true)
        {
            try
            {
                using var answer = await _http.GetAsync(new Uri(new Uri(url), "/health"), cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // not yet
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition())
        {
            await Task.Delay(Poll, cancellationToken);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_instances.Where(entry => entry.Value.Resource is ProjectResource).Select(entry => StopAsync(entry.Key, entry.Value, cancellationToken)));
        await base.StopAsync(cancellationToken);
        foreach (var name in (string[])["ready", "failed", "processes.json", "status.txt", "apphost.pid"])
        {
            File.Delete(PathOf(name));
        }
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }
}

internal static class LocalRunExtensions
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Registered after Aspire's own services, so it stops before them.</summary>
    public static void AddLocalRun(this IDistributedApplicationBuilder builder, string folder)
    {
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopTimeout);
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<LocalRun>(services, folder));
    }
}
