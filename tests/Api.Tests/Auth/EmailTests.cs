using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>E-mail addresses that are confirmed, and changed.</summary>
public sealed class EmailTests(MailedApi api) : IClassFixture<MailedApi>
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_person_confirms_the_own_address_once()
    {
        using var anybody = api.Host.Client();
        var person = await api.Host.AddPersonAsync("viewer");
        (await person.Client.PostAsync("users/me/verify-email")).Ok(HttpStatusCode.Accepted);
        var token = await api.TokenAsync(person.Email, "verify-email");

        (await anybody.PostAsync("auth/verify-email", new { token })).Ok();

        Assert.True((await person.Client.GetAsync("users/me")).Ok().Data.GetProperty("emailVerified").GetBoolean());
        (await anybody.PostAsync("auth/verify-email", new { token })).Fails(HttpStatusCode.Gone, "LINK_GONE");
        (await person.Client.PostAsync("users/me/verify-email")).Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Fact]
    public async Task Another_address_takes_the_old_ones_place_when_it_is_confirmed_and_the_old_one_is_told()
    {
        using var anybody = api.Host.Client();
        var person = await api.Host.AddPersonAsync("viewer");
        var email = $"{Guid.CreateVersion7():N}@example.com";
        (await person.Client.PostAsync("users/me/email", new { email, password = "not the password" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await person.Client.PostAsync("users/me/email", new { email, password = Password }))
            .Ok(HttpStatusCode.Accepted);
        Assert.DoesNotContain(email, Assert.Single(await api.MailsToAsync(person.Email)), StringComparison.Ordinal);
        (await anybody.PostAsync("auth/login", new { email, password = Password }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        (await anybody.PostAsync("auth/request-password-reset", new { email = person.Email }))
            .Ok(HttpStatusCode.Accepted);
        var reset = await api.TokenAsync(person.Email, "reset-password", count: 2);

        (await anybody.PostAsync("auth/verify-email", new { token = await api.TokenAsync(email, "verify-email") }))
            .Ok();

        var me = (await person.Client.GetAsync("users/me")).Ok().Data;
        Assert.Equal(email, me.GetProperty("email").GetString());
        Assert.True(me.GetProperty("emailVerified").GetBoolean());
        (await anybody.PostAsync("auth/login", new { email, password = Password })).Ok();
        (await anybody.PostAsync("auth/login", new { email = person.Email, password = Password }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        // What was mailed to the old address opens nothing any more.
        (await anybody.PostAsync("auth/reset-password", new { token = reset, password = "staple battery horse" }))
            .Fails(HttpStatusCode.Gone, "LINK_GONE");
    }

    [Fact]
    public async Task Only_who_receives_its_mail_learns_that_an_address_is_taken()
    {
        using var anybody = api.Host.Client();
        var ann = await api.Host.AddPersonAsync("viewer");
        var bob = await api.Host.AddPersonAsync("viewer");

        (await bob.Client.PostAsync("users/me/email", new { email = ann.Email, password = Password }))
            .Ok(HttpStatusCode.Accepted);

        var token = await api.TokenAsync(ann.Email, "verify-email");
        (await anybody.PostAsync("auth/verify-email", new { token })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        Assert.Equal(bob.Email, (await bob.Client.GetAsync("users/me")).Ok().Data.GetProperty("email").GetString());
    }

    [Fact]
    public async Task An_api_key_has_no_address()
    {
        using var owner = api.Host.Owner();
        (await owner.PostAsync("users/me/verify-email")).Fails(HttpStatusCode.Conflict, "CONFLICT");
        (await owner.PostAsync("users/me/email", new { email = "x@example.com", password = Password }))
            .Fails(HttpStatusCode.Conflict, "CONFLICT");
    }
}
