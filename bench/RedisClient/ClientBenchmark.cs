using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace Workflows.RedisClient;

/// <summary>The commands of the workers' hot path, from one and from many callers on one multiplexer.</summary>
internal sealed class ClientBenchmark(BenchmarkServer server, int count)
{
    private const int ValueBytes = 64;
    private static readonly RedisValue Value = new string('x', ValueBytes);
    private static readonly NameValueEntry[] Entry = [new("id", Value)];

    public async Task RunAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port}");
        var db = redis.GetDatabase();
        string[] set = ["SET", "bench", Value.ToString()];
        string[] xadd = ["XADD", "stream", "MAXLEN", "~", "10000", "*", "id", Value.ToString()];
        await MeasureAsync("warm-up", 64, count / 2, () => db.StringSetAsync("bench", Value), null);
        foreach (var callers in (int[])[64, 256])
        {
            await MeasureAsync("set", callers, count, () => db.StringSetAsync("bench", Value), set);
            await MeasureAsync("get", callers, count, () => db.StringGetAsync("bench"), ["GET", "bench"]);
            await MeasureAsync("xadd", callers, count, () => db.StreamAddAsync("stream", Entry, maxLength: 10_000, useApproximateMaxLength: true), xadd);
        }

        await MeasureAsync("set", 1, count / 10, () => db.StringSetAsync("bench", Value), set);
        await MeasureBlockAsync(db, set);
    }

    /// <summary>Each caller awaits its reply before it goes on, as request handlers do.</summary>
    private async Task MeasureAsync(string name, int callers, int total, Func<Task> command, string[]? reference)
    {
        var (rate, client, allocated) = await TimeAsync(total, () => Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var i = total / callers; i > 0; i--)
            {
                await command();
            }
        })));
        if (reference is not null)
        {
            await PrintAsync($"{name}-{callers}", callers, total, rate, client, allocated, reference);
        }
    }

    /// <summary>One caller that starts many commands and awaits them together, as a flush of acknowledgements does.</summary>
    private async Task MeasureBlockAsync(IDatabase db, string[] reference)
    {
        const int Size = 64;
        var tasks = new Task[Size];
        var (rate, client, allocated) = await TimeAsync(count, async () =>
        {
            for (var i = 0; i < count / Size; i++)
            {
                for (var j = 0; j < Size; j++)
                {
                    tasks[j] = db.StringSetAsync("bench", Value);
                }

                await Task.WhenAll(tasks);
            }
        });
        await PrintAsync($"set-block-of-{Size}", Size, count, rate, client, allocated, reference);
    }

    private static async Task<(double Rate, double ClientMicroseconds, double AllocatedBytes)> TimeAsync(int total, Func<Task> work)
    {
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        var processor = self.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await work();
        var elapsed = Stopwatch.GetElapsedTime(started);
        self.Refresh();
        return (
            total / elapsed.TotalSeconds,
            (self.TotalProcessorTime - processor).TotalMicroseconds / total,
            (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / total);
    }

    private async Task PrintAsync(
        string metric, int pipeline, int total, double rate, double clientMicroseconds, double allocated, string[] reference)
    {
        var theirs = await server.ReferenceAsync(total, pipeline, reference);
        Line(metric, rate, "commands/s");
        Line($"{metric}-reference", theirs, "commands/s");
        Line($"{metric}-ratio", rate / theirs, "x");
        Line($"{metric}-client-cpu", clientMicroseconds, "us/command");
        Line($"{metric}-allocated", allocated, "bytes/command");
    }

    private static void Line(string metric, double value, string unit) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"ours redis-client {metric} {value:0.##} {unit}"));
}
