using System.Collections.Concurrent;
using Npgsql;
using Xunit;

namespace Workflows.Testing;

/// <summary>
/// A real PostgreSQL 17 with pgvector on a free loopback port, for <c>[assembly: AssemblyFixture(typeof(PostgresServer))]</c>
/// or by <see cref="StartAsync"/>. As a fixture it trades durability for speed (no fsync); ask <see cref="StartAsync"/>
/// for a durable one where a test is about what survives. Gone with the test program, data included.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const int Interrupt = 2, Quit = 3, KillSignal = 9, Continue = 18, Stop = 19;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private static readonly string[] FastSettings = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];

    private readonly bool _durable;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly string _password = Guid.CreateVersion7().ToString("N");
    private readonly string _folder = ServerProcess.CreateFolder("postgres");
    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = new(StringComparer.Ordinal);

    private ServerProcess? _process;
    private int _databases;

    /// <summary>The fast form, not yet started; xunit starts it.</summary>
    public PostgresServer()
        : this(durable: false, new Dictionary<string, string>())
    {
    }

    private PostgresServer(bool durable, IReadOnlyDictionary<string, string> settings) =>
        (_durable, _settings) = (durable, settings);

    /// <summary>The loopback port; it stays the same over restarts.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>Connection string of the superuser to the database <c>postgres</c>.</summary>
    public string ConnectionString => ConnectionStringOf("postgres");

    /// <summary>The postmaster's process id, for tests that send signals of their own.</summary>
    public int ProcessId => Process.Id;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>Starts a server of its own.</summary>
    /// <param name="durable">True keeps fsync, full page writes and synchronous commit on.</param>
    /// <param name="settings">Further server settings, which win over the defaults.</param>
    public static async Task<PostgresServer> StartAsync(
        bool durable = false, IReadOnlyDictionary<string, string>? settings = null)
    {
        var server = new PostgresServer(durable, settings ?? new Dictionary<string, string>());
        await server.InitializeAsync();
        return server;
    }

    /// <summary>Connection string of the superuser to a database.</summary>
    public string ConnectionStringOf(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "postgres",
        Password = _password,
        Database = database,
        IncludeErrorDetail = true,
    }.ConnectionString;

    /// <summary>Creates an empty database, or a copy of a template, in some ten milliseconds.</summary>
    /// <param name="templateName">A template made by <see cref="EnsureTemplateAsync"/>.</param>
    public async Task<TestDatabase> CreateDatabaseAsync(string? templateName = null)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(templateName is null
            ? $"create database {name}"
            : $"create database {name} template \"{templateName}\"");
        return new TestDatabase(this, name);
    }

    /// <summary>
    /// Makes a template database once per server, however many callers there are: <paramref name="build"/> gets the
    /// connection string of an empty database and migrates it.
    /// </summary>
    public Task EnsureTemplateAsync(string templateName, Func<string, Task> build) =>
        _templates.GetOrAdd(templateName, name => new Lazy<Task>(() => BuildTemplateAsync(name, build))).Value;

    /// <summary>Stops as a crash does (immediate shutdown): the next start has to recover.</summary>
    public Task StopImmediateAsync() => Process.StopAsync(Quit);

    /// <summary>Stops in an orderly way (fast shutdown): sessions are ended, data is flushed.</summary>
    public Task StopAsync() => Process.StopAsync(Interrupt);

    /// <summary>kill -9 of the postmaster; its sessions notice and end.</summary>
    public Task KillAsync() => Process.StopAsync(KillSignal);

    /// <summary>Freezes the postmaster: established sessions go on, new connections hang.</summary>
    public void Pause() => Process.Signal(Stop);

    /// <summary>Ends <see cref="Pause"/>.</summary>
    public void Resume() => Process.Signal(Continue);

    /// <summary>Starts again on the same port and data, after a fast shutdown if it still runs.</summary>
    public async Task RestartAsync()
    {
        if (!Process.HasExited)
        {
            await StopAsync();
        }

        await StartProcessAsync();
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var passwordFile = $"{_folder}.password";
        await File.WriteAllTextAsync(passwordFile, _password);
        await ServerProcess.RunAsync(_folder, "initdb", "-D", _folder, "-U", "postgres", "-A", "scram-sha-256",
            $"--pwfile={passwordFile}", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8", "--lc-messages=C", "--no-sync", "--no-instructions");
        File.Delete(passwordFile);
        await StartProcessAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Signal(Continue);
            await _process.StopAsync(Quit);
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Unpooled("postgres"));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // names of databases cannot be parameters; they are the test's own
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private string Unpooled(string database) =>
        new NpgsqlConnectionStringBuilder(ConnectionStringOf(database)) { Pooling = false, Timeout = 5 }.ConnectionString;

    private async Task BuildTemplateAsync(string name, Func<string, Task> build)
    {
        await ExecuteAsync($"create database \"{name}\"");

        // A pooled session would keep the template in use, and copies of a database in use are refused.
        await build(Unpooled(name));
        await ExecuteAsync($"alter database \"{name}\" with is_template true allow_connections false");
    }

    private async Task StartProcessAsync()
    {
        string[] arguments =
        [
            "-D", _folder, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "shared_buffers=128MB", "-c", "max_connections=200", "-c", "jit=off",
            "-c", "max_parallel_maintenance_workers=0", "-c", "shared_preload_libraries=pg_stat_statements",
            .. _durable ? [] : FastSettings,
            .. _settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"]),
        ];
        _process = ServerProcess.Start(_folder, "QUIT", "postgres", arguments);
        await Eventually.TrueAsync(AnswersAsync, StartTimeout);
    }

    private async Task<bool> AnswersAsync()
    {
        if (Process.HasExited)
        {
            throw Process.Failure("PostgreSQL ended while starting");
        }

        try
        {
            await using var connection = new NpgsqlConnection(Unpooled("postgres"));
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false; // not listening yet, or 57P03: starting up, recovering
        }
    }
}
