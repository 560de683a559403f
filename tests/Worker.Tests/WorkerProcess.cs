using System.Collections.Concurrent;
using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>A worker as it is deployed: the built program in a process of its own, to be signalled like any other.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const int KillSignal = 9, Terminate = 15, Continue = 18, Stop = 19;
    private const int OutputLines = 200;

    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private WorkerProcess(Process process) => _process = process;

    /// <summary>The id under which it registered first.</summary>
    public Guid WorkerId { get; private set; }

    public int ExitCode => _process.ExitCode;

    public string Output => string.Join(Environment.NewLine, _output);

    public static async Task<WorkerProcess> StartAsync(WorkerBed bed, IReadOnlyDictionary<string, string> settings)
    {
        var before = (await bed.ListAsync("select id::text from workers")).ToHashSet();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(WorkerOptions).Assembly.Location);
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var worker = new WorkerProcess(Process.Start(start)!);
        worker._process.OutputDataReceived += (_, line) => worker.Keep(line.Data);
        worker._process.ErrorDataReceived += (_, line) => worker.Keep(line.Data);
        worker._process.BeginOutputReadLine();
        worker._process.BeginErrorReadLine();
        try
        {
            worker.WorkerId = Guid.Parse(await Eventually.GetAsync(
                async () => worker._process.HasExited
                    ? throw new InvalidOperationException($"The worker ended while starting:{Environment.NewLine}{worker.Output}")
                    : (await bed.ListAsync("select id::text from workers")).FirstOrDefault(id => !before.Contains(id)),
                ExitTimeout));
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }

        return worker;
    }

    public async Task KillAsync()
    {
        Signal(KillSignal);
        await WaitForExitAsync();
    }

    public void Freeze() => Signal(Stop);

    public void Thaw() => Signal(Continue);

    /// <summary>SIGTERM, and its orderly end.</summary>
    public async Task StopAsync()
    {
        Signal(Terminate);
        await WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal(Continue);
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Signal(int signal) => Platform.Signal(new PlatformProcess("worker", 1, _process.Id), signal);

    private Task WaitForExitAsync() => _process.WaitForExitAsync().WaitAsync(ExitTimeout);

    private void Keep(string? line)
    {
        _output.Enqueue(line ?? "");
        while (_output.Count > OutputLines)
        {
            _output.TryDequeue(out _);
        }
    }
}
