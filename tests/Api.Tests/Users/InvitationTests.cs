using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Users;

/// <summary>Asking people to join, with mail and without.</summary>
public sealed class InvitationTests(MailedApi api) : IClassFixture<MailedApi>
{
    private const string Password = "correct horse battery";

    private static string NewEmail() => $"{Guid.CreateVersion7():N}@example.com";

    [Fact]
    public async Task Who_is_invited_joins_by_the_mailed_link_once_and_is_logged_in()
    {
        using var owner = api.Host.Owner();
        using var anybody = api.Host.Client();
        var email = NewEmail();
        var groupName = $"g{Guid.CreateVersion7():N}";
        var group = (await owner.PostAsync("groups", new { name = groupName })).Ok(HttpStatusCode.Created).Id;
        var made = (await owner.PostAsync(
            "invitations", new { email, name = "Ada", roles = new[] { "editor" }, groups = new[] { groupName } }))
            .Ok(HttpStatusCode.Created);
        Assert.True(made.Data.GetProperty("mailed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, made.Data.GetProperty("token").ValueKind);

        var token = await api.TokenAsync(email, "invite");
        var joined = (await anybody.PostAsync("auth/accept-invitation", new { token, password = Password })).Ok();

        using var person = api.Host.Client(joined.Data.GetProperty("accessToken").GetString());
        var me = (await person.GetAsync("users/me")).Ok().Data;
        Assert.Equal((email, "Ada"), (me.GetProperty("email").GetString(), me.GetProperty("name").GetString()));
        Assert.True(me.GetProperty("emailVerified").GetBoolean());
        Assert.Equal("editor", me.GetProperty("roles")[0].GetString());
        Assert.Equal(
            me.GetProperty("id").GetGuid(),
            (await owner.GetAsync($"groups/{group}/members")).Ok().Data[0].GetProperty("userId").GetGuid());
        (await anybody.PostAsync("auth/login", new { email, password = Password })).Ok();
        (await anybody.PostAsync("auth/accept-invitation", new { token, password = Password }))
            .Fails(HttpStatusCode.Gone, "LINK_GONE");
        var seen = (await owner.GetAsync($"invitations/{made.Id}")).Ok().Data;
        Assert.Equal("accepted", seen.GetProperty("status").GetString());
        Assert.Equal(me.GetProperty("id").GetGuid(), seen.GetProperty("userId").GetGuid());
        (await owner.DeleteAsync($"invitations/{made.Id}")).Fails(HttpStatusCode.Conflict, "INVITATION_CLOSED");
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
    }

    [Fact]
    public async Task Two_who_accept_at_once_make_one_account()
    {
        using var owner = api.Host.Owner();
        using var anybody = api.Host.Client();
        var email = NewEmail();
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        var token = await api.TokenAsync(email, "invite");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => anybody.PostAsync("auth/accept-invitation", new { token, password = Password, name = "Ada" })));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(3, answers.Count(answer => answer.ErrorCode == "LINK_GONE"));
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from users where email = $1", email));
    }

