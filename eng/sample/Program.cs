using System.Text.Json;
using Workflows.Sample;

// Runs one of the samples on a running platform, or all of them, and shows each step.
ISample[] samples = [new OrderSample(), new ApprovalSample(), new NightlySample(), new UssdSample(), new SagaSample(), new FanOutSample(),
    new CompanySample()];
var chosen = args is [_, "all"] ? samples : [.. samples.Where(sample => sample.Name == (args is [_, var name] ? name : "order"))];
if (args.Length is 0 or > 2 || chosen.Length == 0)
{
    await Console.Error.WriteLineAsync($"usage: Sample RUN.JSON [all | NAME]{string.Concat(samples.Select(sample => $"{Environment.NewLine}  {sample.Name,-10} {sample.Summary}"))}");
    return 2;
}

using var runFile = JsonDocument.Parse(await File.ReadAllTextAsync(args[0]));
var root = runFile.RootElement;
await using var outside = await Outside.StartAsync(root.GetProperty("postgres").GetString()!);
using var api = new ApiClient(root.GetProperty("api").GetString()!, root.GetProperty("apiKey").GetString()!);
(string, string)? operatorLogin = root.TryGetProperty("operatorEmail", out var email)
    ? (email.GetString()!, root.GetProperty("operatorPassword").GetString()!)
    : null;
foreach (var sample in chosen)
{
    Console.WriteLine($"  the sample '{sample.Name}': {sample.Summary}");
    await sample.RunAsync(new SampleRun(api, outside, operatorLogin));
}

return 0;
