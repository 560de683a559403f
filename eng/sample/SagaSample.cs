namespace Workflows.Sample;

/// <summary>A trip whose last booking fails: what was booked before is cancelled again, the last one first.</summary>
internal sealed class SagaSample : ISample
{
    public string Name => "saga";

    public string Summary => "three bookings, of which the last fails: the others are compensated in reverse order";

    public async Task RunAsync(SampleRun run)
    {
        var workflow = await run.PublishAsync("saga", "Trip");
        var execution = await run.Api.StartAsync(workflow, new { to = "Lisbon", url = run.Outside.Address });
        var ended = await run.Api.WaitForAsync(execution, "failed");
        SampleRun.ShowSteps(ended);
        SampleRun.Say($"failed, as it should: {ended.GetProperty("error").GetRawText()}");
        foreach (var entry in run.Outside.Ledger)
        {
            SampleRun.Say($"the travel agency: {entry}");
        }

        var cancelled = run.Outside.Ledger.Where(entry => entry.EndsWith("cancelled", StringComparison.Ordinal)).Select(entry => entry.Split(' ')[0]).ToArray();
        if (!cancelled.SequenceEqual(["hotel", "flight"]))
        {
            throw new InvalidOperationException($"Cancelled were: {string.Join(", ", cancelled)}; the hotel and then the flight were expected.");
        }
    }
}
