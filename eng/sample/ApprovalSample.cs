namespace Workflows.Sample;

/// <summary>A refund that waits for a person, who fills in a form.</summary>
internal sealed class ApprovalSample : ISample
{
    public string Name => "approval";

    public string Summary => "a refund waits for a decision with a form, found in the inbox and decided by the owner";

    public async Task RunAsync(SampleRun run)
    {
        var workflow = await run.PublishAsync("approval", "Refund");
        var execution = await run.Api.StartAsync(workflow, new { customer = "Ada", amount = 420, reason = "The lamp arrived broken." });
        await run.Api.WaitForAsync(execution, "waiting");

        using var owner = await run.Api.LoginAsync(run.OwnerEmail, run.OwnerPassword);
        var request = (await owner.GetAsync("/api/v1/approvals")).EnumerateArray().First(approval => approval.GetProperty("executionId").GetGuid() == execution);
        SampleRun.Say($"in the inbox of {run.OwnerEmail}: {request.GetProperty("title").GetString()}");
        await owner.PostAsync($"/api/v1/approvals/{request.GetProperty("id").GetGuid()}/decide", new { decision = "approve", comment = "Half of it.", form = new { limit = 210 } });
        SampleRun.Say("approved, with a limit of 210");

        var ended = await run.Api.WaitForAsync(execution, "completed");
        SampleRun.ShowSteps(ended);
        SampleRun.ShowEnd(ended);
    }
}
