using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Embedded;

/// <summary>PostgreSQL with pgvector as a child process: loopback only, passwords by SCRAM, durable, sized for a small machine.</summary>
internal static class EmbeddedPostgres
{
    private const long Megabyte = 1024 * 1024;
    private const long SmallMachine = 4096 * Megabyte;

    public static async Task<ProcessCommand> PrepareAsync(
        PostgresServerResource server, EmbeddedServerContext context, CancellationToken cancellationToken)
    {
        var bin = context.Local.ServersBin();

        // Data of two major versions do not mix, so the folder bears the version. Without a volume a container forgets
        // its data with itself; so does this.
        var major = await MajorVersionAsync(bin, context, cancellationToken);
        var kept = server.Annotations.OfType<ContainerMountAnnotation>().Any(mount => !mount.IsReadOnly);
        var data = context.Local.PathOf($"{server.Name}-{major}{(kept ? string.Empty : "-session")}");
        if (!kept && Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true);
        }

        if (!File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            await InitializeAsync(server, bin, data, context, cancellationToken);
        }

        return new ProcessCommand(Path.Combine(bin, "postgres"), [.. Settings(data, context.Port)])
        {
            ServerDataFolder = data,
            StopSignal = "INT", // fast shutdown: sessions end, everything is flushed, which may take a while
            StopGrace = TimeSpan.FromMinutes(1),
        };
    }

    private static async Task InitializeAsync(
        PostgresServerResource server, string bin, string data, EmbeddedServerContext context, CancellationToken cancellationToken)
    {
        // A folder without PG_VERSION is one whose initdb was interrupted.
        if (Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true);
        }

        // The password goes through a file in the data folder's own place: initdb may run as another user than this
        // process, and arguments are visible to everybody.
        var user = await server.UserNameReference.GetValueAsync(cancellationToken);
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken);
        await context.RunAsync(new ProcessCommand("/bin/sh",
            ["-c", InitializeScript, "initdb", Path.Combine(bin, "initdb"), data, user!])
        {
            ServerDataFolder = data,
            Environment = new Dictionary<string, string> { ["EMBEDDED_POSTGRES_PASSWORD"] = password! },
        }, cancellationToken);
    }

    /// <summary>The builtin provider's C.UTF-8 sorts by code point and folds case everywhere, with no library of the host.</summary>
    private const string InitializeScript = """
        printf '%s' "$EMBEDDED_POSTGRES_PASSWORD" | "$1" -D "$2" -U "$3" --auth=scram-sha-256 --pwfile=/dev/stdin \
            -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C.UTF-8 --lc-messages=C --no-instructions
        """;

    private static IEnumerable<string> Settings(string data, int port)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["unix_socket_directories"] = string.Empty,
            ["max_connections"] = "200",
            ["shared_buffers"] = memory >= SmallMachine ? "512MB" : "128MB",
            ["effective_cache_size"] = $"{Math.Max(512, memory / Megabyte / 2)}MB",
            ["maintenance_work_mem"] = memory >= SmallMachine ? "256MB" : "64MB",

            // Nothing that was acknowledged may be lost: these three are the defaults, and stay so.
            ["fsync"] = "on",
            ["full_page_writes"] = "on",
            ["synchronous_commit"] = "on",

            // Few, spread checkpoints: each one makes the next change of every page write the page as a whole.
            ["max_wal_size"] = "4GB",
            ["checkpoint_timeout"] = "15min",
            ["checkpoint_completion_target"] = "0.9",
            ["wal_compression"] = "lz4",

            // Short statements gain nothing from compilation, and pgvector before 0.8.2 overflows a buffer when an HNSW
            // index is built in parallel (CVE-2026-3172).
            ["jit"] = "off",
            ["max_parallel_maintenance_workers"] = "0",
            ["random_page_cost"] = "1.1",
            ["shared_preload_libraries"] = "pg_stat_statements",

            // Tables that mostly grow: visit them early and often, so that index-only scans find their pages all-visible.
            ["autovacuum_naptime"] = "15s",
            ["autovacuum_vacuum_scale_factor"] = "0.05",
            ["autovacuum_vacuum_insert_scale_factor"] = "0.05",
            ["autovacuum_analyze_scale_factor"] = "0.02",
            ["autovacuum_vacuum_cost_limit"] = "2000",
            ["log_line_prefix"] = "%m [%p] ",
            ["log_checkpoints"] = "off",
        };
        return ((string[])["-D", data, "-p", port.ToString(CultureInfo.InvariantCulture)])
            .Concat(settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"]));
    }

    private static async Task<int> MajorVersionAsync(string bin, EmbeddedServerContext context, CancellationToken cancellationToken)
    {
        var output = await context.RunAsync(new ProcessCommand(Path.Combine(bin, "postgres"), ["--version"]), cancellationToken);
        var version = output.Split(' ', StringSplitOptions.RemoveEmptyEntries).First(word => char.IsAsciiDigit(word[0]));
        return int.Parse(version.Split('.')[0], CultureInfo.InvariantCulture);
    }
}
