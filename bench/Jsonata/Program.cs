using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Workflows.Jsonata;
using Workflows.Jsonata.Bench;

// Compares this implementation with the reference one from npm: same expressions, same data, same machine, same run.
// Prints "ours jsonata NAME nanoseconds|bytes|ratio VALUE UNIT"; results are compared too. `npm install` in this folder first.
var folder = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "bench", "Jsonata");
var expressionsFile = Path.Combine(folder, "expressions.json");
var dataFile = Path.Combine(Path.GetTempPath(), $"jsonata-bench-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}.json");
File.WriteAllBytes(dataFile, BenchData.Create());
try
{
    var reference = Reference.Measure(folder, expressionsFile, dataFile);
    using var data = JsonDocument.Parse(File.ReadAllBytes(dataFile));
    using var expressions = JsonDocument.Parse(File.ReadAllBytes(expressionsFile));
    var ratios = new List<(string Kind, double Ratio)>();
    foreach (var item in expressions.RootElement.EnumerateArray())
    {
        var name = item.GetProperty("name").GetString()!;
        var input = JsonataValue.FromElement(data.RootElement.GetProperty(item.GetProperty("data").GetString()!));
        var expression = JsonataExpression.Parse(item.GetProperty("expr").GetString()!);
        var figure = Measurement.Of(() => expression.Evaluate(input));
        Print(name, "time", figure.Nanoseconds, "ns");
        Print(name, "allocated", figure.Bytes, "bytes");
        if (!reference.TryGetValue(name, out var other))
        {
            continue;
        }

        var result = expression.Evaluate(input);
        var same = JsonElement.DeepEquals(other.Result, result.IsUndefined ? default : result.ToElement());
        Print(name, "reference", other.Nanoseconds, "ns");
        Print(name, "ratio", other.Nanoseconds / figure.Nanoseconds, same ? "times" : "times, BUT THE RESULTS DIFFER");
        ratios.Add((item.GetProperty("kind").GetString()!, other.Nanoseconds / figure.Nanoseconds));
    }

    foreach (var kind in ratios.GroupBy(ratio => ratio.Kind, StringComparer.Ordinal))
    {
        Print(kind.Key, "least-ratio", kind.Min(ratio => ratio.Ratio), "times");
        Print(kind.Key, "mean-ratio", Math.Exp(kind.Average(ratio => Math.Log(ratio.Ratio))), "times (geometric)");
    }
}
finally
{
    File.Delete(dataFile);
}

static void Print(string name, string metric, double value, string unit) =>
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ours jsonata/{name} {metric} {value:0.##} {unit}"));

namespace Workflows.Jsonata.Bench
{
    internal readonly record struct Figure(double Nanoseconds, double Bytes);

    internal static class Measurement
    {
        private const int Rounds = 5;
        private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(100);

        /// <summary>The best of five rounds of at least 100 ms, after warm-up enough for the optimising compiler.</summary>
        public static Figure Of(Func<JsonataValue> evaluate)
        {
            for (var i = 0; i < 3; i++)
            {
                Round(evaluate, RoundTime);
            }

            var best = double.MaxValue;
            var before = GC.GetAllocatedBytesForCurrentThread();
            var count = 0L;
            for (var i = 0; i < Rounds; i++)
            {
                var (nanoseconds, runs) = Round(evaluate, RoundTime);
                best = Math.Min(best, nanoseconds);
                count += runs;
            }

            return new Figure(best, (double)(GC.GetAllocatedBytesForCurrentThread() - before) / count);
        }

        private static (double Nanoseconds, long Runs) Round(Func<JsonataValue> evaluate, TimeSpan time)
        {
            var start = Stopwatch.GetTimestamp();
            var runs = 0L;
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                for (var i = 0; i < 8; i++)
                {
                    evaluate();
                }

                runs += 8;
            }

            return (Stopwatch.GetElapsedTime(start).TotalNanoseconds / runs, runs);
        }
    }

    internal static class Reference
    {
        /// <summary>Runs the reference under Node; empty, with a message, when it is not installed.</summary>
        public static Dictionary<string, (double Nanoseconds, JsonElement Result)> Measure(string folder, string expressions, string data)
        {
            if (!Directory.Exists(Path.Combine(folder, "node_modules", "jsonata")))
            {
                Console.Error.WriteLine("The reference is not installed (npm install in bench/Jsonata); only our own figures follow.");
                return [];
            }

            using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(folder, "reference.mjs"), expressions, data])
            {
                RedirectStandardOutput = true,
            })!;
            var results = new Dictionary<string, (double, JsonElement)>(StringComparer.Ordinal);
            while (node.StandardOutput.ReadLine() is { } line)
            {
                var figure = JsonDocument.Parse(line).RootElement;
                results[figure.GetProperty("name").GetString()!] =
                    (figure.GetProperty("nanoseconds").GetDouble(), figure.GetProperty("result"));
            }

            node.WaitForExit();
            return results;
        }
    }

    internal static class BenchData
    {
        private static readonly string[] Categories = ["tea", "cups", "books"];

        /// <summary>An order as a workflow carries it, and a table of a thousand rows.</summary>
        public static byte[] Create() => JsonSerializer.SerializeToUtf8Bytes(new
        {
            order = new
            {
                input = new
                {
                    id = "ord_0001",
                    status = "paid",
                    total = 1234.5,
                    blocked = false,
                    placed = 1_700_000_000_000,
                    note = "deliver 12-34 or 56-78 please ring twice",
                    customer = new { name = "Ann Example", country = "DE", address = new { street = "Main 1", city = "Berlin" } },
                    lines = Enumerable.Range(1, 10).Select(i => new
                    {
                        sku = $"SKU-{i}",
                        category = Categories[i % 3],
                        price = 5.25 * i,
                        quantity = i % 4,
                        tags = new[] { "a" + i, "b" + i },
                    }),
                    stock = Enumerable.Range(1, 10).Select(i => new { sku = $"SKU-{11 - i}", count = i * 10 }),
                },
            },
            table = new
            {
                rows = Enumerable.Range(0, 1000).Select(i => new { row = i, text = i % 5 == 0 ? "foo" : "text " + i, extra = new { a = i } }),
            },
        });
    }
}
