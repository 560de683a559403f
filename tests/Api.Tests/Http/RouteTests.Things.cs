using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>One of each thing that a route names by its id.</summary>
public sealed partial class RouteTests
{
    private async Task<Dictionary<string, string>> CreateOneOfEachAsync(ApiClient owner, ApiHost host)
    {
        var workflowId = await owner.CreatePublishedAsync();
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("secret name") })).Ok(HttpStatusCode.Created);
        var folder = (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name = "secret name" })).Ok(HttpStatusCode.Created);
        var job = (await owner.PostAsync($"folders/{folder.Id}/jobs", new { name = "secret name" })).Ok(HttpStatusCode.Created);
        var execution = (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted);
        var timed = await CreateTimedAsync(owner, workflowId, folder.Id);
        var stored = (await owner.PostAsync("events", new { specversion = "1.0", id = "1", source = "/secret name", type = "t" })).Ok(HttpStatusCode.Accepted);
        var user = (await owner.PostAsync(
            "users", new { email = "u@example.com", name = "secret name", password = "correct horse battery", roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        var login = (await owner.PostAsync("auth/login", new { email = "u@example.com", password = "correct horse battery" })).Ok();
        var group = (await owner.PostAsync("groups", new { name = "secret name" })).Ok(HttpStatusCode.Created);
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group.Id}/members/{user.Id}", null)).Ok();
        var role = (await owner.PostAsync("roles", new { name = "secret name", permissions = new[] { "search.read" } })).Ok(HttpStatusCode.Created);
        var substitute = (await owner.PostAsync(
            "users", new { email = "s@example.com", name = "secret name", password = "correct horse battery", roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        var substitution = (await owner.PostAsync(
            $"users/{user.Id}/substitutions", new { substituteId = substitute.Id, endsAt = TimeProvider.System.GetUtcNow().AddDays(1) })).Ok(HttpStatusCode.Created);
        var others = timed.Concat(await CreatePapersAsync(owner, host)).Concat(await CreateModelsAsync(owner))
            .Concat(await CreateCardAsync(owner, workspace.Id));
        return new(others)
        {
            ["connectorId"] = (await owner.PostAsync(
                "connectors", new { name = "c", type = "http", config = new { baseUrl = "http://127.0.0.1:9/" } })).Ok(HttpStatusCode.Created).Id.ToString(),
            ["definitionId"] = await CreateAsync(
                owner, "node-definitions",
                new { name = "own", description = "secret name", schema = new { }, implementation = new { type = "http", url = "http://127.0.0.1:9/" } }),
            ["nodeType"] = "no-such-type", ["templateName"] = "no-such-template", // those there are are everybody's
            ["entryId"] = (await owner.PostAsync("context", new { key = "secret name", value = 1 })).Ok(HttpStatusCode.Created).Id.ToString(),
            ["conversationId"] = await CreateSessionAsync(),
            ["secretId"] = await CreateAsync(owner, "secrets", new { name = "SECRET_NAME", value = "secret name" }),
            ["variableId"] = await CreateAsync(owner, "variables", new { name = "v", value = "secret name" }),
            ["groupId"] = group.Id.ToString(),
            ["roleId"] = role.Id.ToString(),
            ["substitutionId"] = substitution.Id.ToString(),
            ["approvalId"] = (await host.OpenApprovalAsync([user.Id], title: "secret name")).Request.ToString(),
            ["subscriptionId"] = await SubscribeAsync(host, login, workflowId),
            ["viewId"] = await KeepViewAsync(host, login),
            ["notificationId"] = (await host.AddNotificationAsync(user.Id, "secret name")).ToString(),
            ["workflowId"] = workflowId.ToString(),
            ["workspaceId"] = workspace.Id.ToString(),
            ["folderId"] = folder.Id.ToString(),
            ["jobId"] = job.Id.ToString(),
            ["executionId"] = execution.Id.ToString(),
            ["otherId"] = execution.Id.ToString(),
            ["eventId"] = stored.Data.GetProperty("events")[0].GetProperty("id").GetString()!,
            ["userId"] = user.Id.ToString(),
            ["sessionId"] = login.Data.GetProperty("sessionId").GetString()!,
            ["apiKeyId"] = (await owner.CreateKeyAsync("workflows.read")).Id.ToString(),
            ["ruleId"] = (await owner.PostAsync(
                "rules", new { name = "secret name", eventType = "t", actions = new[] { new { type = "startWorkflow", workflow = workflowId } } })).Ok(HttpStatusCode.Created).Id.ToString(),
            ["deadLetterId"] = await AddDeadLetterAsync(execution.Id),
            ["permissionId"] = await GrantAsync(owner, workflowId, user.Id),
            ["tenantId"] = host.First.TenantId.ToString(),
            ["accessId"] = await GrantAccessAsync(owner),
            ["nodeId"] = "only",
            ["number"] = "1",
        };
    }

    // The run by rows: to start one, a model has to be there.
    private async Task<Dictionary<string, string>> CreateCardAsync(ApiClient owner, Guid workspace)
    {
        var card = await owner.CreateAsync("prompt-cards", new
        {
            workspaceId = workspace, title = "secret name",
            messages = new[] { new { role = "user", text = "secret name" } },
        });
        var set = await owner.CreateAsync($"prompt-cards/{card.Id}/test-sets", new
        {
            name = "secret name",
            cases = new[]
            {
                new
                {
                    name = "secret name", variables = new { },
                    assertions = new[] { new { type = "contains", value = "x" } },
                },
            },
        });
        await api.Host.ExecuteAsync(
            """
            insert into prompt_test_runs (tenant_id, id, card_id, workspace_id, set_id, set_name, cases, models,
              versions, repeats, status, total, created_at, finished_at)
            select tenant_id, id, id, workspace_id, $2, 'secret name', '[]', '{secret name}', '{1}', 1, 'completed', 1,
              now(), now()
            from prompt_cards where id = $1
            """, card.Id, set.Id);
        return new()
        {
            ["cardId"] = card.Id.ToString(), ["setId"] = set.Id.ToString(), ["testRunId"] = card.Id.ToString(),
        };
    }

    private async Task<string> AddDeadLetterAsync(Guid execution) => (await api.Host.ScalarAsync<Guid>(
        """
        insert into dead_letters (tenant_id, id, execution_id, workflow_id, error, created_at)
        select tenant_id, gen_random_uuid(), id, workflow_id, '{"message": "secret name"}', now()
        from executions where id = $1 returning id
        """, execution)).ToString();

    private static async Task<string> SubscribeAsync(ApiHost host, Answer login, Guid workflowId)
    {
        using var user = host.Client(login.Data.GetProperty("accessToken").GetString());
        return (await user.SendAsync(HttpMethod.Put, "users/me/subscriptions", ApiClient.Json(new
        {
            objectType = "workflow", objectId = workflowId, events = new[] { "failure" },
            channels = new[] { "in_app" },
        }))).Ok().Id.ToString();
    }

    private static async Task<string> KeepViewAsync(ApiHost host, Answer login)
    {
        using var user = host.Client(login.Data.GetProperty("accessToken").GetString());
        return (await user.PostAsync(
            "views", new { list = "events", name = "secret name", shared = true, content = new { } }))
            .Ok(HttpStatusCode.Created).Id.ToString();
    }

    private static async Task<string> AddProviderAsync(ApiClient owner) =>
        (await owner.PostAsync(
            "identity-providers",
            new { slug = "p", name = "secret name", issuer = "https://login.example/", clientId = "secret name" }))
            .Ok(HttpStatusCode.Created).Id.ToString();

    private static async Task<Dictionary<string, string>> CreatePapersAsync(ApiClient owner, ApiHost host) => new()
    {
        ["invoiceId"] = await InvoiceAsync(owner, host),
        ["termsId"] = await CreateAsync(owner, "terms", new { title = "secret name", text = "secret name" }),
        ["ticketId"] = await CreateAsync(owner, "tickets", new { title = "secret name", addressedTo = "platform" }),
        ["labelId"] = await CreateAsync(owner, "ticket-labels", new { name = "secret name" }),
        ["announcementId"] = await CreateAsync(owner, "announcements", new { title = "secret name" }),
        ["contentType"] = await EmbedAsync(owner),
        ["contentId"] = "secret name",
        ["articleId"] = await CreateAsync(owner, "knowledge", new { title = "secret name", content = "secret name" }),
        ["budgetId"] = await CreateAsync(
            owner, "budgets", new { name = "secret name", kind = "steps", period = "day", amount = 1 }),
    };

    private static async Task<Dictionary<string, string>> CreateModelsAsync(ApiClient owner)
    {
        var connector = await CreateAsync(owner, "connectors", new
        {
            name = "provider", type = "model", config = new { provider = "ollama", baseUrl = "http://127.0.0.1:9/" },
        });
        return new()
        {
            ["modelId"] = await CreateAsync(
                owner, "models",
                new { name = "m", kind = "chat", connectorId = connector, model = "x", description = "secret name" }),
            ["chatId"] = await CreateAsync(owner, "conversations", new { kind = "agent", title = "secret name" }),
        };
    }

    private static async Task<string> EmbedAsync(ApiClient owner)
    {
        (await owner.SendAsync(
            HttpMethod.Put, "embeddings/secrets/secret%20name",
            ApiClient.Json(new { vector = new[] { 1 }, text = "secret name" }))).Ok();
        return "secrets";
    }

    private static async Task<string> CreateAsync(ApiClient owner, string path, object body) =>
        (await owner.PostAsync(path, body)).Ok(HttpStatusCode.Created).Id.ToString();

    private static async Task<string> InvoiceAsync(ApiClient owner, ApiHost host)
    {
        (await owner.SendAsync(HttpMethod.Put, "billing", ApiClient.Json(new
        {
            company = "secret name", address = new[] { "x" }, country = "DE", contactEmail = "b@example.com",
        }), ("If-Match", "*"))).Ok();
        using var boss = await host.OperatorAsync();
        var invoice = (await boss.PostAsync("platform/invoices", new
        {
            tenantId = host.First.TenantId, number = "secret name", currency = "EUR", periodStart = "2026-11-01",
            periodEnd = "2026-11-30", lines = new[] { new { description = "x", quantity = 1, unitPrice = 1 } },
        })).Ok(HttpStatusCode.Created);
        (await boss.PostAsync(
            $"platform/invoices/{invoice.Id}/status", new { status = "issued" }, ("If-Match", "*"))).Ok();
        return invoice.Id.ToString();
    }

    private static async Task<string> InviteAsync(ApiClient owner) =>
        (await owner.PostAsync(
            "invitations",
            new { email = "secret.name@example.com", name = "secret name", roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created).Id.ToString();

    /// <summary>A calendar, a schedule, a job that runs, a package of jobs, an invitation, a service
    /// account, an identity provider, a transaction.</summary>
    private static async Task<Dictionary<string, string>> CreateTimedAsync(ApiClient owner, Guid workflowId, Guid folderId)
    {
        var calendar = (await owner.PostAsync(
            "calendars", new { name = "secret name", days = new object[] { new { day = "2026-12-25", name = "secret name" } } })).Ok(HttpStatusCode.Created);
        var schedule = (await owner.PostAsync(
            "schedules", new { name = "secret name", workflowId, timing = new { cron = "0 0 1 1 *" } })).Ok(HttpStatusCode.Created);
        var runnable = (await owner.PostAsync($"folders/{folderId}/jobs", new { name = "secret name too" })).Ok(HttpStatusCode.Created);
        var inJob = (await owner.PostAsync("workflows", new { name = "secret name", definition = Samples.Definition(), jobId = runnable.Id })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync($"workflows/{inJob.Id}/publish")).Ok();
        var package = (await owner.PostAsync("job-packages", new { name = "secret name", jobs = new[] { runnable.Id } })).Ok(HttpStatusCode.Created);
        var run = (await owner.PostAsync($"jobs/{runnable.Id}/run")).Ok(HttpStatusCode.Accepted);
        return new()
        {
            ["calendarId"] = calendar.Data.GetProperty("calendar").GetProperty("id").GetString()!,
            ["day"] = "2026-12-25",
            ["scheduleId"] = schedule.Id.ToString(),
            ["packageId"] = package.Data.GetProperty("package").GetProperty("id").GetString()!,
            ["runId"] = run.Id.ToString(),
            ["invitationId"] = await InviteAsync(owner),
            ["serviceAccountId"] = (await owner.PostAsync("service-accounts", new { name = "secret name" }))
                .Ok(HttpStatusCode.Created).Id.ToString(),
            ["providerId"] = await AddProviderAsync(owner),
            ["transactionId"] = (await owner.PostAsync("transactions/begin", new { comment = "secret name" }))
                .Ok(HttpStatusCode.Created).Id.ToString(),
        };
    }

    private static async Task<string> GrantAsync(ApiClient owner, Guid workflowId, Guid userId) =>
        (await owner.SendAsync(
            HttpMethod.Put, $"workflows/{workflowId}/permissions", ApiClient.Json(new { userId, level = "view" })))
            .Ok().Id.ToString();

    private static async Task<string> GrantAccessAsync(ApiClient owner) =>
        (await owner.PostAsync("tenant/operator-access", new { reason = "secret name", hours = 1 }))
            .Ok(HttpStatusCode.Created).Id.ToString();

    private async Task<string> CreateSessionAsync()
    {
        var sessions = api.Host.Services.GetRequiredService<Data.Sessions.SessionStore>();
        return (await sessions.WriteAsync(api.Host.First.TenantId, "secret name", "ussd", "secret name", default)).Id;
    }

    private static bool IsForOperators(Route route) =>
        (route.Required & (Permission.PlatformRead | Permission.PlatformManage)) != Permission.None;

    // An API key has no session to log out of and no password.
    private static bool IsForUsersOnly(Route route) => route.Pattern.StartsWith("/api/v1/auth/", StringComparison.Ordinal);
}
