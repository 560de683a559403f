using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Tenants;

/// <summary>Operators see what a tenant holds when it lets them in, for as long as it does, under their own
/// names.</summary>
public sealed class OperatorAccessTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Without_the_tenants_word_nobody_enters()
    {
        using var boss = await api.Host.OperatorAsync();

        (await EnterAsync(boss)).Fails(HttpStatusCode.Forbidden, "OPERATOR_ACCESS_NEEDED");
        (await boss.GetAsync("workflows")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Who_is_let_in_sees_with_the_role_given_is_named_in_the_activity_and_is_turned_out_at_once()
    {
        using var owner = api.Host.Owner();
        using var boss = await api.Host.OperatorAsync();
        await owner.CreatePublishedAsync();
        var access = (await owner.PostAsync("tenant/operator-access", new { reason = "case 7", hours = 2 }))
            .Ok(HttpStatusCode.Created);

        var entered = (await EnterAsync(boss)).Ok();

        using var inside = api.Host.Client(entered.Data.GetProperty("accessToken").GetString());
        Assert.NotEmpty((await inside.GetAsync("workflows")).Ok().Data.EnumerateArray());
        (await inside.PostAsync("workflows", new { name = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var activity = (await owner.GetAsync("activity?action=operator.enter")).Ok().Data.EnumerateArray().First();
        Assert.Equal(api.Host.First.OperatorEmail, activity.GetProperty("actorName").GetString());
        Assert.Equal("looking", activity.GetProperty("after").GetProperty("reason").GetString());
        Assert.Equal("viewer", entered.Data.GetProperty("role").GetString());

        (await owner.DeleteAsync($"tenant/operator-access/{access.Id}")).Ok();
        (await inside.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await EnterAsync(boss)).Fails(HttpStatusCode.Forbidden, "OPERATOR_ACCESS_NEEDED");
        using var anybody = api.Host.Client();
        (await anybody.PostAsync(
            "auth/refresh", new { refreshToken = entered.Data.GetProperty("refreshToken").GetString() }))
            .Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Fact]
    public async Task An_access_that_is_over_lets_nobody_in_and_ends_the_sessions_it_opened()
    {
        using var boss = await api.Host.OperatorAsync();
        var tenant = await api.Host.CreateTenantAsync("once");
        using var owner = api.Host.Client(tenant.ApiKey);
        (await owner.PostAsync("tenant/operator-access", new { reason = "once", hours = 1, role = "editor" }))
            .Ok(HttpStatusCode.Created);
        var entered = (await EnterAsync(boss, tenant.TenantId)).Ok();
        using var inside = api.Host.Client(entered.Data.GetProperty("accessToken").GetString());
        (await inside.PostAsync("workspaces", new { name = "theirs" })).Ok(HttpStatusCode.Created);

        await api.Host.ExecuteAsync(
            """
            update operator_accesses
            set created_at = now() - interval '2 hours', expires_at = now() - interval '1 second' where tenant_id = $1
            """, tenant.TenantId);
        await api.Host.ExecuteAsync(
            "update user_sessions set expires_at = now() - interval '1 second' where tenant_id = $1", tenant.TenantId);

        (await EnterAsync(boss, tenant.TenantId)).Fails(HttpStatusCode.Forbidden, "OPERATOR_ACCESS_NEEDED");
        using var anybody = api.Host.Client();
        (await anybody.PostAsync(
            "auth/refresh", new { refreshToken = entered.Data.GetProperty("refreshToken").GetString() }))
            .Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
    }

    [Fact]
    public async Task The_account_of_an_operator_cannot_be_taken_over_by_the_tenant()
    {
        using var boss = await api.Host.OperatorAsync();
        var tenant = await api.Host.CreateTenantAsync("curious");
        using var owner = api.Host.Client(tenant.ApiKey);
        (await owner.PostAsync("tenant/operator-access", new { reason = "x", hours = 1 })).Ok(HttpStatusCode.Created);
        (await EnterAsync(boss, tenant.TenantId)).Ok();
        var account = (await owner.GetAsync("users")).Ok().Data.EnumerateArray()
            .Single(user => user.GetProperty("email").GetString()!
                .EndsWith("@operators.invalid", StringComparison.Ordinal));

        (await owner.PostAsync(
            $"users/{account.GetProperty("id").GetGuid()}/password", new { password = "correct horse battery" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.PostAsync("users", new
        {
            email = "0123@operators.invalid", name = "x", password = "correct horse battery",
            roles = new[] { "viewer" },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.DoesNotContain(
            (await owner.GetAsync("directory?kind=user")).Ok().Data.EnumerateArray(),
            entry => entry.GetProperty("id").GetGuid() == account.GetProperty("id").GetGuid());
    }

    [Theory]
    [InlineData("owner", 1)]
    [InlineData("admin", 1)]
    [InlineData("nobody", 1)]
    [InlineData("viewer", 0)]
    [InlineData("viewer", 337)]
    public async Task An_access_has_a_role_below_the_owners_and_an_end(string role, int hours)
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync("tenant/operator-access", new { reason = "x", hours, role }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    private Task<Answer> EnterAsync(ApiClient boss, Guid? tenant = null) => boss.PostAsync(
        $"tenants/{tenant ?? api.Host.First.TenantId}/enter", new { reason = "looking" });
}
