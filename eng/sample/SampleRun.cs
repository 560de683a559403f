using System.Globalization;
using System.Text.Json;

namespace Workflows.Sample;

/// <summary>One sample: publishes its workflow, has it executed and shows what happened.</summary>
internal interface ISample
{
    string Name { get; }

    string Summary { get; }

    Task RunAsync(SampleRun run);
}

/// <summary>The running platform as a sample uses it.</summary>
/// <param name="operatorLogin">Address and password of the platform's first operator; null = not known.</param>
internal sealed class SampleRun(ApiClient api, Outside outside, (string Email, string Password)? operatorLogin)
{
    public ApiClient Api => api;

    /// <exception cref="InvalidOperationException">The platform has handed nothing over.</exception>
    public (string Email, string Password) Operator => operatorLogin ?? throw new InvalidOperationException(
        "Nothing is known of an operator: 'operator add' makes one (docs/tenants.md).");

    public Outside Outside => outside;

    public static void Say(string text) => Console.WriteLine("  " + text);

    /// <summary>Publishes <c>definitions/NAME.json</c>.</summary>
    public async Task<Guid> PublishAsync(string name, string title)
    {
        var definition = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "definitions", $"{name}.json"));
        var workflow = await api.PublishAsync($"{title} (sample)", definition);
        Say($"workflow {workflow} is published");
        return workflow;
    }

    /// <summary>Shows the steps of an execution, the first <paramref name="most"/> of them.</summary>
    public static void ShowSteps(JsonElement execution, int most = 20)
    {
        var steps = execution.GetProperty("steps").EnumerateArray().ToList();
        foreach (var step in steps.Take(most))
        {
            var took = step.GetProperty("finishedAt").GetDateTimeOffset() - step.GetProperty("startedAt").GetDateTimeOffset();
            var output = step.GetProperty("output").GetRawText();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"    {step.GetProperty("nodeId").GetString(),-13} {step.GetProperty("nodeType").GetString(),-13} {step.GetProperty("status").GetString(),-10} {step.GetProperty("port").GetString(),-8} {took.TotalMilliseconds,7:0.0} ms  {(output.Length > 90 ? output[..90] + "…" : output)}"));
        }

        if (steps.Count > most)
        {
            Console.WriteLine($"    … and {steps.Count - most} more");
        }
    }

    public static void ShowEnd(JsonElement execution)
    {
        var took = execution.GetProperty("finishedAt").GetDateTimeOffset() - execution.GetProperty("startedAt").GetDateTimeOffset();
        Say(string.Create(CultureInfo.InvariantCulture, $"{execution.GetProperty("status").GetString()} in {took.TotalMilliseconds:0} ms: {execution.GetProperty("output").GetRawText()}"));
    }
}
