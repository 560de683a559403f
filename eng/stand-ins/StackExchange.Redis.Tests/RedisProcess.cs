using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace StackExchange.Redis.Tests;

/// <summary>A real redis-server of the test's own, on a free loopback port, which may be killed, stopped and started again.</summary>
public sealed class RedisProcess : IAsyncDisposable
{
    public const string Password = "a password = with spaces";
    private const int SigStop = 19;
    private const int SigContinue = 18;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("redis-tests-");
    private readonly X509Certificate2? _tls;
    private Process? _process;

    private RedisProcess(X509Certificate2? tls = null)
    {
        _tls = tls;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    private static string Folder
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("WORKFLOWS_SERVERS_BIN");
            for (var parent = new DirectoryInfo(AppContext.BaseDirectory); folder is null && parent is not null; parent = parent.Parent)
            {
                if (File.Exists(Path.Combine(parent.FullName, "global.json")))
                {
                    folder = Path.Combine(parent.FullName, ".local", "servers", "bin");
                }
            }

            return File.Exists(Path.Combine(folder ?? ".", "redis-server")) ? folder! : throw new InvalidOperationException(
                $"No redis-server in '{folder}'. Provision the servers with ./test, or set WORKFLOWS_SERVERS_BIN to the folder that has it.");
        }
    }

    /// <param name="tls">A certificate with its key, to speak TLS only.</param>
    public static async Task<RedisProcess> StartAsync(X509Certificate2? tls = null)
    {
        var redis = new RedisProcess(tls);
        await redis.RestartAsync();
        return redis;
    }

    /// <summary>A process that is not running yet but has its port, for tests of what happens until it does.</summary>
    public static RedisProcess NotStarted() => new();

    public async Task RestartAsync()
    {
        var start = new ProcessStartInfo(Path.Combine(Folder, "redis-server"))
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] port = _tls is null ? ["--port", Port.ToString(CultureInfo.InvariantCulture)]
            : ["--port", "0", "--tls-port", Port.ToString(CultureInfo.InvariantCulture), "--tls-auth-clients", "no",
                "--tls-cert-file", WriteFile("certificate.pem", _tls.ExportCertificatePem()),
                "--tls-key-file", WriteFile("key.pem", _tls.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem())];
        string[] arguments = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--requirepass", Password, .. port];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var ready = new TaskCompletionSource();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException("redis-server ended before it was ready"));
            }
            else if (line.Data.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        await ready.Task.WaitAsync(StartPatience);
    }

    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    public void Freeze() => Signal(SigStop);

    public void Thaw() => Signal(SigContinue);

    public ConfigurationOptions Options(Action<ConfigurationOptions>? configure = null)
    {
        var options = new ConfigurationOptions
        {
            EndPoints = { { IPAddress.Loopback, Port } },
            Password = Password,
            AllowAdmin = true,
            HeartbeatInterval = TimeSpan.FromMilliseconds(100),
            ReconnectRetryPolicy = new LinearRetry(50),
        };
        configure?.Invoke(options);
        return options;
    }

    public Task<ConnectionMultiplexer> ConnectAsync(Action<ConfigurationOptions>? configure = null) =>
        ConnectionMultiplexer.ConnectAsync(Options(configure));

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Thaw();
        }

        await KillAsync();
        _folder.Delete(recursive: true);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);

    private string WriteFile(string name, string content)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process!.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} was refused: {Marshal.GetLastPInvokeError()}");
        }
    }
}
