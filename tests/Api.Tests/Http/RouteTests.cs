using System.Net;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>Every route there is, walked as every role, as nobody, and as the owner of another tenant.</summary>
public sealed partial class RouteTests(ApiFixture api) : IClassFixture<ApiFixture>
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
}
