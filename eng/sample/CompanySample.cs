using System.Text.Json;

namespace Workflows.Sample;

/// <summary>Two companies on one platform, and people who work together in one of them. Each line is checked.</summary>
internal sealed class CompanySample : ISample
{
    private const string Password = "a trip to the mountains";

    public string Name => "company";

    public string Summary =>
        "two tenants: an invitation, a check-out, a permission that expires, a move, a tree had back, "
            + "a transaction with a conflict, a budget that stops, a suspension, an operator in, an erasure";

    public async Task RunAsync(SampleRun run)
    {
        var suffix = Guid.CreateVersion7().ToString("N")[..12];
        using var boss = await run.Api.LoginAsync(run.Operator.Email, run.Operator.Password);
        var (red, redId) = await TenantAsync(run, boss, $"red-{suffix}");
        var (blue, blueId) = await TenantAsync(run, boss, $"blue-{suffix}");
        using var _ = red;
        using var __ = blue;

        using var ana = await InviteAsync(red, "Ana", $"ana@red-{suffix}.example", "editor");
        var workflow = await CheckOutAsync(red, ana);
        await blue.RefusedAsync(HttpMethod.Get, $"/api/v1/workflows/{workflow}", null, "WORKFLOW_NOT_FOUND");
        SampleRun.Say("blue asks for red's workflow: there is none, as far as blue may know");

        await GrantAsync(red, workflow, $"ben@red-{suffix}.example");
        await MoveAndRestoreAsync(ana, workflow);
        await TransactAsync(red, ana, workflow);
        await StopAsync(blue);
        await SuspendAsync(boss, blue, blueId);
        await EnterAsync(boss, red, redId);
        await EraseAsync(boss, blueId, $"blue-{suffix}");
        await boss.PostAsync($"/api/v1/tenants/{redId}/close", new { reason = "the sample is over" });
    }

    private static async Task<(ApiClient Owner, Guid Id)> TenantAsync(SampleRun run, ApiClient boss, string slug)
    {
        var made = await boss.PostAsync(
            "/api/v1/tenants", new { slug, name = slug, ownerEmail = $"owner@{slug}.example", plan = "team" });
        SampleRun.Say($"tenant {slug} is made");
        return (run.Api.As(made.GetProperty("apiKey").GetString()!),
            made.GetProperty("tenant").GetProperty("id").GetGuid());
    }

    private static async Task<ApiClient> InviteAsync(ApiClient owner, string name, string email, string role)
    {
        var invitation = await owner.PostAsync("/api/v1/invitations", new { email, roles = new[] { role } });
        var token = invitation.GetProperty("token").GetString()
            ?? throw new InvalidOperationException("The invitation was mailed; this sample needs its token.");
        var session = await owner.PostAsync(
            "/api/v1/auth/accept-invitation", new { token, name, password = Password });
        await owner.RefusedAsync(
            HttpMethod.Post, "/api/v1/auth/accept-invitation",
            new { token, name = "Eve", password = Password }, "LINK_GONE");
        SampleRun.Say($"{email} was invited, has accepted, and the invitation cannot be used again");
        return owner.As(session.GetProperty("accessToken").GetString()!);
    }

    private static async Task<Guid> CheckOutAsync(ApiClient owner, ApiClient ana)
    {
        var definition = JsonElement.Parse("""{"schema": 1, "nodes": [{"id": "a", "type": "noop"}], "edges": []}""");
        var made = await ana.PostAsync("/api/v1/workflows", new { name = "Invoices", definition });
        var workflow = made.GetProperty("id").GetGuid();
        var path = $"/api/v1/workflows/{workflow}";
        await ana.PostAsync($"{path}/check-out", new { comment = "I rework it" });
        var refusal = await owner.RefusedAsync(HttpMethod.Patch, path, new { definition }, "CHECKED_OUT");
        Expect(refusal.Contains("Ana", StringComparison.Ordinal), "the refusal names who holds it", refusal);
        SampleRun.Say("a save while Ana has it checked out is refused, by her name");
        await ana.PostAsync($"{path}/check-in", new { comment = "reworked" });
        await owner.ChangeAsync(path, new { description = "Sends invoices." });
        return workflow;
    }

