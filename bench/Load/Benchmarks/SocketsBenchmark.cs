using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>Many who look on, over two instances of the API.</summary>
internal sealed class SocketsBenchmark : IBenchmark
{
    private const int Sockets = 10_000;
    private const int PerTopic = 1_000;
    private const int Updates = 50;
    private const int MissedUpdates = 20;
    private const int OpenedAtOnce = 50;
    private const int WatchedRounds = 3;
    private const int WatchedExecutions = 2_000;

    private static readonly TimeSpan Arrival = TimeSpan.FromSeconds(30);

    public string Name => "sockets";

    public string Description =>
        $"{Sockets:N0} WebSocket clients over two instances of the API, {PerTopic:N0} at each of ten workflows. "
        + $"{Updates} changes of one workflow, one after the other: from the call to its arrival at each of its "
        + "1,000 clients. "
        + $"Then 500 clients lose their connection, miss {MissedUpdates} changes and go on at the other instance: all "
        + $"get all, in order. Then ten-step with and without {PerTopic:N0} clients at the list of executions, in "
        + "turn. Clients and load on the same cores. Aim: p99 100 ms, none missed, loss below 5 %.";

    public IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Api__Replicas"] = "2",
        ["Api__MaxConnections"] = "20000",
        ["Live__ConnectionsPerCaller"] = "20000",
    };

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var instances = platform.ApiInstances();
        using var http = new HttpClient { BaseAddress = platform.Api };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", platform.ApiKey);
        var workflows = new List<string>();
        for (var number = 0; number < Sockets / PerTopic; number++)
        {
            workflows.Add(await client.PublishAsync($"sockets {number}", Workloads.OneNode));
        }

        var before = MemoryOfApi(platform);
        var sockets = new LiveSocket[Sockets];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Sockets), new ParallelOptions { MaxDegreeOfParallelism = OpenedAtOnce },
            async (number, _) => sockets[number] = await LiveSocket.OpenAsync(
                instances[number % 2], platform.ApiKey, $"workflow:{workflows[number / PerTopic]}"));
        report("memory", (MemoryOfApi(platform) - before) / (double)Sockets / 1024, "KiB per socket");

        var delays = await UpdateAsync(http, workflows[0], sockets[..PerTopic]);
        report("broadcast-p50", Workloads.Percentile(delays, 0.5), "ms");
        report("broadcast-p99", Workloads.Percentile(delays, 0.99), "ms");
        var missed = await ReconnectAsync(http, platform, workflows[1], sockets[PerTopic..(2 * PerTopic)]);
        report("missed", missed, "messages");
        await Task.WhenAll(sockets.Select(socket => socket.DropAsync()));
        await WatchAsync(platform, client, instances, report);
        Array.ForEach(sockets, socket => socket.Dispose());
    }

    private static async Task<List<double>> UpdateAsync(HttpClient http, string workflow, LiveSocket[] sockets)
    {
        var delays = new List<double>(Updates * sockets.Length);
        for (var update = 1; update <= Updates; update++)
        {
            var began = Stopwatch.GetTimestamp();
            await ChangeAsync(http, workflow, update);
            await ArrivalAsync(sockets, update);
            delays.AddRange(sockets.Select(
                socket => Stopwatch.GetElapsedTime(began, socket.Received[update - 1].At).TotalMilliseconds));
        }

        return delays;
    }

    /// <returns>How many messages did not come, or came in another order.</returns>
    private static async Task<double> ReconnectAsync(
        HttpClient http, Platform platform, string workflow, LiveSocket[] sockets)
    {
        var instances = platform.ApiInstances();
        await ChangeAsync(http, workflow, 0);
        await ArrivalAsync(sockets, 1);
        var last = sockets[0].Received[0].Id;
        var lost = sockets.Where((_, number) => number % 2 == 0).ToList(); // those of the first instance
        await Task.WhenAll(lost.Select(socket => socket.DropAsync()));
        for (var update = 1; update <= MissedUpdates; update++)
        {
            await ChangeAsync(http, workflow, update);
        }

        var again = new LiveSocket[lost.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, lost.Count), new ParallelOptions { MaxDegreeOfParallelism = OpenedAtOnce },
            async (number, _) => again[number] = await LiveSocket.OpenAsync(
                instances[1], platform.ApiKey, $"workflow:{workflow}", last));
        await ArrivalAsync(again, MissedUpdates);
        var stayed = sockets.First(socket => socket.Count > MissedUpdates).Received[1..].ConvertAll(one => one.Id);
        var missed = again.Sum(socket =>
            socket.Received.ConvertAll(one => one.Id).SequenceEqual(stayed) ? 0.0 : MissedUpdates);
        await Task.WhenAll(again.Select(socket => socket.DropAsync()));
        Array.ForEach(again, socket => socket.Dispose());
        return missed;
    }

    private static async Task WatchAsync(
        Platform platform, PlatformClient client, IReadOnlyList<Uri> instances, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("sockets ten-step", Workloads.TenSteps());
        await Workloads.RunAsync(client, workflow, 5 * WatchedExecutions, 100);
        var (alone, watched) = (new List<double>(), new List<double>());
        for (var round = 0; round < WatchedRounds; round++)
        {
            alone.Add(WatchedExecutions / await Workloads.RunAsync(client, workflow, WatchedExecutions, 100));
            var watchers = new LiveSocket[PerTopic];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, PerTopic), new ParallelOptions { MaxDegreeOfParallelism = OpenedAtOnce },
                async (number, _) => watchers[number] = await LiveSocket.OpenAsync(
                    instances[number % 2], platform.ApiKey, "executions"));
            watched.Add(WatchedExecutions / await Workloads.RunAsync(client, workflow, WatchedExecutions, 100));
            await Task.WhenAll(watchers.Select(socket => socket.DropAsync()));
            Array.ForEach(watchers, socket => socket.Dispose());
        }

        report("ten-step-alone", Workloads.Percentile(alone, 0.5), "exec/s");
        report("ten-step-watched", Workloads.Percentile(watched, 0.5), "exec/s");
    }

    private static async Task ChangeAsync(HttpClient http, string workflow, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/workflows/{workflow}")
        {
            Content = new StringContent(
                string.Create(CultureInfo.InvariantCulture, $$"""{"description": "{{number}}"}"""), Encoding.UTF8,
                "application/json"),
            Headers = { { "If-Match", "*" } },
        };
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    private static async Task ArrivalAsync(LiveSocket[] sockets, int count)
    {
        var began = Stopwatch.GetTimestamp();
        while (Array.Exists(sockets, socket => socket.Count < count))
        {
            if (Stopwatch.GetElapsedTime(began) > Arrival)
            {
                var late = sockets.Count(socket => socket.Count < count);
                throw new InvalidOperationException($"{late} of {sockets.Length} clients did not get all {count}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None);
        }
    }

    private static long MemoryOfApi(Platform platform) =>
        platform.Processes().Where(process => process.Resource == "api").Sum(process =>
            long.Parse(ResidentKiB(process.Id), CultureInfo.InvariantCulture) * 1024);

    private static string ResidentKiB(int process) =>
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
}
