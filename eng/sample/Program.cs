using System.Text.Json;
using Workflows.Sample;

// Runs one of the samples on a running platform, or all of them, and shows each step. What `./run` asks for is 'start':
// on a platform without samples all but those of models and of the company, so that whoever looks around finds runs of
// each kind; later the first alone, to show that the platform works.
ISample[] samples = [new OrderSample(), new ApprovalSample(), new NightlySample(), new UssdSample(), new SagaSample(), new FanOutSample(),
    new AiSample(), new CompanySample()];
var name = args is [_, var given] ? given : "order";
if (args.Length is 0 or > 2 || (name is not ("all" or "start") && !samples.Any(sample => sample.Name == name)))
{
    await Console.Error.WriteLineAsync($"usage: Sample RUN.JSON [all | start | NAME]{string.Concat(samples.Select(sample => $"{Environment.NewLine}  {sample.Name,-10} {sample.Summary}"))}");
    return 2;
}

using var runFile = JsonDocument.Parse(await File.ReadAllTextAsync(args[0]));
var root = runFile.RootElement;
await using var outside = await Outside.StartAsync(root.GetProperty("postgres").GetString()!);
using var api = new ApiClient(root.GetProperty("api").GetString()!, root.GetProperty("apiKey").GetString()!);
(string, string)? operatorLogin = root.TryGetProperty("operatorEmail", out var email)
    ? (email.GetString()!, root.GetProperty("operatorPassword").GetString()!)
    : null;
if (name == "start")
{
    var present = await api.GetAsync("/api/v1/workflows?tag=sample&per_page=1");
    name = present.GetArrayLength() == 0 ? "tour" : "order";
}

ISample[] chosen = name switch
{
    "all" => samples,
    // What the sample of models registers has nobody behind it once the sample has ended.
    "tour" => [.. samples.Where(sample => sample is not (CompanySample or AiSample))],
    _ => [.. samples.Where(sample => sample.Name == name)],
};
foreach (var sample in chosen)
{
    Console.WriteLine($"  the sample '{sample.Name}': {sample.Summary}");
    await sample.RunAsync(new SampleRun(api, outside, operatorLogin));
}

return 0;