    private static async Task GrantAsync(ApiClient owner, Guid workflow, string email)
    {
        using var ben = await InviteAsync(owner, "Ben", email, "member");
        var path = $"/api/v1/workflows/{workflow}";
        await ben.RefusedAsync(HttpMethod.Get, path, null, "WORKFLOW_NOT_FOUND");
        var me = (await ben.GetAsync("/api/v1/users/me")).GetProperty("id").GetGuid();
        var until = TimeProvider.System.GetUtcNow().AddSeconds(3);
        await owner.PutAsync($"{path}/permissions", new { userId = me, level = "view", expiresAt = until });
        Expect((await ben.GetAsync("/api/v1/workflows")).GetArrayLength() == 1, "Ben sees the one workflow", "");
        await ben.RefusedAsync(HttpMethod.Patch, path, new { description = "mine" }, "FORBIDDEN");
        await UntilAsync(async () =>
        {
            await ben.RefusedAsync(HttpMethod.Get, path, null, "WORKFLOW_NOT_FOUND");
            return true;
        });
        SampleRun.Say("Ben was granted the workflow, saw it and nothing else, changed nothing, and his time is over");
    }

    private static async Task StopAsync(ApiClient owner)
    {
        var definition = JsonElement.Parse("""{"schema": 1, "nodes": [{"id": "a", "type": "noop"}], "edges": []}""");
        var made = await owner.PostAsync("/api/v1/workflows", new { name = "Costly", definition });
        var path = $"/api/v1/workflows/{made.GetProperty("id").GetGuid()}";
        await owner.PostAsync($"{path}/publish", new { });
        var budget = await owner.PostAsync(
            "/api/v1/budgets",
            new { name = "A few", kind = "executions", period = "day", amount = 2, hardStop = true });
        await owner.PostAsync($"{path}/execute", new { });
        await owner.PostAsync($"{path}/execute", new { });
        await UntilAsync(async () =>
        {
            await owner.RefusedAsync(HttpMethod.Post, $"{path}/execute", new { }, "BUDGET_EXHAUSTED");
            return true;
        });
        await owner.ChangeAsync($"/api/v1/budgets/{budget.GetProperty("id").GetGuid()}", new { amount = 1_000 });
        await UntilAsync(async () =>
        {
            await owner.PostAsync($"{path}/execute", new { });
            return true;
        });
        SampleRun.Say("blue's budget stopped further starts, was raised, and blue goes on");
    }

    private static async Task MoveAndRestoreAsync(ApiClient ana, Guid workflow)
    {
        var workspace = (await ana.PostAsync("/api/v1/workspaces", new { name = "Books" })).GetProperty("id").GetGuid();
        var folder = (await ana.PostAsync($"/api/v1/workspaces/{workspace}/folders", new { name = "Sales" }))
            .GetProperty("id").GetGuid();
        var job = (await ana.PostAsync($"/api/v1/folders/{folder}/jobs", new { name = "Monthly" }))
            .GetProperty("id").GetGuid();
        await ana.ChangeAsync($"/api/v1/workflows/{workflow}", new { jobId = job });
        await ana.RefusedAsync(HttpMethod.Delete, $"/api/v1/workspaces/{workspace}", null, "NOT_EMPTY");
        await ana.DeleteAsync($"/api/v1/workspaces/{workspace}?force=true&reason=by+mistake");
        await ana.RefusedAsync(HttpMethod.Get, $"/api/v1/workflows/{workflow}", null, "WORKFLOW_NOT_FOUND");
        await ana.PostAsync($"/api/v1/trash/workspace/{workspace}/restore", new { });
        var back = await ana.GetAsync($"/api/v1/workflows/{workflow}");
        Expect(back.GetProperty("jobId").GetGuid() == job, "the workflow is back where it was", back.GetRawText());
        SampleRun.Say("the workflow was moved, deleted with its workspace, and is back with it");
    }

