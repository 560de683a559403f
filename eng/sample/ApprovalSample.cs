using System.Security.Cryptography;

namespace Workflows.Sample;

/// <summary>A refund that waits for a person of the finance group, who fills in a form.</summary>
internal sealed class ApprovalSample : ISample
{
    private const string Group = "Finance (sample)";

    private static readonly string[] Roles = ["viewer"];

    public string Name => "approval";

    public string Summary => "a refund waits for a decision with a form; somebody of the group finds it in her inbox and decides";

    public async Task RunAsync(SampleRun run)
    {
        var (email, password) = await HireAsync(run.Api);
        var workflow = await run.PublishAsync("approval", "Refund");
        var execution = await run.Api.StartAsync(workflow, new { customer = "Ada", amount = 420, reason = "The lamp arrived broken.", group = Group });
        await run.Api.WaitForAsync(execution, "waiting");

        using var ann = await run.Api.LoginAsync(email, password);
        var request = (await ann.GetAsync("/api/v1/approvals")).EnumerateArray().First(approval => approval.GetProperty("executionId").GetGuid() == execution);
        SampleRun.Say($"in the inbox of {email}: {request.GetProperty("title").GetString()}");
        await ann.PostAsync($"/api/v1/approvals/{request.GetProperty("id").GetGuid()}/decide", new { decision = "approve", comment = "Half of it.", form = new { limit = 210 } });
        SampleRun.Say("she approves, with a limit of 210");

        var ended = await run.Api.WaitForAsync(execution, "completed");
        SampleRun.ShowSteps(ended);
        SampleRun.ShowEnd(ended);
    }

    private static async Task<(string Email, string Password)> HireAsync(ApiClient api)
    {
        var known = (await api.GetAsync("/api/v1/groups")).EnumerateArray().Where(group => group.GetProperty("name").GetString() == Group).ToList();
        var group = known.Count > 0 ? known[0] : await api.PostAsync("/api/v1/groups", new { name = Group });
        var email = $"ann-{Guid.CreateVersion7().ToString("N")[^8..]}@example.com";
        var password = RandomNumberGenerator.GetHexString(24);
        var user = await api.PostAsync("/api/v1/users", new { email, name = "Ann", password, roles = Roles });
        await api.PutAsync($"/api/v1/groups/{group.GetProperty("id").GetGuid()}/members/{user.GetProperty("id").GetGuid()}");
        return (email, password);
    }
}
