using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Papers;

/// <summary>What a tenant announces to its people.</summary>
public sealed class AnnouncementTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task An_announcement_is_due_to_its_audience_within_its_time_until_it_is_read()
    {
        using var owner = api.Host.Owner();
        var (editor, viewer) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("viewer"));
        var group = (await owner.PostAsync("groups", new { name = Samples.Name("group") })).Ok(HttpStatusCode.Created);
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group.Id}/members/{viewer.Id}", null)).Ok();
        var role = (await owner.GetAsync("roles")).Ok().Data.EnumerateArray()
            .Single(row => row.GetProperty("name").GetString() == "editor").GetProperty("id").GetGuid();
        var now = TimeProvider.System.GetUtcNow();
        var all = await AddAsync(owner, new { title = "all", level = "warning" });
        var editors = await AddAsync(
            owner, new { title = "editors", audience = new[] { new { kind = "role", id = role } } });
        var grouped = await AddAsync(
            owner, new { title = "group", audience = new[] { new { kind = "group", id = group.Id } } });
        var later = await AddAsync(owner, new { title = "later", startsAt = now.AddDays(1), endsAt = now.AddDays(2) });

        Assert.Equal([editors, all], await DueAsync(editor));
        Assert.Equal([grouped, all], await DueAsync(viewer));
        (await viewer.Client.GetAsync($"announcements/{editors}"))
            .Fails(HttpStatusCode.NotFound, "ANNOUNCEMENT_NOT_FOUND");
        (await viewer.Client.PostAsync($"announcements/{later}/read"))
            .Fails(HttpStatusCode.NotFound, "ANNOUNCEMENT_NOT_FOUND");

        (await viewer.Client.PostAsync($"announcements/{all}/read")).Ok();
        (await viewer.Client.PostAsync($"announcements/{all}/read")).Ok();
        Assert.Equal([grouped], await DueAsync(viewer, "?unread=true"));
        Assert.Equal([editors, all], await DueAsync(editor, "?unread=true"));
        Assert.NotEqual(default, (await viewer.Client.GetAsync($"announcements/{all}")).Ok().Data
            .GetProperty("readAt").GetDateTimeOffset());

        var planned = (await owner.GetAsync("announcements/all?state=planned")).Ok().Data;
        Assert.Equal(later, Assert.Single(planned.EnumerateArray()).GetProperty("id").GetGuid());
        (await viewer.Client.GetAsync("announcements/all")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var etag = (await owner.GetAsync($"announcements/{all}")).Ok().ETag;
        var changed = (await owner.PatchAsync(
            $"announcements/{all}", etag, new { endsAt = now.AddSeconds(2).ToOffset(TimeSpan.FromHours(5)) })).Ok();
        (await owner.PatchAsync($"announcements/{all}", etag, new { title = "x" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await owner.DeleteAsync($"announcements/{all}", changed.ETag)).Ok();
        Assert.Equal([grouped], await DueAsync(viewer));
    }

    [Fact]
    public async Task An_audience_is_of_the_tenant_and_an_end_comes_after_its_beginning()
    {
        using var owner = api.Host.Owner();
        var now = TimeProvider.System.GetUtcNow();
        foreach (var body in new object[]
        {
            new { title = "" },
            new { title = "x", level = "loud" },
            new { title = "x", startsAt = now, endsAt = now.AddHours(-1) },
            new { title = "x", audience = new[] { new { kind = "group", id = Guid.CreateVersion7() } } },
            new { title = "x", audience = new[] { new { kind = "user", id = Guid.CreateVersion7() } } },
            new { title = "x", audience = new object?[] { null } },
        })
        {
            (await owner.PostAsync("announcements", body)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }
    }

    private static async Task<Guid> AddAsync(ApiClient owner, object body) =>
        (await owner.PostAsync("announcements", body)).Ok(HttpStatusCode.Created).Id;

    private static async Task<List<Guid>> DueAsync(Person person, string query = "") =>
        [.. (await person.Client.GetAsync($"announcements{query}")).Ok().Data.EnumerateArray()
            .Select(row => row.GetProperty("id").GetGuid())];
}
