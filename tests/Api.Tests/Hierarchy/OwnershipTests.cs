using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Hierarchy;

public sealed class OwnershipTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Whoever_creates_something_owns_it_and_another_user_can_be_named()
    {
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        var made = await PlaceAsync(ada.Client);

        foreach (var (path, created) in made.All)
        {
            Assert.Equal([ada.Id, ada.Id, ada.Id], Owners(created));
            var given = (await bob.Client.PatchAsync(path, created.ETag, new { ownerId = bob.Id })).Ok();
            Assert.Equal([bob.Id, ada.Id, bob.Id], Owners(given));
            Assert.Equal([bob.Id, ada.Id, bob.Id], Owners((await ada.Client.GetAsync(path)).Ok()));
        }
    }

    [Fact]
    public async Task An_owner_is_an_active_user_of_the_tenant()
    {
        using var owner = api.Host.Owner();
        var stranger = await api.Host.CreateTenantAsync("owners");
        var foreign = await api.Host.ScalarAsync<Guid>("select id from users where tenant_id = $1", stranger.TenantId);
        var gone = await api.Host.AddPersonAsync("editor");
        await api.Host.ExecuteAsync("update users set active = false where id = $1", gone.Id);
        var made = await PlaceAsync(owner);

        foreach (var (path, created) in made.All)
        {
            foreach (var ownerId in new[] { foreign, gone.Id, Guid.CreateVersion7() })
            {
                (await owner.PatchAsync(path, created.ETag, new { ownerId }))
                    .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
            }
        }
    }

    [Fact]
    public async Task An_api_key_owns_nothing_and_lists_are_filtered_by_owner_and_creator()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var byKey = await PlaceAsync(owner);
        var byAda = await PlaceAsync(ada.Client);

        Assert.All(byKey.All, made => Assert.Equal([null, null, null], Owners(made.Created)));
        await OnlyAsync("workspaces", byAda.Workspace.Id);
        await OnlyAsync($"workspaces/{byAda.Workspace.Id}/folders", byAda.Folder.Id);
        await OnlyAsync($"folders/{byAda.Folder.Id}/jobs", byAda.Job.Id);
        await OnlyAsync("jobs", byAda.Job.Id);
        await OnlyAsync("workflows", byAda.Workflow.Id);

        async Task OnlyAsync(string list, Guid id)
        {
            foreach (var filter in new[] { "ownerId", "createdBy" })
            {
                var found = (await owner.GetAsync($"{list}?{filter}={ada.Id}")).Ok().Data.EnumerateArray();
                Assert.Equal([id], found.Select(item => item.GetProperty("id").GetGuid()));
                Assert.Empty((await owner.GetAsync($"{list}?{filter}={Guid.CreateVersion7()}")).Ok()
                    .Data.EnumerateArray());
            }
        }
    }

    [Fact]
    public async Task Settings_are_an_object_of_a_bounded_size_and_folders_have_a_description()
    {
        using var owner = api.Host.Owner();
        var made = await PlaceAsync(owner);

        foreach (var (path, created) in new[] { made.All[0], made.All[2] })
        {
            Assert.Equal("{}", created.Data.GetProperty("settings").GetRawText());
            var kept = (await owner.PatchAsync(path, created.ETag, new { settings = new { colour = "blue" } })).Ok();
            Assert.Equal("blue", kept.Data.GetProperty("settings").GetProperty("colour").GetString());
            var largest = new string('x', Limits.SettingsBytes - """{"a":""}""".Length);
            (await owner.PatchAsync(path, kept.ETag, new { settings = new { a = largest + "x" } }))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
            (await owner.PatchAsync(path, kept.ETag, new { settings = "text" }))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
            (await owner.PatchAsync(path, kept.ETag, new { settings = new { a = largest } })).Ok();
        }

        var described = (await owner.PatchAsync(made.All[1].Path, made.Folder.ETag,
            new { description = "what lies here" })).Ok();
        Assert.Equal("what lies here", described.Data.GetProperty("description").GetString());
    }

    [Fact]
    public async Task A_workflow_says_when_and_by_whom_it_was_published()
    {
        var ada = await api.Host.AddPersonAsync("editor");
        var made = await PlaceAsync(ada.Client);
        var path = $"workflows/{made.Workflow.Id}";
        Assert.Equal("null", made.Workflow.Data.GetProperty("publishedAt").GetRawText());

        (await ada.Client.PostAsync($"{path}/publish")).Ok();

        var published = (await ada.Client.GetAsync(path)).Ok().Data;
        Assert.Equal(ada.Id, published.GetProperty("publishedBy").GetGuid());
        Assert.True(published.GetProperty("publishedAt").GetDateTimeOffset() > published.GetProperty("createdAt")
            .GetDateTimeOffset());
    }

    private static Guid?[] Owners(Answer answer) => [.. new[] { "ownerId", "createdBy", "updatedBy" }
        .Select(name => answer.Data.GetProperty(name))
            .Select(id => id.ValueKind == System.Text.Json.JsonValueKind.Null ? (Guid?)null : id.GetGuid())];

    private static Task<Place> PlaceAsync(ApiClient client) => client.CreatePlaceAsync();
}
