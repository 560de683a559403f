using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Papers;

/// <summary>Terms by version, who accepted them, and what is closed until they do.</summary>
public sealed class TermsTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Versions_follow_each_other_and_one_that_is_valid_stays_as_it_is()
    {
        using var owner = await TenantAsync("versions");
        var first = (await owner.PostAsync("terms", new { title = "Terms", text = "one" })).Ok(HttpStatusCode.Created);
        var later = (await owner.PostAsync("terms", new
        {
            title = "Terms", text = "two", validFrom = TimeProvider.System.GetUtcNow().AddDays(7),
        })).Ok(HttpStatusCode.Created);

        Assert.Equal(
            (1, 2), (first.Data.GetProperty("number").GetInt32(), later.Data.GetProperty("number").GetInt32()));
        (await owner.PatchAsync($"terms/{first.Id}", first.ETag, new { text = "x" }))
            .Fails(HttpStatusCode.Conflict, "TERMS_IN_FORCE");
        (await owner.DeleteAsync($"terms/{first.Id}", first.ETag)).Fails(HttpStatusCode.Conflict, "TERMS_IN_FORCE");
        var changed = (await owner.PatchAsync($"terms/{later.Id}", later.ETag, new { text = "three" })).Ok();
        (await owner.PatchAsync($"terms/{later.Id}", later.ETag, new { text = "four" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        using var reader = api.Host.Client((await owner.CreateKeyAsync("workflows.read")).Key);
        Assert.Equal([first.Id], Ids(await reader.GetAsync("terms")));
        (await reader.GetAsync($"terms/{later.Id}")).Fails(HttpStatusCode.NotFound, "TERMS_NOT_FOUND");
        Assert.Equal([first.Id], Ids(await owner.GetAsync("terms?current=true")));
        Assert.Equal([later.Id, first.Id], Ids(await owner.GetAsync("terms")));
        (await owner.DeleteAsync($"terms/{later.Id}", changed.ETag)).Ok();
        (await owner.PostAsync("terms", new { title = "T", text = " ", validFrom = "2020-01-01T00:00:00Z" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await reader.PostAsync("terms", new { title = "T", text = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await reader.PostAsync($"terms/{first.Id}/accept")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Who_has_not_accepted_terms_that_are_required_reads_and_accepts_them_and_does_nothing_else()
    {
        using var owner = await TenantAsync("strict");
        using var person = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        (await person.GetAsync("workflows")).Ok();

        var terms = (await owner.PostAsync("terms", new { title = "Terms", text = "one", required = true }))
            .Ok(HttpStatusCode.Created);

        (await person.GetAsync("workflows")).Fails(HttpStatusCode.Forbidden, "TERMS_NOT_ACCEPTED");
        (await person.GetAsync("users/me")).Fails(HttpStatusCode.Forbidden, "TERMS_NOT_ACCEPTED");
        (await person.GetAsync("auth/me")).Ok();
        (await owner.GetAsync("workflows")).Ok(); // an API key is nobody who could accept
        Assert.Equal([terms.Id], Ids(await person.GetAsync("terms?current=true")));
        Assert.Equal(2, (await NotYetAsync(owner, terms.Id)).Count); // the owner, too
        var accepted = (await person.PostAsync($"terms/{terms.Id}/accept")).Ok().Data;
        (await person.GetAsync("workflows")).Ok();
        Assert.Equal("127.0.0.1", accepted.GetProperty("ip").GetString());

        // A second time changes nothing.
        var again = (await person.PostAsync($"terms/{terms.Id}/accept")).Ok().Data;
        Assert.Equal(
            accepted.GetProperty("acceptedAt").GetDateTimeOffset(),
            again.GetProperty("acceptedAt").GetDateTimeOffset());
        Assert.Single((await owner.GetAsync("activity?action=terms.accept")).Ok().Data.EnumerateArray());
        Assert.Single(await NotYetAsync(owner, terms.Id));
        Assert.Single((await owner.GetAsync($"terms/{terms.Id}/acceptances?accepted=true")).Ok().Data.EnumerateArray());

        // The next version is to be accepted again.
        (await owner.PostAsync("terms", new { title = "Terms", text = "two", required = true }))
            .Ok(HttpStatusCode.Created);
        (await person.GetAsync("workflows")).Fails(HttpStatusCode.Forbidden, "TERMS_NOT_ACCEPTED");
        (await person.PostAsync("auth/logout")).Ok();
    }

    [Fact]
    public async Task Two_acceptances_at_once_are_one()
    {
        using var owner = await TenantAsync("hasty");
        using var person = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        var terms = (await owner.PostAsync("terms", new { title = "Terms", text = "one" })).Ok(HttpStatusCode.Created);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => person.PostAsync($"terms/{terms.Id}/accept")));

        Assert.All(answers, answer => answer.Ok());
        Assert.Equal(1, await api.Host.ScalarAsync<long>(
            "select count(*) from terms_acceptances where terms_id = $1", terms.Id));
        (await person.PostAsync($"terms/{terms.Id}/accept")).Ok();
    }

    [Fact]
    public async Task Terms_of_a_tenant_are_nobody_elses()
    {
        using var owner = await TenantAsync("insular");
        using var other = await TenantAsync("neighbour");
        var terms = (await owner.PostAsync("terms", new { title = "Ours", text = "one", required = true }))
            .Ok(HttpStatusCode.Created);

        (await other.GetAsync($"terms/{terms.Id}")).Fails(HttpStatusCode.NotFound, "TERMS_NOT_FOUND");
        (await other.GetAsync($"terms/{terms.Id}/acceptances")).Fails(HttpStatusCode.NotFound, "TERMS_NOT_FOUND");
        (await other.PostAsync($"terms/{terms.Id}/accept")).Fails(HttpStatusCode.NotFound, "TERMS_NOT_FOUND");
        using var person = api.Host.Client(await other.LogInNewUserAsync("viewer"));
        (await person.GetAsync("workflows")).Ok();
        using var boss = await api.Host.OperatorAsync();
        (await boss.GetAsync($"terms/{terms.Id}")).Fails(HttpStatusCode.NotFound, "TERMS_NOT_FOUND");
    }

    [Fact]
    public async Task What_is_known_of_an_acceptance_is_exported_and_its_address_erased_with_the_person()
    {
        using var owner = await TenantAsync("leaving");
        using var person = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        var terms = (await owner.PostAsync("terms", new { title = "Terms", text = "one" })).Ok(HttpStatusCode.Created);
        var user = (await person.PostAsync($"terms/{terms.Id}/accept")).Ok().Data.GetProperty("userId").GetGuid();

        Assert.Contains("127.0.0.1", (await owner.GetAsync($"users/{user}/export")).Json
            .GetProperty("termsAcceptances")[0].GetProperty("ip").GetString(), StringComparison.Ordinal);
        (await owner.DeleteAsync($"users/{user}", "*")).Ok();
        (await owner.PostAsync($"users/{user}/erasure")).Ok();

        Assert.Equal(1, await api.Host.ScalarAsync<long>(
            "select count(*) from terms_acceptances where user_id = $1 and ip is null and user_agent is null", user));
    }

    private static async Task<List<string?>> NotYetAsync(ApiClient owner, Guid terms) =>
        [.. (await owner.GetAsync($"terms/{terms}/acceptances?accepted=false")).Ok().Data.EnumerateArray()
            .Select(row => row.GetProperty("email").GetString())];

    private static List<Guid> Ids(Answer answer) =>
        [.. answer.Ok().Data.EnumerateArray().Select(row => row.GetProperty("id").GetGuid())];

    private async Task<ApiClient> TenantAsync(string slug) =>
        api.Host.Client((await api.Host.CreateTenantAsync(slug)).ApiKey);
}
