using System.Globalization;
using System.Text.Json;
using Workflows.Sample;

// Runs the sample workflow on a running platform: publishes it, sends it a real CloudEvent, pays, and shows each step.
if (args.Length != 1)
{
    await Console.Error.WriteLineAsync("usage: Sample RUN.JSON");
    return 2;
}

using var runFile = JsonDocument.Parse(await File.ReadAllTextAsync(args[0]));
var run = runFile.RootElement;
await using var inventory = await Inventory.StartAsync(run.GetProperty("postgres").GetString()!);
using var api = new ApiClient(run.GetProperty("api").GetString()!, run.GetProperty("apiKey").GetString()!);

var definition = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "order.json"));
var workflow = await api.PublishAsync("Order (sample)", definition);
Console.WriteLine($"  the sample: workflow {workflow} is published; it starts on the event order.placed");

var orderId = $"A-{Guid.CreateVersion7().ToString("N")[^8..]}";
var placed = await api.SendEventAsync("order.placed", orderId, new
{
    orderId,
    amount = 1_250.5,
    items = new[] { new { sku = "lamp", quantity = 2 }, new { sku = "desk", quantity = 1 } },
    inventoryUrl = inventory.Address,
});
var execution = placed.GetProperty("executions")[0].GetGuid();
Console.WriteLine($"  event order.placed for {orderId} started execution {execution}");

await api.WaitForAsync(execution, "waiting");
await api.SendEventAsync("payment.received", orderId, new { orderId, amount = 1_250.5 });
Console.WriteLine($"  event payment.received for {orderId} sent");

var ended = await api.WaitForAsync(execution, "completed");
foreach (var step in ended.GetProperty("steps").EnumerateArray())
{
    var took = step.GetProperty("finishedAt").GetDateTimeOffset() - step.GetProperty("startedAt").GetDateTimeOffset();
    var port = step.GetProperty("port").GetString();
    var output = step.GetProperty("output").GetRawText();
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"    {step.GetProperty("nodeId").GetString(),-10} {step.GetProperty("nodeType").GetString(),-13} {step.GetProperty("status").GetString(),-10} {port,-8} {took.TotalMilliseconds,7:0.0} ms  {(output.Length > 90 ? output[..90] + "…" : output)}"));
}

var total = ended.GetProperty("finishedAt").GetDateTimeOffset() - ended.GetProperty("startedAt").GetDateTimeOffset();
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  completed in {total.TotalMilliseconds:0} ms: {ended.GetProperty("output").GetRawText()}"));
await api.ExpectEventAsync("order.confirmed", orderId);
Console.WriteLine($"  event order.confirmed for {orderId} was emitted");
return 0;
