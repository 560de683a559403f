using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Users;

/// <summary>What people say about themselves, and how others find them.</summary>
public sealed class ProfileTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_person_reads_and_changes_the_own_profile()
    {
        var person = await api.Host.AddPersonAsync("viewer");
        var before = (await person.Client.GetAsync("users/me")).Ok();
        Assert.Equal("{}", before.Data.GetProperty("settings").GetRawText());
        Assert.False(before.Data.GetProperty("emailVerified").GetBoolean());

        var changed = (await person.Client.PatchAsync("users/me", before.ETag, new
        {
            name = "Ann Other",
            username = "ann.other",
            photoUrl = "https://pictures.example/ann.png",
            timeZone = "Asia/Kolkata",
            settings = new { theme = "dark", columns = new[] { 1, 2 } },
        })).Ok().Data;

        Assert.Equal("Ann Other", changed.GetProperty("name").GetString());
        Assert.Equal(330, changed.GetProperty("utcOffsetMinutes").GetInt32());
        Assert.Equal("https://pictures.example/ann.png", changed.GetProperty("photoUrl").GetString());
        Assert.Equal(2, changed.GetProperty("settings").GetProperty("columns")[1].GetInt32());
        var again = (await person.Client.GetAsync("users/me")).Ok();
        Assert.Equal("dark", again.Data.GetProperty("settings").GetProperty("theme").GetString());
        (await person.Client.PatchAsync("users/me", before.ETag, new { name = "x" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");

        var without = (await person.Client.PatchAsync("users/me", again.ETag, new { photoUrl = "" })).Ok().Data;
        Assert.Equal(JsonValueKind.Null, without.GetProperty("photoUrl").ValueKind);
        using var owner = api.Host.Owner();
        var seen = (await owner.GetAsync($"users/{person.Id}")).Ok().Data;
        Assert.Equal("ann.other", seen.GetProperty("username").GetString());
        Assert.Equal(330, seen.GetProperty("utcOffsetMinutes").GetInt32());
        Assert.False(seen.TryGetProperty("settings", out _));
    }

    [Theory]
    [InlineData("photoUrl", "\"http://pictures.example/a.png\"")]
    [InlineData("photoUrl", "\"javascript:alert(1)\"")]
    [InlineData("photoUrl", "\"https://user:secret@pictures.example/a.png\"")]
    [InlineData("photoUrl", "\"/a.png\"")]
    [InlineData("settings", "[1]")]
    [InlineData("settings", "\"x\"")]
    [InlineData("timeZone", "\"Mars/Olympus\"")]
    [InlineData("username", "\" \"")]
    public async Task What_cannot_be_used_is_refused_by_its_field(string field, string value)
    {
        var person = await api.Host.AddPersonAsync("viewer");

        var answer = (await person.Client.PatchAsync("users/me", "*", $$"""{ "{{field}}": {{value}} }"""))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Equal(
            $"/{field}", answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task Settings_have_a_bound()
    {
        var person = await api.Host.AddPersonAsync("viewer");
        const int Around = 8; // {"a":""}

        (await person.Client.PatchAsync(
            "users/me", "*", new { settings = new { a = new string('x', Limits.UserSettingsBytes - Around) } })).Ok();
        (await person.Client.PatchAsync(
            "users/me", "*", new { settings = new { a = new string('x', Limits.UserSettingsBytes - Around + 1) } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_username_is_one_persons_in_whatever_case_and_an_api_key_has_no_profile()
    {
        var ann = await api.Host.AddPersonAsync("viewer");
        var bob = await api.Host.AddPersonAsync("viewer");
        (await ann.Client.PatchAsync("users/me", "*", new { username = "Taken.Name" })).Ok();
        (await bob.Client.PatchAsync("users/me", "*", new { username = "taken.NAME" }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        using var owner = api.Host.Owner();
        (await owner.GetAsync("users/me")).Fails(HttpStatusCode.Conflict, "CONFLICT");
        (await owner.PatchAsync("users/me", "*", new { name = "x" })).Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Fact]
    public async Task Users_are_found_by_what_their_name_and_address_begin_with_by_role_group_and_activity()
    {
        using var owner = api.Host.Owner();
        var prefix = $"p{Guid.CreateVersion7():N}"[..20];
        var ids = new List<Guid>();
        foreach (var (name, role) in new[] { ("100%_Sure", "viewer"), ("100xxSure", "editor"), ("Other", "editor") })
        {
            ids.Add((await owner.PostAsync("users", new
            {
                email = $"{prefix}.{name.ToUpperInvariant().Replace("%", "", StringComparison.Ordinal)}@Example.com",
                name = $"{prefix} {name}",
                password = "correct horse battery",
                roles = new[] { role },
            })).Ok(HttpStatusCode.Created).Id);
        }

        var group = (await owner.PostAsync("groups", new { name = prefix })).Ok(HttpStatusCode.Created).Id;
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group}/members/{ids[2]}", null)).Ok();
        (await owner.PatchAsync($"users/{ids[1]}", "*", new { active = false })).Ok();

        Assert.Equal(ids, await FindAsync($"name={prefix.ToUpperInvariant()}"));
        Assert.Equal([ids[0]], await FindAsync($"name={prefix}%20100%25_"));
        Assert.Equal([ids[2]], await FindAsync($"email={prefix}.oth"));
        Assert.Equal(ids[1..], await FindAsync($"name={prefix}&role=editor"));
        Assert.Equal([ids[2]], await FindAsync($"name={prefix}&role=editor&active=true"));
        Assert.Equal([ids[1]], await FindAsync($"name={prefix}&active=false"));
        Assert.Equal([ids[2]], await FindAsync($"group={group}"));
        Assert.Empty(await FindAsync($"group={group}&role=viewer"));
        Assert.Empty(await FindAsync("role=nobody"));

        // A cursor goes with its filters.
        var page = (await owner.GetAsync($"users?name={prefix}&per_page=1")).Ok();
        var cursor = page.Pagination.GetProperty("nextCursor").GetString();
        (await owner.GetAsync($"users?name=x&per_page=1&cursor={cursor}"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_CURSOR");

        async Task<List<Guid>> FindAsync(string query) =>
            [.. (await owner.GetAsync($"users?{query}")).Ok().Data.EnumerateArray()
                .Select(user => user.GetProperty("id").GetGuid())];
    }
}
