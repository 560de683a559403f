using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Papers;

/// <summary>What the platform itself puts before everybody, on a platform of its own.</summary>
public sealed class PlatformTermsTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Terms_of_the_platform_are_for_people_of_all_tenants_and_its_announcements_reach_them()
    {
        using var boss = await api.Host.OperatorAsync();
        using var owner = api.Host.Owner();
        using var person = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        var news = (await boss.PostAsync("announcements", new { title = "Maintenance at 3" }))
            .Ok(HttpStatusCode.Created);
        (await boss.PostAsync("announcements", new
        {
            title = "Not yet", startsAt = TimeProvider.System.GetUtcNow().AddDays(1),
        })).Ok(HttpStatusCode.Created);
        var seen = (await person.GetAsync("announcements")).Ok().Data.EnumerateArray().ToList();
        Assert.Equal("platform", Assert.Single(seen).GetProperty("by").GetString());
        (await person.PostAsync($"announcements/{news.Id}/read")).Ok();
        Assert.Empty((await person.GetAsync("announcements?unread=true")).Ok().Data.EnumerateArray());
        (await owner.DeleteAsync($"announcements/{news.Id}", "*"))
            .Fails(HttpStatusCode.NotFound, "ANNOUNCEMENT_NOT_FOUND");
        (await boss.PostAsync("announcements", new
        {
            title = "x", audience = new[] { new { kind = "role", id = Guid.CreateVersion7() } },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        var terms = (await boss.PostAsync("terms", new { title = "Platform", text = "x", required = true }))
            .Ok(HttpStatusCode.Created);

        await EventuallyAsync(async () =>
            (await person.GetAsync("workflows")).ErrorCode == "TERMS_NOT_ACCEPTED");
        (await boss.GetAsync("tenants")).Fails(HttpStatusCode.Forbidden, "TERMS_NOT_ACCEPTED");
        var visible = Assert.Single((await person.GetAsync("terms?current=true")).Ok().Data.EnumerateArray());
        Assert.Equal(
            ("platform", terms.Id),
            (visible.GetProperty("by").GetString(), visible.GetProperty("id").GetGuid()));
        (await person.PostAsync($"terms/{terms.Id}/accept")).Ok();
        (await person.GetAsync("workflows")).Ok();
        (await boss.PostAsync($"terms/{terms.Id}/accept")).Ok();
        (await boss.GetAsync("tenants")).Ok();
        (await owner.PatchAsync($"terms/{terms.Id}", "*", new { text = "ours now" }))
            .Fails(HttpStatusCode.NotFound, "TERMS_NOT_FOUND");
    }

    // What is known of a session in another tenant is trusted for seconds.
    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
