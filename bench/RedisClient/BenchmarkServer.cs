using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Workflows.RedisClient;

/// <summary>A redis-server of the benchmark's own, and the reference tool run against it.</summary>
internal sealed class BenchmarkServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Process _process;

    private BenchmarkServer(string folder, int port, Process process)
    {
        _folder = folder;
        Port = port;
        _process = process;
    }

    /// <summary>Where redis-server and redis-benchmark are.</summary>
    public static string Folder =>
        Environment.GetEnvironmentVariable("WORKFLOWS_SERVERS_BIN") ?? Path.Combine(".local", "servers", "bin");

    public int Port { get; }

    public static async Task<BenchmarkServer> StartAsync(string folder)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var process = Start(folder, "redis-server", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", Text(port));
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                return new BenchmarkServer(folder, port, process);
            }
        }

        throw new InvalidOperationException("redis-server ended before it was ready");
    }

    /// <summary>Runs redis-benchmark over one connection with so many commands under way.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task ReferenceAsync(int count, int pipeline, params string[] command)
    {
        string[] arguments =
            ["-p", Text(Port), "-c", "1", "-P", Text(pipeline), "-n", Text(count), "--csv", .. command];
        using var benchmark = Start(_folder, "redis-benchmark", arguments);
        await benchmark.StandardOutput.ReadToEndAsync();
        await benchmark.WaitForExitAsync();
        if (benchmark.ExitCode != 0)
        {
            throw new InvalidOperationException($"redis-benchmark ended with {benchmark.ExitCode}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, program), arguments) { RedirectStandardOutput = true };
        return Process.Start(start)!;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
