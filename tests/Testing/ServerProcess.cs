using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Workflows.Testing;

/// <summary>
/// One server as a child process. All of a test program's servers live in one scratch folder that a watcher (reap.sh)
/// empties when the program ends, however it ends: neither processes nor data are left behind.
/// </summary>
internal sealed partial class ServerProcess
{
    private const int LogTailLines = 40;

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);
    // Held for the life of the program: a collected Process closes the pipe, and the watcher then stops every server.
    private static readonly List<Process> Watchers = [];

    private static readonly Lazy<string> Scratch = new(CreateScratch, LazyThreadSafetyMode.ExecutionAndPublication);

    private static int _started;

    private readonly string _log;
    private readonly string _pidFile;
    private readonly Process _process;

    private ServerProcess(Process process, string pidFile, string log) =>
        (_process, _pidFile, _log) = (process, pidFile, log);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>A new folder for one server's data, on the disk of the system's folder for temporary files.</summary>
    public static string CreateFolder(string name) =>
        Path.Combine(Scratch.Value, $"{name}-{Interlocked.Increment(ref _started):D3}");

    /// <summary>Starts a program as an unprivileged user; the watcher's first signal is TERM, INT or QUIT.</summary>
    public static ServerProcess Start(string folder, string stopSignal, string program, params string[] arguments)
    {
        var number = Interlocked.Increment(ref _started);
        var pidFile = Path.Combine(Scratch.Value, $"{number:D4}.pid");
        var log = $"{folder}.log";
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false };
        foreach (var argument in (string[])[Repository.ProvisionScript("launch.sh"), pidFile, stopSignal, log,
            Repository.ProvisionScript("server.sh"), Repository.ServersBin(), folder,
            Path.Combine(Repository.ServersBin(), program), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return new ServerProcess(Process.Start(start)!, pidFile, log);
    }

    /// <summary>Runs a program such as initdb to its end.</summary>
    public static async Task RunAsync(string folder, string program, params string[] arguments)
    {
        var process = Start(folder, "TERM", program, arguments);
        await process._process.WaitForExitAsync();
        if (process._process.ExitCode != 0)
        {
            throw process.Failure($"{program} failed with exit code {process._process.ExitCode}");
        }

        File.Delete(process._pidFile);
    }

    public Exception Failure(string what) =>
        new InvalidOperationException($"{what}:{Environment.NewLine}{LogTail()}");

    /// <summary>Sends a signal (numbers as on Linux: 2 INT, 3 QUIT, 9 KILL, 15 TERM, 18 CONT, 19 STOP).</summary>
    public void Signal(int signal)
    {
        // The process may end at any moment; the reaped child's number is still ours until WaitForExit has seen it.
        if (!HasExited && Kill(Id, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Sends the signal and waits for the end; kills a process that does not obey.</summary>
    public async Task StopAsync(int signal)
    {
        Signal(signal);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(StopTimeout);
        }
        catch (TimeoutException)
        {
            Signal(9);
            await _process.WaitForExitAsync();
        }

        File.Delete(_pidFile);
    }

    private string LogTail() =>
        File.Exists(_log) ? string.Join(Environment.NewLine, File.ReadLines(_log).TakeLast(LogTailLines)) : "(no log)";

    private static string CreateScratch()
    {
        var folder = Directory.CreateTempSubdirectory("workflows-tests-").FullName;

        // Servers that run as nobody must pass through the folder; each server's own folder stays private.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        var watcher = new ProcessStartInfo("setsid") { RedirectStandardInput = true, UseShellExecute = false };
        watcher.ArgumentList.Add(Repository.ProvisionScript("reap.sh"));
        watcher.ArgumentList.Add(folder);
        watcher.ArgumentList.Add("--delete");
        Watchers.Add(Process.Start(watcher)!);
        return folder;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
