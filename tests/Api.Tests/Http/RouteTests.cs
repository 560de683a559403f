using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>Every route there is, walked as every role, as nobody, and as the owner of another tenant.</summary>
public sealed class RouteTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly string[] OpenRoutes =
    [
        "/", "/reference/{documentName?}", "/reference/scalar.js", "/reference/scalar.aspnetcore.js",
        "/reference/favicon.svg", "/openapi/v1.json", "/schemas/definition-v1.json", "/health", "/alive",
        "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/accept-invitation", "/api/v1/auth/verify-email",
        "/api/v1/auth/oidc/{tenant}/{provider}/start", "/api/v1/auth/oidc/{tenant}/{provider}/callback",
        "/api/v1/auth/register/", "/api/v1/auth/register/complete",
        "/api/v1/auth/request-password-reset", "/api/v1/auth/reset-password", "/api/v1/auth/second-factor",
        "/api/v1/callbacks/{token}", "/api/v1/webhooks/{tenant}/{**path}", "/api/v1/ws",
    ];

    private List<Route> Routes() => Route.Of(api.Host);

    [Fact]
    public void Only_the_routes_listed_here_are_open_to_anybody() =>
        Assert.Equal(OpenRoutes.Order(), Routes().Where(route => route.IsOpen).Select(route => route.Pattern).Order());

    [Fact]
    public async Task Nobody_gets_past_a_closed_route_without_credentials()
    {
        using var nobody = api.Host.Client();
        foreach (var route in Routes().Where(route => !route.IsOpen))
        {
            var answer = await route.CallAsync(nobody, _ => Guid.CreateVersion7().ToString());
            Assert.True(answer.Status == HttpStatusCode.Unauthorized, $"{route}: {answer.Status}");
            Assert.Equal("UNAUTHENTICATED", answer.ErrorCode);
        }
    }

    [Theory]
    [InlineData("owner")]
    [InlineData("admin")]
    [InlineData("editor")]
    [InlineData("operator")]
    [InlineData("viewer")]
    [InlineData("member")]
    public async Task A_role_may_what_its_permissions_say_and_nothing_else(string role)
    {
        using var owner = api.Host.Owner();
        var permissions = BuiltInRoles.All.Single(known => known.Key == role).Value;
        using var caller = api.Host.Client((await owner.CreateKeyAsync(Permissions.Names(permissions))).Key);
        foreach (var route in Routes().Where(route => !route.IsOpen))
        {
            var answer = await route.CallAsync(caller, _ => Guid.CreateVersion7().ToString());

            var may = permissions.HasFlag(route.Required!.Value);
            Assert.True(may ? answer.ErrorCode is not ("FORBIDDEN" or "UNAUTHENTICATED") || IsForUsersOnly(route) : answer.ErrorCode == "FORBIDDEN", $"{role} {route}: {answer.Text}");
            Assert.True((int)answer.Status < 500 || answer.ErrorCode == "UNAVAILABLE", $"{role} {route}: {answer.Text}");
        }
    }

    [Theory]
    [InlineData("owner")]
    [InlineData("operator")]
    [InlineData("viewer")]
    public async Task An_operator_of_the_platform_may_what_the_role_says_and_nothing_inside_a_tenant(string role)
    {
        using var first = await api.Host.OperatorAsync();
        var permissions = BuiltInRoles.Platform.Single(known => known.Key == role).Value;
        using var caller = api.Host.Client(await first.LogInNewUserAsync(role));
        foreach (var route in Routes().Where(route => !route.IsOpen && !IsForUsersOnly(route)))
        {
            var answer = await route.CallAsync(caller, _ => Guid.CreateVersion7().ToString());

            var may = permissions.HasFlag(route.Required!.Value);
            Assert.True(
                may ? answer.ErrorCode is not ("FORBIDDEN" or "UNAUTHENTICATED") : answer.ErrorCode == "FORBIDDEN",
                $"{role} {route}: {answer.Text}");
        }
    }

    [Fact]
    public async Task A_user_may_what_the_role_says()
    {
        using var owner = api.Host.Owner();
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));

        (await viewer.GetAsync("workflows")).Ok();
        (await viewer.PostAsync("workflows", new { name = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Nothing_of_another_tenant_can_be_seen_or_changed()
    {
        using var owner = api.Host.Owner();
        var ids = await CreateOneOfEachAsync(owner, api.Host);
        var before = await FingerprintAsync();
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("stranger")).ApiKey);

        // A channel is a word of the caller's, and nothing of a tenant; so is the name of a vector that is put.
        var withIds = Routes().Where(route => !route.IsOpen && route.Pattern.Contains('{', StringComparison.Ordinal)
            && !route.Pattern.Contains("{channel}", StringComparison.Ordinal)
            && !(route.Method == "PUT" && route.Pattern.Contains("{contentType}", StringComparison.Ordinal))).ToList();
        Assert.True(withIds.Count > 20);
        foreach (var route in withIds)
        {
            var answer = await route.CallAsync(stranger, name => ids[name]);
            var expected = IsForOperators(route) ? HttpStatusCode.Forbidden : HttpStatusCode.NotFound;
            Assert.True(answer.Status == expected, $"{route}: {answer.Text}");
            Assert.DoesNotContain("secret name", answer.Text, StringComparison.Ordinal);
        }

        foreach (var route in Routes().Where(route => !route.IsOpen && route.Method == "GET" && !route.Pattern.Contains('{', StringComparison.Ordinal)))
        {
            var answer = await route.CallAsync(stranger, name => ids[name]);
            Assert.DoesNotContain("secret name", answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(api.Host.First.TenantId.ToString(), answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal(before, await FingerprintAsync());
    }

    private Task<string> FingerprintAsync() => api.Host.ScalarAsync<string>(
        """
        select md5(concat(
          (select string_agg(w::text, '' order by id) from workflows w where tenant_id = $1),
          (select string_agg(w::text, '' order by id) from workspaces w where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from prompt_cards c where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from prompt_test_sets s where tenant_id = $1),
          (select string_agg(r::text, '' order by id) from prompt_test_runs r where tenant_id = $1),
          (select string_agg(f::text, '' order by id) from folders f where tenant_id = $1),
          (select string_agg(j::text, '' order by id) from jobs j where tenant_id = $1),
          (select string_agg(e::text, '' order by id) from executions e where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from schedules s where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from calendars c where tenant_id = $1),
          (select string_agg(d::text, '' order by day) from calendar_days d where tenant_id = $1),
          (select string_agg(p::text, '' order by id) from job_packages p where tenant_id = $1),
          (select string_agg(r::text, '' order by id) from job_runs r where tenant_id = $1),
          (select string_agg(l::text, '' order by id) from dead_letters l where tenant_id = $1),
          (select string_agg(u::text, '' order by id) from users u where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from secrets s where tenant_id = $1),
          (select string_agg(v::text, '' order by id) from variables v where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from connectors c where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from context_entries c where tenant_id = $1),
          (select string_agg(n::text, '' order by id) from node_definitions n where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from user_sessions s where tenant_id = $1),
          (select string_agg(i::text, '' order by id) from invitations i where tenant_id = $1),
          (select string_agg(p::text, '' order by id) from identity_providers p where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from service_accounts s where tenant_id = $1),
          (select string_agg(l::text, '' order by id) from account_links l where tenant_id = $1),
          (select string_agg(r::text, '' order by id) from roles r where tenant_id = $1),
          (select string_agg(g::text, '' order by id) from groups g where tenant_id = $1),
          (select string_agg(g::text, '' order by user_id) from user_groups g where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from substitutions s where tenant_id = $1),
          (select string_agg(r::text, '' order by id) from approval_requests r where tenant_id = $1),
          (select string_agg(d::text, '') from approval_decisions d where tenant_id = $1),
          (select string_agg(a::text, '') from approval_assignees a where tenant_id = $1),
          (select string_agg(c::text, '') from approval_comments c where tenant_id = $1),
          (select string_agg(n::text, '' order by id) from notifications n where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from subscriptions s where tenant_id = $1),
          (select string_agg(s::text, '') from notification_settings s where tenant_id = $1),
          (select string_agg(v::text, '' order by id) from saved_views v where tenant_id = $1),
          (select string_agg(k::text, '' order by id) from knowledge_articles k where tenant_id = $1),
          (select string_agg(e::text, '' order by content_id) from own_embeddings e where tenant_id = $1),
          (select string_agg(t::text, '' order by id) from edit_transactions t where tenant_id = $1),
          (select string_agg(b::text, '') from billing_profiles b where tenant_id = $1),
          (select string_agg(i::text, '' order by id) from invoices i where tenant_id = $1),
          (select string_agg(t::text, '' order by id) from terms t where tenant_id = $1),
          (select string_agg(t::text, '' order by id) from tickets t where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from ticket_comments c where tenant_id = $1),
          (select string_agg(l::text, '' order by id) from ticket_labels l where tenant_id = $1),
          (select string_agg(a::text, '' order by id) from announcements a where tenant_id = $1),
          (select string_agg(b::text, '' order by id) from budgets b where tenant_id = $1),
          (select string_agg(m::text, '' order by id) from models m where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from conversations c where tenant_id = $1),
          (select string_agg(m::text, '' order by number) from conversation_messages m where tenant_id = $1),
          (select string_agg(p::text, '') from workflow_pins p where tenant_id = $1),
          (select string_agg(c::text, '') from working_copies c where tenant_id = $1),
          (select string_agg(t::text, '' order by execution_id) from test_runs t where tenant_id = $1),
          (select string_agg(k.revoked_at::text, '' order by id) from api_keys k where tenant_id = $1)))
        """,
        api.Host.First.TenantId);

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
        var secret = (await owner.PostAsync("secrets", new { name = "SECRET_NAME", value = "secret name" })).Ok(HttpStatusCode.Created);
        return new(timed.Concat(await CreatePapersAsync(owner, host)).Concat(await CreateModelsAsync(owner))
            .Concat(await CreateCardAsync(owner, workspace.Id)))
        {
            ["connectorId"] = (await owner.PostAsync(
                "connectors", new { name = "c", type = "http", config = new { baseUrl = "http://127.0.0.1:9/" } })).Ok(HttpStatusCode.Created).Id.ToString(),
            ["definitionId"] = (await owner.PostAsync(
                "node-definitions",
                new { name = "own", description = "secret name", schema = new { }, implementation = new { type = "http", url = "http://127.0.0.1:9/" } }))
                .Ok(HttpStatusCode.Created).Id.ToString(),
            ["nodeType"] = "no-such-type", ["templateName"] = "no-such-template", // those there are are everybody's
            ["entryId"] = (await owner.PostAsync("context", new { key = "secret name", value = 1 })).Ok(HttpStatusCode.Created).Id.ToString(),
            ["conversationId"] = await CreateSessionAsync(),
            ["secretId"] = secret.Id.ToString(),
            ["variableId"] = (await owner.PostAsync("variables", new { name = "v", value = "secret name" })).Ok(HttpStatusCode.Created).Id.ToString(),
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