    private static async Task TransactAsync(ApiClient owner, ApiClient ana, Guid workflow)
    {
        var path = $"/api/v1/workflows/{workflow}";
        var first = await PrepareAsync();
        await owner.ChangeAsync(path, new { description = "Sends all invoices." });
        var refusal = await ana.RefusedAsync(
            HttpMethod.Post, $"/api/v1/transactions/{first}/commit", null, "TRANSACTION_CONFLICT");
        Expect(refusal.Contains(workflow.ToString(), StringComparison.Ordinal), "the conflict is named", refusal);
        Expect(!await IsPublishedAsync(), "nothing of the transaction was made", "");
        SampleRun.Say("two changes of Ana's transaction were not committed: the owner was faster, and is named");
        var second = await PrepareAsync();
        Expect(!await IsPublishedAsync(), "nobody sees a transaction before its commit", "");
        await ana.PostAsync($"/api/v1/transactions/{second}/commit", new { });
        Expect(await IsPublishedAsync(), "the transaction was made", "");
        SampleRun.Say("Ana prepared them again, and both were made at once");

        async Task<Guid> PrepareAsync()
        {
            var id = (await ana.PostAsync("/api/v1/transactions/begin", new { })).GetProperty("id").GetGuid();
            await ana.ChangeAsync($"{path}?transaction_id={id}", new { name = "Invoices, monthly" });
            await ana.PostAsync($"{path}/publish?transaction_id={id}", new { });
            return id;
        }

        async Task<bool> IsPublishedAsync() =>
            (await owner.GetAsync(path)).GetProperty("publishedVersion").ValueKind == JsonValueKind.Number;
    }

    private static async Task SuspendAsync(ApiClient boss, ApiClient blue, Guid blueId)
    {
        await boss.PostAsync($"/api/v1/tenants/{blueId}/suspend", new { reason = "unpaid" });
        await UntilAsync(async () =>
        {
            await blue.RefusedAsync(HttpMethod.Get, "/api/v1/workflows", null, "UNAUTHENTICATED");
            return true;
        });
        await boss.PostAsync($"/api/v1/tenants/{blueId}/resume", new { });
        await UntilAsync(async () => (await blue.GetAsync("/api/v1/workflows")).ValueKind == JsonValueKind.Array);
        SampleRun.Say("blue was suspended, was refused, and goes on");
    }

    private static async Task EnterAsync(ApiClient boss, ApiClient red, Guid redId)
    {
        var enter = $"/api/v1/tenants/{redId}/enter";
        await boss.RefusedAsync(HttpMethod.Post, enter, new { reason = "looking" }, "OPERATOR_ACCESS_NEEDED");
        await red.PostAsync("/api/v1/tenant/operator-access", new { reason = "help us, please", hours = 1 });
        var entered = await boss.PostAsync(enter, new { reason = "looking" });
        using var inside = boss.As(entered.GetProperty("accessToken").GetString()!);
        Expect(
            (await inside.GetAsync("/api/v1/workflows")).GetArrayLength() == 1, "the operator sees red's workflow", "");
        SampleRun.Say("red let the operator in for an hour; before, he was refused");
    }

    private static async Task EraseAsync(ApiClient boss, Guid blueId, string slug)
    {
        await boss.PostAsync($"/api/v1/tenants/{blueId}/close", new { reason = "gone" });
        await boss.DeleteAsync($"/api/v1/tenants/{blueId}?confirm={slug}");
        await UntilAsync(async () =>
        {
            await boss.RefusedAsync(HttpMethod.Get, $"/api/v1/tenants/{blueId}", null, "TENANT_NOT_FOUND");
            return true;
        });
        SampleRun.Say("blue was closed and erased");
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var left = 120; ; left--)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (InvalidOperationException) when (left > 0)
            {
                // not yet
            }

            await Task.Delay(250, CancellationToken.None);
        }
    }

    private static void Expect(bool isSo, string what, string seen)
    {
        if (!isSo)
        {
            throw new InvalidOperationException($"Expected: {what}. Seen: {seen}");
        }
    }
}
