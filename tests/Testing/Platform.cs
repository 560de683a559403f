using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Workflows.Testing;

/// <summary>One process of a running platform.</summary>
public sealed record PlatformProcess(string Resource, int Replica, int Id);

/// <summary>
/// The whole platform on server processes, with data of its own. Disposing it stops everything and removes the data.
/// </summary>
/// <param name="folder">The local folder of its AppHost.</param>
/// <param name="stop">Ends the AppHost and with it everything.</param>
public sealed partial class Platform(string folder, Func<Task> stop) : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Where data, logs and addresses of this platform lie.</summary>
    public string Folder => folder;

    public Uri Api => new(RunValue("api"));

    /// <summary>The address of each instance of the API, also of one that is not running at the moment.</summary>
    public IReadOnlyList<Uri> ApiInstances()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "processes.json")));
        return [.. document.RootElement.GetProperty("processes").EnumerateArray()
            .Where(process => process.GetProperty("resource").GetString() == "api")
            .Select(process => new Uri(process.GetProperty("url").GetString()!))];
    }

    public string ApiKey => RunValue("apiKey");

    public string Postgres => RunValue("postgres");

    public string Redis => RunValue("redis");

    /// <summary>Starts a platform with empty data, as a program of its own.</summary>
    /// <param name="configuration">debug or release: which build of the AppHost and the services.</param>
    /// <param name="settings">Further environment variables of the AppHost; services inherit them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Platform> StartAsync(
        string configuration, IReadOnlyDictionary<string, string>? settings = null, CancellationToken cancellationToken = default)
    {
        var folder = Directory.CreateTempSubdirectory("workflows-").FullName;
        var appHost = Process.Start(Describe(configuration, folder, settings))!;
        var output = new List<string>();
        appHost.OutputDataReceived += (_, line) => Keep(output, line.Data);
        appHost.ErrorDataReceived += (_, line) => Keep(output, line.Data);
        appHost.BeginOutputReadLine();
        appHost.BeginErrorReadLine();
        var platform = new Platform(folder, () => StopAsync(appHost));
        await platform.UntilReadyAsync(() => appHost.HasExited, () => Last(output), cancellationToken);
        return platform;
    }

    /// <summary>Waits until everything is healthy.</summary>
    /// <exception cref="InvalidOperationException">It did not come up; the platform is stopped then.</exception>
    public async Task UntilReadyAsync(Func<bool> hasFailed, Func<string> explain, CancellationToken cancellationToken = default)
    {
        var deadline = Stopwatch.StartNew();
        while (!File.Exists(Path.Combine(folder, "ready")) || !File.Exists(Path.Combine(folder, "run.json")))
        {
            if (hasFailed() || deadline.Elapsed > StartTimeout)
            {
                var why = explain();
                await DisposeAsync();
                throw new InvalidOperationException($"The platform did not start:{Environment.NewLine}{why}");
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private static ProcessStartInfo Describe(string configuration, string folder, IReadOnlyDictionary<string, string>? settings)
    {
        var program = Path.Combine(Repository.Root, "artifacts", "bin", "AppHost", configuration, "Workflows.AppHost.dll");
        var start = new ProcessStartInfo("setsid", ["dotnet", "exec", program])
        {
            WorkingDirectory = Path.Combine(Repository.Root, "AppHost"),
            Environment =
            {
                ["LocalFolder"] = folder,
                ["Servers"] = "processes",
                ["Dashboard"] = "off",
                ["ASPIRE_CLI_PID"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture), // The AppHost ends with this process.
                ["WORKFLOWS_SERVERS_BIN"] = Repository.ServersBin(),
                ["DOTNET_ENVIRONMENT"] = "Development",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static string Last(List<string> output)
    {
        lock (output)
        {
            return string.Join(Environment.NewLine, output.TakeLast(60));
        }
    }

    private static void Keep(List<string> output, string? line)
    {
        lock (output)
        {
            output.Add(line ?? "");
        }
    }

    /// <summary>The running processes: api, worker (replica 1, 2), aisearch, postgres, redis.</summary>
    public IReadOnlyList<PlatformProcess> Processes()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "processes.json")));
        return [.. document.RootElement.GetProperty("processes").EnumerateArray()
            .Where(process => process.GetProperty("pid").ValueKind == JsonValueKind.Number)
            .Select(process => new PlatformProcess(
                process.GetProperty("resource").GetString()!, process.GetProperty("replica").GetInt32(), process.GetProperty("pid").GetInt32()))];
    }

    /// <summary>The process that orchestrates it.</summary>
    public int AppHostId()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "processes.json")));
        return document.RootElement.GetProperty("appHost").GetInt32();
    }

    /// <summary>Sends a signal: 9 KILL, 15 TERM, 18 CONT, 19 STOP.</summary>
    public static void Signal(PlatformProcess process, int signal)
    {
        if (Kill(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"{process.Resource} ({process.Id}) could not be signalled: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Gives the AppHost an order: "restart NAME" or "stop NAME".</summary>
    /// <exception cref="InvalidOperationException">The order failed.</exception>
    public async Task OrderAsync(string order, CancellationToken cancellationToken = default)
    {
        var request = Path.Combine(folder, "commands", $"{Guid.CreateVersion7():N}");
        await File.WriteAllTextAsync($"{request}.new", order, cancellationToken);
        File.Move($"{request}.new", $"{request}.request");
        while (!File.Exists($"{request}.answer"))
        {
            await Task.Delay(Poll, cancellationToken);
        }

        var answer = await File.ReadAllTextAsync($"{request}.answer", cancellationToken);
        if (!answer.StartsWith("ok", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"'{order}': {answer}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task StopAsync(Process appHost)
    {
        if (!appHost.HasExited)
        {
            _ = Kill(appHost.Id, 15);
            using var timeout = new CancellationTokenSource(StopTimeout);
            try
            {
                await appHost.WaitForExitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                appHost.Kill(entireProcessTree: true);
            }
        }

        appHost.Dispose();
    }

    private string RunValue(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "run.json")));
        return document.RootElement.GetProperty(name).GetString() ?? throw new InvalidOperationException($"run.json has no {name}.");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
