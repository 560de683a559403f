using System.Diagnostics;
using System.Text.Json;

namespace Workflows.Jsonata.Bench;

/// <summary>The reference implementation from npm, under Node on this machine.</summary>
internal static class Reference
{
    /// <summary>Evaluates and measures every expression.</summary>
    /// <param name="folder">Where <c>npm install</c> put it.</param>
    /// <param name="expressions">The file of the expressions.</param>
    /// <param name="data">The data they are evaluated on, as JSON.</param>
    /// <returns>Time and result by name; empty, with a message, when it is not installed.</returns>
    /// <exception cref="InvalidOperationException">Node failed.</exception>
    public static Dictionary<string, (double Nanoseconds, JsonElement Result)> Measure(
        string folder, string expressions, ReadOnlySpan<byte> data)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "jsonata")))
        {
            Console.Error.WriteLine(
                "The reference is not installed (npm install in bench/Jsonata); only our own figures follow.");
            return [];
        }

        var dataFile = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(dataFile, data);
            return Run(Path.Combine(folder, "reference.mjs"), expressions, dataFile);
        }
        finally
        {
            File.Delete(dataFile);
        }
    }

    private static Dictionary<string, (double Nanoseconds, JsonElement Result)> Run(params string[] arguments)
    {
        using var node = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("Node did not start.");
        var results = new Dictionary<string, (double, JsonElement)>(StringComparer.Ordinal);
        while (node.StandardOutput.ReadLine() is { } line)
        {
            var figure = JsonElement.Parse(line);
            results[figure.GetProperty("name").GetString()!] =
                (figure.GetProperty("nanoseconds").GetDouble(), figure.GetProperty("result"));
        }

        node.WaitForExit();
        return node.ExitCode == 0 ? results : throw new InvalidOperationException($"Node ended with {node.ExitCode}.");
    }
}
