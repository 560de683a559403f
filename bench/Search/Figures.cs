using System.Globalization;

namespace Workflows.Bench.Search;

internal static class Figures
{
    public static void Print(string metric, double value, string unit, string whose = "ours") =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{whose} search {metric} {value:0.####} {unit}"));

    public static double Percentile(double[] sorted, double share) =>
        sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
