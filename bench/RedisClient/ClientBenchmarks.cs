using System.Globalization;
using BenchmarkDotNet.Attributes;
using StackExchange.Redis;

namespace Workflows.RedisClient;

/// <summary>
/// The commands of the workers' hot path over one connection, from our client and from redis-benchmark on the same
/// server. An operation is one command.
/// </summary>
public class ClientBenchmarks
{
    /// <summary>Commands in one run of a benchmark, so that the start of redis-benchmark does not count.</summary>
    private const int Commands = 50_000;

    private const int ValueBytes = 64;
    private static readonly RedisValue Value = new string('x', ValueBytes);
    private static readonly NameValueEntry[] Entry = [new("id", Value)];

    private BenchmarkServer? _server;
    private ConnectionMultiplexer? _redis;
    private Func<Task> _client = () => throw new InvalidOperationException("Nothing was set up.");
    private string[] _reference = [];
    private int _underWay;

    /// <summary>A command, and from how many callers at a time, or in blocks of how many from one caller.</summary>
    [Params("set-1", "set-64", "set-256", "set-block-of-64", "get-64", "get-256", "xadd-64", "xadd-256")]
    public string Shape { get; set; } = "";

    [GlobalSetup]
    public async Task ConnectAsync()
    {
        _server = await BenchmarkServer.StartAsync(BenchmarkServer.Folder);
        _redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_server.Port}");
        var db = _redis.GetDatabase();
        await db.StringSetAsync("bench", Value); // what get finds
        var parts = Shape.Split('-');
        _underWay = int.Parse(parts[^1], CultureInfo.InvariantCulture);
        Func<Task> command = parts[0] switch
        {
            "set" => () => db.StringSetAsync("bench", Value),
            "get" => () => db.StringGetAsync("bench"),
            "xadd" => () => db.StreamAddAsync("stream", Entry, maxLength: 10_000, useApproximateMaxLength: true),
            _ => throw new InvalidOperationException($"{Shape} is no shape of this benchmark."),
        };
        _reference = parts[0] switch
        {
            "set" => ["SET", "bench", Value.ToString()],
            "get" => ["GET", "bench"],
            _ => ["XADD", "stream", "MAXLEN", "~", "10000", "*", "id", Value.ToString()],
        };
        _client = parts.Contains("block") ? () => CallInBlocksAsync(command) : () => CallAsync(command);
    }

    [GlobalCleanup]
    public async Task DisconnectAsync()
    {
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Benchmark(OperationsPerInvoke = Commands)]
    public Task Client() => _client();

    [Benchmark(OperationsPerInvoke = Commands, Baseline = true)]
    public Task Reference() => _server!.ReferenceAsync(Commands, _underWay, _reference);

    /// <summary>Each caller awaits its reply before it goes on, as request handlers do.</summary>
    private Task CallAsync(Func<Task> command) => Task.WhenAll(Enumerable.Range(0, _underWay).Select(async caller =>
    {
        for (var i = caller; i < Commands; i += _underWay)
        {
            await command();
        }
    }));

    /// <summary>
    /// One caller starts many commands and awaits them together, as a flush of acknowledgements does.
    /// </summary>
    private async Task CallInBlocksAsync(Func<Task> command)
    {
        var tasks = new List<Task>(_underWay);
        for (var i = 0; i < Commands; i += _underWay)
        {
            tasks.Clear();
            for (var j = 0; j < Math.Min(_underWay, Commands - i); j++)
            {
                tasks.Add(command());
            }

            await Task.WhenAll(tasks);
        }
    }
}
