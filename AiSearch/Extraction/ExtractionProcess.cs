using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Workflows.AiSearch.Extraction;

/// <summary>
/// Reads a file in a process of its own. Guarantees: whatever the file holds, this process keeps its memory, its stack
/// and its time; the other one is gone when <see cref="ReadAsync"/> returns, and sees nothing of this one's
/// environment, so no credentials. When this process is killed, the other one ends after twice <see
/// cref="Limits.ExtractionTime"/>.
/// </summary>
internal sealed class ExtractionProcess(TimeProvider clock)
{
    public const string TooMuchMemory = "Reading the file takes more memory than a file may.";

    private static readonly string Program = typeof(ExtractionProcess).Assembly.Location;

    /// <exception cref="ExtractionException">The file cannot be read.</exception>
    public async Task<ExtractedText> ReadAsync(
        string format, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var process = Process.Start(StartOf(format))
            ?? throw new InvalidOperationException("The process that reads files cannot be started.");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchAsync(process, ended.Token);
        var output = new MemoryStream();
        try
        {
            var drained = Task.WhenAll(
                FeedAsync(process.StandardInput.BaseStream, bytes),
                DrainAsync(process, process.StandardOutput.BaseStream, output),
                DrainAsync(process, process.StandardError.BaseStream, Stream.Null));
            await drained.WaitAsync(Limits.ExtractionTime, clock, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new ExtractionException(
                ExtractionException.TooCostly,
                $"Reading the file takes longer than {Limits.ExtractionTime.TotalSeconds:0} seconds.");
        }
        finally
        {
            await EndAsync(process);
            await ended.CancelAsync();
        }

        return await watch
            ? throw new ExtractionException(ExtractionException.TooCostly, TooMuchMemory)
            : ToExtraction(output.GetBuffer().AsSpan(0, (int)output.Length), process.ExitCode);
    }

    private static ExtractedText ToExtraction(ReadOnlySpan<byte> output, int exitCode) =>
        ExtractionAnswer.Read(output) switch
        {
            { Code: { } code } failed => throw new ExtractionException(code, failed.Message ?? ""),
            { Message: null } read => PlainText.Of(read.Markdown, read.Pages),
            _ => throw new ExtractionException(
                ExtractionException.TooCostly,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The file ends the program that reads it (exit code {exitCode}).")),
        };

    private static ProcessStartInfo StartOf(string format)
    {
        var start = new ProcessStartInfo(Host())
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(Program)!,
        };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(Program);
        start.ArgumentList.Add(ExtractionChild.Verb);
        start.ArgumentList.Add(format);
        start.Environment.Clear();
        start.Environment["DOTNET_GCHeapHardLimit"] = $"0x{Limits.ExtractionHeapBytes:X}";
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // it would write its code to files in memory
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        return start;
    }

    // The host that runs this process, or would: a service may have been started by a launcher of its own.
    private static string Host()
    {
        var own = Environment.ProcessPath;
        if (own is not null && Path.GetFileNameWithoutExtension(own) == "dotnet")
        {
            return own;
        }

        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
    }

    /// <returns>Whether it took too much memory, and was ended for it.</returns>
    private async Task<bool> WatchAsync(Process process, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Limits.MemoryLook, clock, ended);
                process.Refresh();
                if (process.HasExited)
                {
                    return false;
                }

                if (process.WorkingSet64 > Limits.ExtractionProcessBytes)
                {
                    process.Kill(entireProcessTree: true);
                    return true;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException)
        {
            return false; // it has ended in this moment
        }
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
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
            // It ended before it had read all: its answer, or that there is none, tells why.
        }
    }

    private static async Task DrainAsync(Process process, Stream stream, Stream kept)
    {
        var buffer = new byte[64 * 1024];
        var total = 0L;
        while (await stream.ReadAsync(buffer) is var count and > 0)
        {
            total += count;
            if (total > Limits.ExtractionAnswerBytes)
            {
                process.Kill(entireProcessTree: true);
                return;
            }

            await kept.WriteAsync(buffer.AsMemory(0, count));
        }
    }
}
