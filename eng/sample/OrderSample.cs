namespace Workflows.Sample;

/// <summary>An order, from the event that places it to the event that confirms it.</summary>
internal sealed class OrderSample : ISample
{
    public string Name => "order";

    public string Summary => "a CloudEvent starts it; it branches, calls a service, waits for the payment event and emits one";

    public async Task RunAsync(SampleRun run)
    {
        await run.PublishAsync("order", "Order");
        var orderId = $"A-{Guid.CreateVersion7().ToString("N")[^8..]}";
        var placed = await run.Api.SendEventAsync("order.placed", orderId, new
        {
            orderId,
            amount = 1_250.5,
            items = new[] { new { sku = "lamp", quantity = 2 }, new { sku = "desk", quantity = 1 } },
            inventoryUrl = run.Outside.Address,
        });
        var execution = placed.GetProperty("executions")[0].GetGuid();
        SampleRun.Say($"event order.placed for {orderId} started execution {execution}");

        await run.Api.WaitForAsync(execution, "waiting");
        await run.Api.SendEventAsync("payment.received", orderId, new { orderId, amount = 1_250.5 });
        SampleRun.Say($"event payment.received for {orderId} sent");

        var ended = await run.Api.WaitForAsync(execution, "completed");
        SampleRun.ShowSteps(ended);
        SampleRun.ShowEnd(ended);
        await run.Api.ExpectEventAsync("order.confirmed", orderId);
        SampleRun.Say($"event order.confirmed for {orderId} was emitted");
    }
}
