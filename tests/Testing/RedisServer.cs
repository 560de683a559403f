using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Workflows.Testing;

/// <summary>
/// A real Redis 8 on a free loopback port, for <c>[assembly: AssemblyFixture(typeof(RedisServer))]</c> or by
/// <see cref="StartAsync"/>. As a fixture it keeps nothing over a restart, like a cache that was lost; a persistent
/// one writes its append-only file on every change.
/// </summary>
public sealed class RedisServer : IAsyncLifetime
{
    private const int KillSignal = 9, Terminate = 15, Continue = 18, Stop = 19;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly bool _persistent;
    private readonly string _password = Guid.CreateVersion7().ToString("N");
    private readonly string _folder = ServerProcess.CreateFolder("redis");

    private ServerProcess? _process;

    /// <summary>The form without persistence, not yet started; xunit starts it.</summary>
    public RedisServer()
        : this(persistent: false)
    {
    }

    private RedisServer(bool persistent) => _persistent = persistent;

    /// <summary>The loopback port; it stays the same over restarts.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>What StackExchange.Redis understands: <c>host:port,password=…</c>.</summary>
    public string ConnectionString => $"127.0.0.1:{Port},password={_password}";

    /// <summary>The process id, for tests that send signals of their own.</summary>
    public int ProcessId => Process.Id;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>Starts a server of its own.</summary>
    /// <param name="persistent">True keeps the data over <see cref="RestartAsync"/> and <see cref="KillAsync"/>.</param>
    public static async Task<RedisServer> StartAsync(bool persistent = false)
    {
        var server = new RedisServer(persistent);
        await server.InitializeAsync();
        return server;
    }

    /// <summary>Stops in an orderly way.</summary>
    public Task StopAsync() => Process.StopAsync(Terminate);

    /// <summary>kill -9.</summary>
    public Task KillAsync() => Process.StopAsync(KillSignal);

    /// <summary>Freezes the server: connections stay open, nothing is answered.</summary>
    public void Pause() => Process.Signal(Stop);

    /// <summary>Ends <see cref="Pause"/>.</summary>
    public void Resume() => Process.Signal(Continue);

    /// <summary>Starts again on the same port, after an orderly stop if it still runs.</summary>
    public async Task RestartAsync()
    {
        if (!Process.HasExited)
        {
            await StopAsync();
        }

        await InitializeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        string[] persistence = _persistent ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
        _process = ServerProcess.Start(_folder, "TERM", "redis-server", ["--port", $"{Port}", "--bind", "127.0.0.1",
            "--dir", _folder, "--save", "", "--requirepass", _password, "--daemonize", "no", .. persistence]);
        await Eventually.TrueAsync(AnswersAsync, StartTimeout);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Signal(Continue);
            await _process.StopAsync(KillSignal);
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<bool> AnswersAsync()
    {
        if (Process.HasExited)
        {
            throw Process.Failure("Redis ended while starting");
        }

        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"AUTH {_password}\r\nPING\r\n"));
            using var reader = new StreamReader(stream, Encoding.ASCII);
            await reader.ReadLineAsync();
            return await reader.ReadLineAsync() == "+PONG";
        }
        catch (SocketException)
        {
            return false; // not listening yet
        }
        catch (IOException)
        {
            return false; // closed while still loading
        }
    }
}
