using System.Diagnostics;
using Npgsql;
using Workflows.Load;
using Workflows.Testing;

namespace Workflows.Peers;

/// <summary>What a peer gets: an empty database on the platform's server, a clock, a way to report.</summary>
internal sealed class PeerBed : IAsyncDisposable
{
    /// <summary>Callers at the same time, for ten-step as many as ours has connections.</summary>
    public const int Callers = 100;

    /// <summary>One-step jobs of <c>noop</c> at most, as many as ours.</summary>
    public const int MostJobs = 20_000;

    /// <summary>Executions of ten steps of <c>latency</c> that are measured.</summary>
    public const int Calls = 300;

    /// <summary>Executions of ten steps of <c>ten-step</c> at most, as many as ours.</summary>
    public const int MostExecutions = 2_000;

    private const int WarmUpCalls = 50;
    private const int PilotJobs = 1_000;
    private const int PilotExecutions = 100;
    private const double AimedSeconds = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private readonly Platform _platform;
    private readonly string _peer;
    private readonly List<Figure> _figures = [];

    private PeerBed(Platform platform, string peer, string connectionString)
    {
        (_platform, _peer, ConnectionString) = (platform, peer, connectionString);
        Database = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    /// <summary>For counting; the peer has connections of its own.</summary>
    public NpgsqlDataSource Database { get; }

    public IReadOnlyList<Figure> Figures => _figures;

    /// <summary>Creates the database <c>peer_NAME</c>.</summary>
    public static async Task<PeerBed> CreateAsync(Platform platform, string peer)
    {
        Progress.Reset();
        await using var server = NpgsqlDataSource.Create(platform.Postgres);
#pragma warning disable CA2100 // a name cannot be a parameter; it is a constant of the peer
        await using var create = server.CreateCommand($"create database peer_{peer}");
#pragma warning restore CA2100
        await create.ExecuteNonQueryAsync();
        return new PeerBed(platform, peer, new NpgsqlConnectionStringBuilder(platform.Postgres)
        {
            Database = $"peer_{peer}",
            MaxPoolSize = 150, // The server takes 200.
        }.ConnectionString);
    }

    public void Report(string benchmark, string metric, double value, string unit)
    {
        var figure = new Figure(benchmark, metric, value, unit, $"peer {_peer}");
        _figures.Add(figure);
        Console.WriteLine(figure);
    }

    /// <summary>One-step jobs, enqueued by as many callers at the same time as help.</summary>
    /// <param name="enqueue">Enqueues one; returns once it is stored.</param>
    /// <param name="count">Jobs that are done.</param>
    public Task MeasureNoopAsync(Func<int, Task> enqueue, Func<Task<long>> count) =>
        MeasureManyAsync("noop", "jobs/s", PilotJobs, MostJobs, enqueue, () => Progress.Jobs, count);

    /// <summary>Ten-step executions.</summary>
    /// <param name="start">Starts one; returns once it is stored.</param>
    /// <param name="count">Executions whose ten results are all there.</param>
    public Task MeasureTenStepAsync(Func<int, Task> start, Func<Task<long>> count) =>
        MeasureManyAsync(
            "ten-step", "exec/s", PilotExecutions, MostExecutions, start, () => Progress.Executions, count);

    /// <summary>One caller, one execution of ten steps after the other.</summary>
    /// <param name="run">Starts one and returns once it has seen its end in the database.</param>
    public async Task MeasureLatencyAsync(Func<int, Task> run)
    {
        var milliseconds = new List<double>();
        for (var call = 0; call < WarmUpCalls + Calls; call++)
        {
            var began = Stopwatch.GetTimestamp();
            await run(call);
            if (call >= WarmUpCalls)
            {
                milliseconds.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        Report("latency", "ten-step-p50", Workloads.Percentile(milliseconds, 0.5), "ms");
        Report("latency", "ten-step-p99", Workloads.Percentile(milliseconds, 0.99), "ms");
    }

    /// <summary>Reports what was done in a second, and its CPU: PostgreSQL's and that of this process.</summary>
    public async Task MeasureAsync(string benchmark, string unit, int count, Func<Task> load)
    {
        var meter = new CpuMeter(_platform);
        var began = Stopwatch.GetTimestamp();
        await load();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var shares = meter.ReadShares(seconds);
        var perThousand = 1_000.0 / count;
        Report(benchmark, "throughput", count / seconds, unit);
        var postgres = shares.Platform.GetValueOrDefault("postgres");
        Report(benchmark, "cpu", (postgres + shares.Generator) * perThousand, "CPU s per 1,000");
        Report(benchmark, "cpu-postgres", postgres * perThousand, "CPU s per 1,000");
    }

    /// <summary>The single number that a statement of the benchmark yields.</summary>
    public async Task<long> CountAsync(string sql)
    {
#pragma warning disable CA2100 // constants of the benchmark
        await using var command = Database.CreateCommand(sql);
#pragma warning restore CA2100
        command.CommandTimeout = 300;
        return Convert.ToInt64(await command.ExecuteScalarAsync(), provider: null);
    }

    /// <exception cref="InvalidOperationException">It is not.</exception>
    public async Task VerifyAsync(string sql, long expected)
    {
        if (await CountAsync(sql) is var found && found != expected)
        {
            throw new InvalidOperationException($"{_peer}: {found} instead of {expected}: {sql}");
        }
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();

    // A pilot warms it up, a second one says how many are done in some 40 s.
    private async Task MeasureManyAsync(
        string benchmark,
        string unit,
        int pilot,
        int most,
        Func<int, Task> start,
        Func<long> seen,
        Func<Task<long>> count)
    {
        var before = await count();
        var rate = 0.0;
        for (var round = 1; round <= 2; round++)
        {
            var began = Stopwatch.GetTimestamp();
            await LoadAsync(pilot, start);
            await UntilAsync(seen, count, before + (round * pilot));
            rate = pilot / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        var measured = Math.Clamp((int)(rate * AimedSeconds), pilot, most);
        Report(benchmark, "measured", measured, benchmark == "noop" ? "jobs" : "executions");
        await MeasureAsync(benchmark, unit, measured, async () =>
        {
            await LoadAsync(measured, start);
            await UntilAsync(seen, count, before + (2 * pilot) + measured);
        });
    }

    private static Task LoadAsync(int count, Func<int, Task> call) => Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Callers },
        async (number, _) => await call(number));

    private static async Task UntilAsync(Func<long> seen, Func<Task<long>> count, long expected)
    {
        var began = Stopwatch.GetTimestamp();
        while (seen() < expected || await count() < expected)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"{await count()} are done instead of {expected}.");
            }

            await Task.Delay(Poll, CancellationToken.None);
        }

        if (await count() is var found && found != expected)
        {
            throw new InvalidOperationException($"{found} are done instead of {expected}.");
        }
    }
}
