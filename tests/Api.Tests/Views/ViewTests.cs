using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Views;

/// <summary>Views of lists that people keep; who is here; what the platform can do.</summary>
public sealed class ViewTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_view_is_kept_shared_changed_and_deleted_by_its_owner_only()
    {
        using var owner = api.Host.Owner();
        using var ana = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        using var ben = api.Host.Client(await owner.LogInNewUserAsync("admin"));

        var made =
            (await ana.PostAsync("views",
            new { list = "executions", name = "Failed", content = new { status = "failed" } }))
            .Ok(HttpStatusCode.Created);
        var path = $"views/{made.Id}";
        (await ben.GetAsync(path)).Fails(HttpStatusCode.NotFound, "VIEW_NOT_FOUND");
        Assert.DoesNotContain(made.Text, (await ben.GetAsync("views?list=executions")).Ok().Text,
            StringComparison.Ordinal);
        var shared = (await ana.PatchAsync(path, made.ETag, new { shared = true })).Ok();
        Assert.False((await ben.GetAsync(path)).Ok().Data.GetProperty("own").GetBoolean());
        (await ben.PatchAsync(path, shared.ETag, new { name = "Mine" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await ben.DeleteAsync(path)).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await ana.PatchAsync(path, made.ETag, new { name = "Late" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        Assert.Equal("failed", shared.Data.GetProperty("content").GetProperty("status").GetString());
        (await ana.DeleteAsync(path)).Ok();
        (await ben.GetAsync(path)).Fails(HttpStatusCode.NotFound, "VIEW_NOT_FOUND");
    }

    [Fact]
    public async Task What_cannot_be_kept_is_told()
    {
        using var owner = api.Host.Owner();
        using var ana = api.Host.Client(await owner.LogInNewUserAsync("viewer"));

        (await owner.PostAsync("views", new { list = "executions", name = "x", content = new { } }))
            .Fails(HttpStatusCode.Conflict, "CONFLICT");
        (await ana.PostAsync("views", new { list = "moons", name = "x", content = new { } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ana.PostAsync("views", new { list = "events", name = "x", content = 5 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ana.PostAsync("views",
            new { list = "events", name = "x", content = new { a = new string('x', Limits.ViewBytes) } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ana.PostAsync("views", new { list = "jobs", name = "same", content = new { } }))
            .Ok(HttpStatusCode.Created);
        (await ana.PostAsync("views", new { list = "events", name = "same", content = new { } }))
            .Ok(HttpStatusCode.Created);
        (await ana.PostAsync("views", new { list = "events", name = "SAME", content = new { } }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
    }

    [Fact]
    public async Task The_directory_finds_people_and_groups_by_name_and_shows_no_addresses()
    {
        using var owner = api.Host.Owner();
        var email = $"{Guid.CreateVersion7():N}@example.com";
        (await owner.PostAsync("users",
            new
            {
                email, name = "Zuri Odhiambo_%", username = "zuri", password = "correct horse battery",
                roles = new[] { "viewer" }
            }))
            .Ok(HttpStatusCode.Created);
        var team = (await owner.PostAsync("groups", new { name = "Zuri's team" })).Ok(HttpStatusCode.Created);
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));

        async Task<string[]> FindAsync(string query) =>
            [.. (await viewer.GetAsync($"directory?q={Uri.EscapeDataString(query)}")).Ok().Data.EnumerateArray()
                .Select(entry => $"{entry.GetProperty("kind")} {entry.GetProperty("name")}")];

        Assert.Equal(["user Zuri Odhiambo_%", "group Zuri's team"], await FindAsync("zuri"));
        Assert.Equal(["user Zuri Odhiambo_%"], await FindAsync("odh"));
        Assert.Equal(["user Zuri Odhiambo_%"], await FindAsync("odhiambo_%"));
        Assert.Empty(await FindAsync("o%o"));
        Assert.DoesNotContain("@example.com", (await viewer.GetAsync("directory")).Ok().Text, StringComparison.Ordinal);
        Assert.Single((await viewer.GetAsync("directory?q=zuri&kind=group")).Ok().Data.EnumerateArray());
        Assert.Equal(
            "Zuri's team",
            (await viewer.GetAsync($"directory?id={team.Id}")).Ok().Data.EnumerateArray().Single()
                .GetProperty("name").GetString());
        Assert.Empty((await viewer.GetAsync($"directory?id={team.Id}&kind=user")).Ok().Data.EnumerateArray());
        (await viewer.GetAsync("directory?kind=robot")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Capabilities_say_what_is_configured()
    {
        using var owner = api.Host.Owner();
        using var operators = await api.Host.OperatorAsync();

        var data = (await owner.GetAsync("capabilities")).Ok().Data;

        Assert.False(data.GetProperty("mail").GetBoolean());
        Assert.False(data.GetProperty("registration").GetBoolean());
        Assert.False(data.GetProperty("operatorTenant").GetBoolean());
        Assert.True((await operators.GetAsync("capabilities")).Ok().Data.GetProperty("operatorTenant").GetBoolean());
    }
}
