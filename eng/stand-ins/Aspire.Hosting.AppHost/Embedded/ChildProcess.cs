using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Embedded;

/// <summary>What to start: a program of this machine, or a server that must not run as root.</summary>
internal sealed record ProcessCommand(string Program, IReadOnlyList<string> Arguments)
{
    public string? WorkingDirectory { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Set for PostgreSQL and Redis: the folder the unprivileged user gets (server.sh).</summary>
    public string? ServerDataFolder { get; init; }

    /// <summary>Stops the program in an orderly way: TERM or INT.</summary>
    public string StopSignal { get; init; } = "TERM";

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// One child in a session of its own, so that Ctrl+C reaches the host alone, which then stops its children in order. Its
/// number and start time lie in <c>.local/pids</c> from before it became the program until it has ended: whatever kills
/// the host, the watcher (reap.sh) finds it there.
/// </summary>
internal sealed partial class ChildProcess
{
    private const int InterruptSignal = 2, KillSignal = 9, TerminateSignal = 15;

    // What is meant for the AppHost itself must not reach its children: its own address and profile, and all secrets.
    private static readonly string[] NotInherited =
        ["ASPNETCORE_URLS", "ASPNETCORE_HTTPS_PORT", "ASPNETCORE_HTTPS_PORTS", "DOTNET_LAUNCH_PROFILE", "HTTP_PORTS", "HTTPS_PORTS"];

    private static readonly string[] NotInheritedPrefixes = ["Parameters__", "ConnectionStrings__", "Ports__", "Embedded__"];

    private static int _sequence;

    private readonly Process _process;
    private readonly ProcessCommand _command;
    private readonly string _pidFile;

    private ChildProcess(Process process, ProcessCommand command, string pidFile)
    {
        (_process, _command, _pidFile) = (process, command, pidFile);
        Exited = WaitAsync();
    }

    public int Id => _process.Id;

    /// <summary>The exit code, once the process has ended and all of its output was relayed.</summary>
    public Task<int> Exited { get; }

    public static ChildProcess Start(LocalFolder local, string name, ProcessCommand command, Action<string> onLine)
    {
        var number = Interlocked.Increment(ref _sequence).ToString("D6", CultureInfo.InvariantCulture);
        var pidFile = Path.Combine(local.Pids, $"{number}-{name}.pid");
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = command.WorkingDirectory ?? local.Root,
        };
        string[] asServer = command.ServerDataFolder is { } folder ? [local.Script("server.sh"), local.ServersBin(), folder] : [];
        foreach (var argument in (string[])[local.Script("launch.sh"), pidFile, command.StopSignal, "-",
            .. asServer, command.Program, .. command.Arguments])
        {
            start.ArgumentList.Add(argument);
        }

        SetEnvironment(start, command);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Relay(line.Data, onLine);
        process.ErrorDataReceived += (_, line) => Relay(line.Data, onLine);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process, command, pidFile);
    }

    /// <summary>Asks the process to end and kills it when it outstays the grace.</summary>
    /// <returns>True when it ended by itself in time.</returns>
    public async Task<bool> StopAsync()
    {
        Signal(_command.StopSignal == "INT" ? InterruptSignal : TerminateSignal);
        try
        {
            await Exited.WaitAsync(_command.StopGrace);
            return true;
        }
        catch (TimeoutException)
        {
            Signal(KillSignal);
            await Exited;
            return false;
        }
    }

    private static void SetEnvironment(ProcessStartInfo start, ProcessCommand command)
    {
        foreach (var name in start.Environment.Keys.Where(IsNotInherited).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }
    }

    private static bool IsNotInherited(string name) =>
        NotInherited.Contains(name, StringComparer.OrdinalIgnoreCase)
        || NotInheritedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    private static void Relay(string? line, Action<string> onLine)
    {
        if (line is not null)
        {
            onLine(line);
        }
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        File.Delete(_pidFile);
        return _process.ExitCode;
    }

    /// <summary>To a process that has just ended this is nothing; its number is not given away before it was waited for.</summary>
    private void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}

/// <summary>The watcher that ends every child when this process is gone. See reap.sh.</summary>
internal sealed class Reaper : IDisposable
{
    private readonly Process _process;

    private Reaper(Process process) => _process = process;

    public static Reaper Start(LocalFolder local)
    {
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(local.Script("reap.sh"));
        start.ArgumentList.Add(local.Pids);
        return new Reaper(Process.Start(start)!);
    }

    /// <summary>Ends what an earlier host left behind: it and its watcher were killed together.</summary>
    public static async Task CleanUpAsync(LocalFolder local)
    {
        using var reaper = Start(local);
        reaper._process.StandardInput.Close();
        await reaper._process.WaitForExitAsync();
    }

    public void Dispose()
    {
        _process.StandardInput.Dispose();
        _process.Dispose();
    }
}
