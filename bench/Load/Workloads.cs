using Workflows.Testing;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Workflows.Load;

/// <summary>The definitions and inputs that the benchmarks share.</summary>
internal static class Workloads
{
    /// <summary>Steps of <see cref="TenSteps"/>.</summary>
    public const int Steps = 10;

    private const int StepBytes = 1_024;
    private const int InputBytes = 200;

    public const string OneNode = """{"schema":1,"nodes":[{"id":"only","type":"noop"}],"edges":[]}""";

    /// <summary>
    /// Ten nodes in a row, each of the effect class (it starts only when the step before is durable), each with 1 KB of JSON that depends on the input.
    /// </summary>
    public static string TenSteps()
    {
        var nodes = Enumerable.Range(1, Steps).Select(step => new
        {
            id = $"step{step}",
            type = "set",
            effect = true,
            parameters = new { value = new { order = "{{ input.order }}", step, text = Text(StepBytes - 60) } },
        });
        var edges = Enumerable.Range(1, Steps - 1).Select(step => new { from = $"step{step}", to = $"step{step + 1}" });
        return JsonSerializer.Serialize(new { schema = 1, nodes, edges });
    }

    public static byte[] StartBody(int number) =>
        Encoding.UTF8.GetBytes($$$"""{"input":{"order":"{{{number.ToString(CultureInfo.InvariantCulture)}}}","text":"{{{Text(InputBytes - 30)}}}"}}""");

    public static byte[] BulkBody(int count) =>
        Encoding.UTF8.GetBytes($$"""{"executions":[{{string.Join(',', Enumerable.Range(0, count).Select(number => Encoding.UTF8.GetString(StartBody(number))))}}]}""");

    /// <summary>What a step of <see cref="TenSteps"/> yields, for engines that are measured beside ours.</summary>
    public static string StepResult(string order, int step) =>
        JsonSerializer.Serialize(new { order, step, text = StepText });

    private static readonly string StepText = Text(StepBytes - 60);

    /// <summary>Letters, not a run of one: what is stored should cost what stored text costs.</summary>
    public static string Text(int length)
    {
        var random = new Random(20260101);
        return string.Create(length, random, static (span, random) =>
        {
            for (var index = 0; index < span.Length; index++)
            {
                span[index] = (char)('a' + random.Next(26));
            }
        });
    }

    /// <summary>Starts executions by single calls from that many connections.</summary>
    public static async Task StartAsync(PlatformClient client, string workflowId, int count, int connections) =>
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = connections },
            async (number, _) => await client.StartAsync(workflowId, StartBody(number)));

    /// <summary>Starts and completes executions; the seconds from the first call to the last end.</summary>
    public static async Task<double> RunAsync(PlatformClient client, string workflowId, int count, int connections)
    {
        var since = TimeProvider.System.GetUtcNow().AddMilliseconds(-1);
        var began = Stopwatch.GetTimestamp();
        await StartAsync(client, workflowId, count, connections);
        await client.WaitForCompletedAsync(workflowId, count, TimeSpan.FromMinutes(2), since);
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>The value below which this part of the values lies.</summary>
    public static double Percentile(List<double> values, double part)
    {
        values.Sort();
        return values[Math.Min(values.Count - 1, (int)(values.Count * part))];
    }
}
