using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Users;

/// <summary>Roles of the tenant's own, built-in roles after an upgrade, and groups.</summary>
public sealed class RoleTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_tenant_made_by_an_earlier_release_gets_what_built_in_roles_grant_now()
    {
        // As the release before stored it: without what came since.
        await api.Host.ExecuteAsync("update roles set permissions = '{workflows.read}' where name = 'viewer' and built_in");
        var viewer = await api.Host.AddPersonAsync("viewer");
        using var owner = api.Host.Owner();

        (await viewer.Client.GetAsync("approvals")).Ok();
        (await viewer.Client.GetAsync("executions")).Ok();
        (await viewer.Client.PostAsync("workspaces", new { name = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var shown = (await owner.GetAsync("roles")).Ok().Data.EnumerateArray().Single(role => role.GetProperty("name").GetString() == "viewer");
        Assert.Contains("approvals.decide", shown.GetProperty("permissions").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task A_role_is_made_changed_at_once_and_deleted_when_nobody_holds_it()
    {
        using var owner = api.Host.Owner();
        var made = (await owner.PostAsync("roles", new { name = "auditor", permissions = new[] { "activity.read" } })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("roles", new { name = "auditor", permissions = Array.Empty<string>() })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync("roles", new { name = "x", permissions = new[] { "fly" } })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var person = await api.Host.AddPersonAsync("auditor");
        (await person.Client.GetAsync("activity")).Ok();

        (await owner.PatchAsync($"roles/{made.Id}", "\"9\"", new { name = "y" })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var changed = (await owner.PatchAsync($"roles/{made.Id}", made.ETag, new { permissions = new[] { "search.read" } })).Ok();
        await Testing.Eventually.TrueAsync(
            async () => (await person.Client.GetAsync("activity")).Status == HttpStatusCode.Forbidden, cancellationToken: TestContext.Current.CancellationToken);
        (await owner.DeleteAsync($"roles/{made.Id}", changed.ETag)).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        (await owner.PatchAsync($"users/{person.Id}", "*", new { roles = new[] { "viewer" } })).Ok();
        (await owner.DeleteAsync($"roles/{made.Id}", changed.ETag)).Ok();
        (await owner.GetAsync($"roles/{made.Id}")).Fails(HttpStatusCode.NotFound, "ROLE_NOT_FOUND");
    }

    [Fact]
    public async Task Nobody_makes_or_changes_a_role_of_more_than_they_have_nor_a_built_in_one()
    {
        using var owner = api.Host.Owner();
        var limited = await api.Host.AddPersonAsync(await api.Host.AddRoleAsync("users.manage", "users.read", "search.read"));
        var above = (await owner.PostAsync("roles", new { name = Samples.Name("above"), permissions = new[] { "secrets.manage" } })).Ok(HttpStatusCode.Created);
        var viewer = (await owner.GetAsync("roles")).Ok().Data.EnumerateArray().Single(role => role.GetProperty("name").GetString() == "viewer").GetProperty("id").GetGuid();

        (await limited.Client.PostAsync("roles", new { name = "x", permissions = new[] { "secrets.manage" } })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await limited.Client.PatchAsync($"roles/{above.Id}", "*", new { name = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await limited.Client.DeleteAsync($"roles/{above.Id}", "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.PatchAsync($"roles/{viewer}", "*", new { permissions = new[] { "secrets.manage" } })).Fails(HttpStatusCode.Conflict, "BUILT_IN_ROLE");
        (await owner.DeleteAsync($"roles/{viewer}", "*")).Fails(HttpStatusCode.Conflict, "BUILT_IN_ROLE");
    }

    [Fact]
    public async Task A_group_has_members_and_goes_when_no_open_request_is_addressed_to_it()
    {
        using var owner = api.Host.Owner();
        var ann = await api.Host.AddPersonAsync("viewer");
        var group = (await owner.PostAsync("groups", new { name = "finance", description = "Money" })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("groups", new { name = "finance" })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group.Id}/members/{Guid.CreateVersion7()}", null)).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group.Id}/members/{ann.Id}", null)).Ok();
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group.Id}/members/{ann.Id}", null)).Ok();
        var renamed = (await owner.PatchAsync($"groups/{group.Id}", group.ETag, new { name = "treasury" })).Ok();

        Assert.Equal(1, (await owner.GetAsync($"groups/{group.Id}")).Ok().Data.GetProperty("members").GetInt32());
        Assert.Equal([ann.Id], (await owner.GetAsync($"groups/{group.Id}/members")).Ok().Data.EnumerateArray().Select(row => row.GetProperty("userId").GetGuid()));
        Assert.Contains("treasury", (await owner.GetAsync("groups?per_page=100")).Ok().Data.EnumerateArray().Select(row => row.GetProperty("name").GetString()));
        var (request, _) = await api.Host.OpenApprovalAsync([]);
        await api.Host.ExecuteAsync(
            "insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at) values ($1, $2, 'group', $3, now())", api.Host.First.TenantId, request, group.Id);
        (await owner.DeleteAsync($"groups/{group.Id}", renamed.ETag)).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Ok();
        (await owner.DeleteAsync($"groups/{group.Id}/members/{ann.Id}")).Ok();
        (await owner.DeleteAsync($"groups/{group.Id}", renamed.ETag)).Ok();
        (await owner.GetAsync($"groups/{group.Id}")).Fails(HttpStatusCode.NotFound, "GROUP_NOT_FOUND");
    }

    [Fact]
    public async Task Groups_are_listed_by_name_page_by_page()
    {
        using var owner = api.Host.Client((await api.Host.CreateTenantAsync("grouped")).ApiKey);
        foreach (var name in new[] { "c", "a", "b" })
        {
            (await owner.PostAsync("groups", new { name })).Ok(HttpStatusCode.Created);
        }

        var first = (await owner.GetAsync("groups?per_page=2")).Ok();
        var second = (await owner.GetAsync($"groups?per_page=2&cursor={first.Pagination.GetProperty("nextCursor").GetString()}")).Ok();

        Assert.Equal(["a", "b", "c"], first.Data.EnumerateArray().Concat(second.Data.EnumerateArray()).Select(row => row.GetProperty("name").GetString()));
    }
}
