using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace Workflows.RedisClient;

/// <summary>The commands of the workers' hot path, from one and from many callers on one multiplexer.</summary>
internal sealed class ClientBenchmark(BenchmarkServer server, int count)
{
    private const int ValueBytes = 64;
    private const int Rounds = 5;
    private static readonly RedisValue Value = new string('x', ValueBytes);
    private static readonly NameValueEntry[] Entry = [new("id", Value)];

    public async Task RunAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port}");
        var db = redis.GetDatabase();
        string[] set = ["SET", "bench", Value.ToString()];
        string[] get = ["GET", "bench"];
        string[] xadd = ["XADD", "stream", "MAXLEN", "~", "10000", "*", "id", Value.ToString()];
        await CallAsync(64, count, () => db.StringSetAsync("bench", Value)); // compiled and tuned before it counts
        foreach (var callers in (int[])[64, 256])
        {
            await MeasureAsync($"set-{callers}", callers, count, set, n => CallAsync(callers, n, () => db.StringSetAsync("bench", Value)));
            await MeasureAsync($"get-{callers}", callers, count, get, n => CallAsync(callers, n, () => db.StringGetAsync("bench")));
            await MeasureAsync($"xadd-{callers}", callers, count, xadd, n => CallAsync(
                callers, n, () => db.StreamAddAsync("stream", Entry, maxLength: 10_000, useApproximateMaxLength: true)));
        }

        await MeasureAsync("set-1", 1, count / 10, set, n => CallAsync(1, n, () => db.StringSetAsync("bench", Value)));
        await MeasureAsync("set-block-of-64", 64, count, set, n => CallInBlocksAsync(64, n, () => db.StringSetAsync("bench", Value)));
    }

    /// <summary>Each caller awaits its reply before it goes on, as request handlers do.</summary>
    private static Task CallAsync(int callers, int total, Func<Task> command) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var i = total / callers; i > 0; i--)
            {
                await command();
            }
        }));

    /// <summary>One caller that starts many commands and awaits them together, as a flush of acknowledgements does.</summary>
    private static async Task CallInBlocksAsync(int size, int total, Func<Task> command)
    {
        var tasks = new Task[size];
        for (var i = 0; i < total / size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                tasks[j] = command();
            }

            await Task.WhenAll(tasks);
        }
    }

    /// <summary>Ours and the reference take turns, and the medians are compared: other load on the machine hits both.</summary>
    private async Task MeasureAsync(string metric, int pipeline, int total, string[] reference, Func<int, Task> work)
    {
        var ours = new Sample[Rounds];
        var theirs = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            ours[round] = await TimeAsync(total, work);
            theirs[round] = await server.ReferenceAsync(total, pipeline, reference);
        }

        var (rate, their) = (Median(ours.Select(sample => sample.Rate)), Median(theirs));
        Line(metric, rate, "commands/s");
        Line($"{metric}-reference", their, "commands/s");
        Line($"{metric}-ratio", rate / their, "x");
        Line($"{metric}-client-cpu", Median(ours.Select(sample => sample.ProcessorMicroseconds)), "us/command");
        Line($"{metric}-allocated", Median(ours.Select(sample => sample.AllocatedBytes)), "bytes/command");
    }

    private static async Task<Sample> TimeAsync(int total, Func<int, Task> work)
    {
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        var processor = self.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        await work(total);
        var elapsed = Stopwatch.GetElapsedTime(started);
        self.Refresh();
        return new Sample(
            total / elapsed.TotalSeconds,
            (self.TotalProcessorTime - processor).TotalMicroseconds / total,
            (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / total);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static void Line(string metric, double value, string unit) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"ours redis-client {metric} {value:0.##} {unit}"));

    private readonly record struct Sample(double Rate, double ProcessorMicroseconds, double AllocatedBytes);
}
