namespace Workflows.Sample;

/// <summary>A thousand items in one execution, each result durable.</summary>
internal sealed class FanOutSample : ISample
{
    private const int Customers = 1_000;

    public string Name => "fan-out";

    public string Summary => "one execution over 1,000 items in parallel, each result durable";

    public async Task RunAsync(SampleRun run)
    {
        var workflow = await run.PublishAsync("fan-out", "Invoices");
        var execution = await run.Api.StartAsync(workflow, new { customers = Customers });
        var ended = await run.Api.WaitForAsync(execution, "completed");
        SampleRun.ShowSteps(ended, 6);
        SampleRun.ShowEnd(ended);
        if (ended.GetProperty("output").GetProperty("invoices").GetInt32() != Customers)
        {
            throw new InvalidOperationException("Not every customer got an invoice.");
        }
    }
}