    [Fact]
    public async Task An_invitation_that_is_sent_again_revoked_or_over_ends_its_link()
    {
        using var owner = api.Host.Owner();
        using var anybody = api.Host.Client();
        var email = NewEmail();
        var id = (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created).Id;
        var first = await api.TokenAsync(email, "invite");
        (await owner.PostAsync("invitations", new { email = email.ToUpperInvariant(), roles = new[] { "viewer" } }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        (await owner.PostAsync($"invitations/{id}/resend")).Ok();
        var second = await api.TokenAsync(email, "invite", count: 2);
        Assert.NotEqual(first, second);
        await AcceptFailsAsync(first);

        await api.Host.ExecuteAsync("update account_links set expires_at = now() where invitation_id = $1", id);
        await AcceptFailsAsync(second);
        await api.Host.ExecuteAsync(
            "update account_links set expires_at = now() + interval '1 day' where invitation_id = $1", id);
        (await owner.DeleteAsync($"invitations/{id}")).Ok();
        await AcceptFailsAsync(second);
        (await owner.PostAsync($"invitations/{id}/resend")).Fails(HttpStatusCode.Conflict, "INVITATION_CLOSED");
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);

        async Task AcceptFailsAsync(string token) =>
            (await anybody.PostAsync("auth/accept-invitation", new { token, password = Password, name = "x" }))
                .Fails(HttpStatusCode.Gone, "LINK_GONE");
    }

    [Fact]
    public async Task Nobody_invites_to_more_than_they_may_and_unknown_names_are_told()
    {
        using var owner = api.Host.Owner();
        using var admin = api.Host.Client(await owner.LogInNewUserAsync("admin"));
        var email = NewEmail();

        (await admin.PostAsync("invitations", new { email, roles = new[] { "owner" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" }, groups = new[] { "nobody's" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("invitations", new { email, roles = Array.Empty<string>() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" }, expiresInDays = 31 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var ofOwner = (await owner.PostAsync("invitations", new { email, roles = new[] { "owner" } }))
            .Ok(HttpStatusCode.Created).Id;
        (await admin.PostAsync($"invitations/{ofOwner}/resend")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.DeleteAsync($"invitations/{ofOwner}")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.DeleteAsync($"invitations/{ofOwner}")).Ok();
    }

    [Fact]
    public async Task A_token_opens_only_what_it_was_made_for_and_only_as_it_was_made()
    {
        using var owner = api.Host.Owner();
        using var anybody = api.Host.Client();
        var email = NewEmail();
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        var token = await api.TokenAsync(email, "invite");

        (await anybody.PostAsync("auth/reset-password", new { token, password = Password }))
            .Fails(HttpStatusCode.BadRequest, "LINK_INVALID");
        (await anybody.PostAsync("auth/verify-email", new { token })).Fails(HttpStatusCode.BadRequest, "LINK_INVALID");
        var changed = token[..^2] + (token[^2] == 'A' ? 'B' : 'A') + token[^1];
        (await anybody.PostAsync("auth/accept-invitation", new { token = changed, password = Password, name = "x" }))
            .Fails(HttpStatusCode.BadRequest, "LINK_INVALID");
        (await anybody.PostAsync("auth/accept-invitation", new { token, password = "short", name = "x" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await anybody.PostAsync("auth/accept-invitation", new { token, password = Password }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED"); // nobody said a name
        (await anybody.PostAsync("auth/accept-invitation", new { token, password = Password, name = "x" })).Ok();
    }

    [Fact]
    public async Task No_row_holds_what_opens_a_link()
    {
        using var owner = api.Host.Owner();
        var email = NewEmail();
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        var token = await api.TokenAsync(email, "invite");

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            """
            select count(*) from (
              select m::text from mails m union all select l::text from account_links l
              union all select i::text from invitations i union all select a::text from user_activity a
              union all select k::text from idempotency_keys k) as rows (text)
            where strpos(text, $1) > 0
            """, token[4..]));
    }

    [Fact]
    public async Task Without_mail_the_answer_holds_the_token_once_and_resets_are_refused_clearly()
    {
        await using var host = await ApiHost.StartAsync(api.Postgres, api.Redis);
        using var owner = host.Owner();
        using var anybody = host.Client();
        var email = NewEmail();
        var made = (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created);
        var token = made.Data.GetProperty("token").GetString()!;
        Assert.False(made.Data.GetProperty("mailed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, made.Data.GetProperty("link").ValueKind);
        var again = (await owner.GetAsync($"invitations/{made.Id}")).Ok().Data;
        Assert.Equal(JsonValueKind.Null, again.GetProperty("token").ValueKind);

        (await anybody.PostAsync("auth/request-password-reset", new { email = host.First.OwnerEmail }))
            .Fails(HttpStatusCode.Conflict, "MAIL_NOT_CONFIGURED");
        (await anybody.PostAsync("auth/request-password-reset", new { email = NewEmail() }))
            .Fails(HttpStatusCode.Conflict, "MAIL_NOT_CONFIGURED");
        (await anybody.PostAsync("auth/accept-invitation", new { token, password = Password, name = "x" })).Ok();
        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from mails"));
    }

    [Fact]
    public async Task A_tenant_sees_its_own_invitations_and_mails_only()
    {
        using var owner = api.Host.Owner();
        var email = NewEmail();
        var id = (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created).Id;
        var foreign = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var stranger = api.Host.Client(foreign.ApiKey);

        (await stranger.GetAsync($"invitations/{id}")).Fails(HttpStatusCode.NotFound, "INVITATION_NOT_FOUND");
        (await stranger.DeleteAsync($"invitations/{id}")).Fails(HttpStatusCode.NotFound, "INVITATION_NOT_FOUND");
        (await stranger.PostAsync($"invitations/{id}/resend")).Fails(HttpStatusCode.NotFound, "INVITATION_NOT_FOUND");
        Assert.Equal(0, (await stranger.GetAsync("invitations")).Ok().Data.GetArrayLength());
        Assert.Equal(0, (await stranger.GetAsync("mails")).Ok().Data.GetArrayLength());
        // The same address may be invited there.
        (await stranger.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        await Eventually.TrueAsync(
            async () => (await stranger.GetAsync("mails?status=sent")).Ok().Data.GetArrayLength() == 1,
            cancellationToken: TestContext.Current.CancellationToken);
        (await owner.GetAsync("mails?status=lost")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }
}
