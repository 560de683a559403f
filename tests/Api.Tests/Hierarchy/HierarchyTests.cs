using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Hierarchy;

public sealed class HierarchyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_tenant_has_one_of_each_from_its_first_moment()
    {
        var tenant = await api.Host.CreateTenantAsync("fresh");
        using var owner = api.Host.Client(tenant.ApiKey);

        var workspace = Assert.Single((await owner.GetAsync("workspaces")).Ok().Data.EnumerateArray());
        var folder = Assert.Single((await owner.GetAsync($"workspaces/{workspace.GetProperty("id").GetGuid()}/folders")).Ok().Data.EnumerateArray());
        Assert.Single((await owner.GetAsync($"folders/{folder.GetProperty("id").GetGuid()}/jobs")).Ok().Data.EnumerateArray());
        Assert.Equal(6, (await owner.GetAsync("roles")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task What_is_not_empty_is_not_deleted_and_says_what_it_holds()
    {
        using var owner = api.Host.Owner();
        var (workspace, folder, job) = await CreateAsync(owner);
        var workflow = (await owner.PostAsync("workflows", new { name = "w", definition = Samples.Definition(), jobId = job.Id })).Ok(HttpStatusCode.Created);

        var refused = (await owner.DeleteAsync($"workspaces/{workspace.Id}", "*")).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        (await owner.DeleteAsync($"folders/{folder.Id}", "*")).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        (await owner.DeleteAsync($"jobs/{job.Id}", "*")).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");

        Assert.Equal(folder.Id.ToString(), refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        (await owner.DeleteAsync($"workflows/{workflow.Id}", "*")).Ok();
        (await owner.DeleteAsync($"jobs/{job.Id}", "*")).Ok();
        (await owner.DeleteAsync($"folders/{folder.Id}", "*")).Ok();
        (await owner.DeleteAsync($"workspaces/{workspace.Id}", "*")).Ok();
        (await owner.GetAsync($"workspaces/{workspace.Id}")).Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
    }

    [Fact]
    public async Task No_orphan_is_left_when_a_job_is_deleted_while_a_workflow_goes_into_it()
    {
        using var owner = api.Host.Owner();
        for (var round = 0; round < 15; round++)
        {
            var (_, _, job) = await CreateAsync(owner);
            var creating = owner.PostAsync("workflows", new { name = "w", definition = Samples.Definition(), jobId = job.Id });
            var deleting = owner.DeleteAsync($"jobs/{job.Id}", "*");
            await Task.WhenAll(creating, deleting);
        }

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from workflows w join jobs j using (tenant_id) where j.id = w.job_id and j.deleted_at is not null and w.deleted_at is null"));
    }

    [Fact]
    public async Task Names_are_unique_among_siblings()
    {
        using var owner = api.Host.Owner();
        var (workspace, folder, _) = await CreateAsync(owner);
        var name = folder.Data.GetProperty("name").GetString();

        (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name, parentId = folder.Id })).Ok(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Folders_nest_to_a_limit_and_within_one_workspace()
    {
        using var owner = api.Host.Owner();
        var (workspace, folder, _) = await CreateAsync(owner);
        var (other, _, _) = await CreateAsync(owner);
        var parent = folder.Id;
        for (var depth = 1; depth < Limits.FolderDepth; depth++)
        {
            parent = (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name = "deep", parentId = parent })).Ok(HttpStatusCode.Created).Id;
        }

        (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name = "deep", parentId = parent })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync($"workspaces/{other.Id}/folders", new { name = "foreign", parentId = folder.Id })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Each_level_is_changed_under_its_version()
    {
        using var owner = api.Host.Owner();
        var (workspace, folder, job) = await CreateAsync(owner);

        foreach (var (path, created) in new[] { ("workspaces", workspace), ("folders", folder), ("jobs", job) })
        {
            var renamed = (await owner.PatchAsync($"{path}/{created.Id}", created.ETag, new { name = Samples.Name("renamed") })).Ok();
            (await owner.PatchAsync($"{path}/{created.Id}", created.ETag, new { name = "late" })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
            Assert.Equal(renamed.ETag, (await owner.GetAsync($"{path}/{created.Id}")).Ok().ETag);
        }
    }

    private static async Task<(Answer Workspace, Answer Folder, Answer Job)> CreateAsync(ApiClient owner)
    {
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("workspace") })).Ok(HttpStatusCode.Created);
        var folder = (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name = Samples.Name("folder") })).Ok(HttpStatusCode.Created);
        var job = (await owner.PostAsync($"folders/{folder.Id}/jobs", new { name = Samples.Name("job") })).Ok(HttpStatusCode.Created);
        return (workspace, folder, job);
    }
}
