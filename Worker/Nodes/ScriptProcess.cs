using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Workflows.Engine.Connectors;

namespace Workflows.Worker.Nodes;

/// <summary>
/// A script while it runs, with all processes it starts. Guarantees: it sees nothing of the worker's environment; after <see cref="RunAsync"/>, also by a cancelled
/// token, none of its processes is left: neither those of its session, nor those that left it and still bear its mark in their environment. Does not guarantee it for
/// a process that does both, leaves the session and clears its environment, nor when the worker itself is killed: then the script runs on, and may be run
/// again beside it.
/// </summary>
internal sealed partial class ScriptProcess : IDisposable
{
    private const string Mark = ScriptCatalogue.Prefix + "CALL_ID";
    private const int KillSignal = 9;
    private const int KillRounds = 50;

    // Makes a session of its own, and with it a group that one signal reaches, then becomes the program: the process id stays.
    private static readonly string[] SessionMakers = ["/usr/bin/setsid", "/bin/setsid"];

    private readonly Process _process;
    private readonly byte[] _mark;
    private readonly int _id;
    private readonly TimeProvider _clock;
    private volatile bool _hasEnded;

    private ScriptProcess(Process process, string mark, TimeProvider clock)
    {
        (_process, _clock, _id) = (process, clock, process.Id);
        _mark = Encoding.ASCII.GetBytes($"{Mark}={mark}");
    }

    /// <exception cref="ConnectorException">It cannot be started here.</exception>
    public static ScriptProcess Start(string name, ScriptOptions script, IEnumerable<(string Name, string Value)> call, TimeProvider clock)
    {
        var maker = Array.Find(SessionMakers, File.Exists);
        if (maker is null || !IsProgram(script.Command))
        {
            throw NotStarted(name, maker is null ? "this worker's system has no 'setsid'" : "this worker has no such program, or may not run it");
        }

        var start = new ProcessStartInfo(maker)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = script.WorkingDirectory,
        };
        start.ArgumentList.Add(script.Command); // absolute, so it is no option of setsid
        foreach (var argument in script.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var mark = Guid.CreateVersion7().ToString("N");
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        foreach (var (variable, value) in script.Environment.Select(entry => (entry.Key, entry.Value)).Concat(call).Append((Mark, mark)))
        {
            start.Environment[variable] = value;
        }

        try
        {
            return new ScriptProcess(Process.Start(start)!, mark, clock);
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw NotStarted(name, exception.Message);
        }
    }

    /// <summary>Feeds it and hears it to its end, which a cancelled token brings about.</summary>
    /// <param name="maxOutputBytes">With one byte more it is killed, and <see cref="ScriptResult.IsOutputTooLarge"/>.</param>
    /// <exception cref="ConnectorException">A process that it left behind, and that cannot be found, holds its output open.</exception>
    public async Task<ScriptResult> RunAsync(ReadOnlyMemory<byte> input, int maxOutputBytes, CancellationToken cancellationToken)
    {
        using var killing = cancellationToken.Register(KillGroup);
        var (output, errors) = (new MemoryStream(), new ByteTail(Limits.ScriptErrorBytes));
        var isTooLarge = false;
        Task[] streams =
        [
            FeedAsync(_process.StandardInput.BaseStream, input),
            DrainAsync(_process.StandardOutput.BaseStream, part =>
            {
                var room = maxOutputBytes - (int)output.Length;
                output.Write(part.Span[..Math.Min(part.Length, room)]);
                if (part.Length > room && !isTooLarge)
                {
                    isTooLarge = true;
                    KillGroup();
                }
            }),
            DrainAsync(_process.StandardError.BaseStream, errors.Add),
        ];
        await _process.WaitForExitAsync(CancellationToken.None);
        _hasEnded = true;
        Sweep(); // what it left behind would run on, and hold its output open
        try
        {
            await Task.WhenAll(streams).WaitAsync(Limits.ScriptDrain, _clock, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            throw new ConnectorException("SCRIPT_OUTPUT_OPEN", "The script has ended, but a process that it left behind holds its output open.");
        }

        return new ScriptResult(_process.ExitCode, output.ToArray(), isTooLarge, errors);
    }

    /// <summary>Ends it and everything it started, now.</summary>
    public void Kill()
    {
        KillGroup();
        Sweep();
    }

    public void Dispose() => _process.Dispose();

    private static bool IsProgram(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    private static ConnectorException NotStarted(string name, string why) => new("SCRIPT_NOT_STARTED", $"The script '{name}' cannot be started: {why}.");

    // While the process itself is there: afterwards its number may be another's. It may have ended just now, and in its first moment it has no group yet.
    private void KillGroup()
    {
        if (!_hasEnded)
        {
            _ = SendSignal(_id, KillSignal);
            _ = SendSignal(-_id, KillSignal);
        }
    }

    // Again until there is none: what is found may have started another in the meantime.
    private void Sweep()
    {
        for (var round = 0; round < KillRounds && FindLeft() is { Count: > 0 } left; round++)
        {
            left.ForEach(process => _ = SendSignal(process, KillSignal));
        }
    }

    private List<int> FindLeft()
    {
        var left = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && IsOurs(process))
            {
                left.Add(process);
            }
        }

        return left;
    }

    private bool IsOurs(int process)
    {
        try
        {
            // "id (name) state parent group session ...": a name may hold anything, also brackets.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is not ("Z" or "X")
                && (int.Parse(fields[3], CultureInfo.InvariantCulture) == _id || File.ReadAllBytes($"/proc/{process}/environ").AsSpan().IndexOf(_mark) >= 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or belongs to another user, as no process of ours does
        }
    }

    private static async Task FeedAsync(Stream stream, ReadOnlyMemory<byte> input)
    {
        try
        {
            await using (stream)
            {
                await stream.WriteAsync(input);
            }
        }
        catch (IOException)
        {
            // The script has closed its input or ended without reading all of it: its own affair, which its exit code tells of.
        }
    }

    // To the end, whatever is kept of it: a full pipe would hold the script up.
    private static async Task DrainAsync(Stream stream, Action<ReadOnlyMemory<byte>> keep)
    {
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer) is var read and > 0)
        {
            keep(buffer.AsMemory(0, read));
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>How a script ended.</summary>
/// <param name="ExitCode">128 and the number of the signal that ended it, if one did.</param>
internal sealed record ScriptResult(int ExitCode, byte[] Output, bool IsOutputTooLarge, ByteTail Errors);

/// <summary>The last bytes of a stream.</summary>
internal sealed class ByteTail(int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];
    private long _written;

    /// <summary>There was more before what is kept.</summary>
    public bool IsCut => _written > capacity;

    public void Add(ReadOnlyMemory<byte> part)
    {
        foreach (var value in part.Span)
        {
            _bytes[_written++ % capacity] = value;
        }
    }

    /// <summary>As text, from the first whole character on.</summary>
    public string Text()
    {
        var bytes = IsCut ? [.. _bytes[(int)(_written % capacity)..], .. _bytes[..(int)(_written % capacity)]] : _bytes[..(int)_written];
        var first = 0;
        while (IsCut && first < bytes.Length && (bytes[first] & 0xC0) == 0x80)
        {
            first++;
        }

        return Encoding.UTF8.GetString(bytes.AsSpan(first));
    }
}
