using System.Net;
using System.Text;
using Workflows.Api.Mails;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Mails;

/// <summary>Mails of the platform on their way: tried again, given up, never lost, sent by one of two
/// instances.</summary>
public sealed class MailServiceTests(MailedApi api) : IClassFixture<MailedApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_cannot_be_sent_now_is_sent_later_and_what_is_refused_is_given_up_visibly()
    {
        using var owner = api.Host.Owner();
        var refused = $"r{Guid.CreateVersion7():N}"[..20];
        api.Mail.Refused.Add(refused);
        (await owner.PostAsync("invitations", new { email = $"{refused}@example.com", roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created);

        var failed = await Eventually.GetAsync(
            () => FindAsync(owner, "failed", refused), cancellationToken: Token);
        Assert.Contains("550", failed.Error, StringComparison.Ordinal);
        Assert.Equal(1, failed.Attempts);
    }

    [Fact]
    public async Task A_server_that_is_away_is_tried_again_until_a_day_is_over()
    {
        await using var host = await ApiHost.StartAsync(
            api.Postgres, api.Redis, MailedApi.SettingsFor(FreePort.Next()));
        using var owner = host.Owner();
        (await owner.PostAsync("invitations", new { email = "late@example.com", roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created);
        var waiting = await Eventually.GetAsync(
            async () => await FindAsync(owner, "waiting", "late") is { Error: not null } mail ? mail : null,
            cancellationToken: Token);
        Assert.StartsWith("EMAIL_CONNECTION", waiting.Error, StringComparison.Ordinal);

        await host.ExecuteAsync("update mails set not_before = now(), created_at = now() - interval '25 hours'");

        await Eventually.TrueAsync(async () => await FindAsync(owner, "failed", "late") is not null,
            cancellationToken: Token);
    }

    [Fact]
    public async Task Two_instances_send_each_mail_once()
    {
        await using var host = await ApiHost.StartAsync(
            api.Postgres, api.Redis, MailedApi.SettingsFor(api.Mail.Port));
        await using var twin = await host.StartTwinAsync(api.Redis, MailedApi.SettingsFor(api.Mail.Port));
        using var owner = host.Owner();
        var part = $"t{Guid.CreateVersion7():N}"[..20];
        for (var number = 0; number < 10; number++)
        {
            var email = $"{part}.{number}@example.com";
            (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } }))
                .Ok(HttpStatusCode.Created);
        }

        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>(
                "select count(*) from mails where starts_with(recipient, $1) and sent_at is not null", part) == 10,
            cancellationToken: Token);
        Assert.Equal(10, api.Mail.Mails.Count(mail => mail.To[0].StartsWith(part, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_mail_whose_sender_died_comes_again_under_the_same_id()
    {
        using var owner = api.Host.Owner();
        var email = $"{Guid.CreateVersion7():N}@example.com";
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        await api.MailsToAsync(email);
        await Eventually.TrueAsync(
            async () => await api.Host.ScalarAsync<bool>(
                "select sent_at is not null from mails where recipient = $1", email), cancellationToken: Token);

        // As if the process had died after it handed the mail over.
        await api.Host.ExecuteAsync("update mails set sent_at = null, not_before = now() where recipient = $1", email);

        await api.MailsToAsync(email, 2);
        var ids = api.Mail.Mails.Where(mail => mail.To.Contains(email))
            .Select(mail => MessageId(mail.Content)).ToList();
        Assert.Equal(2, ids.Count);
        Assert.Equal(ids[0], ids[1]);
    }

    [Fact]
    public async Task A_suspended_tenants_mails_wait_and_a_link_that_ended_is_not_sent()
    {
        var slug = $"t{Guid.CreateVersion7():N}"[..20];
        var tenant = await api.Host.CreateTenantAsync(slug);
        using var owner = api.Host.Client(tenant.ApiKey);
        await api.Host.ExecuteAsync(
            """
            insert into mails (tenant_id, id, kind, recipient, subject, text, not_before, created_at)
            values ($1, gen_random_uuid(), 'password_changed', $2, 's', 't', now() + interval '1 day', now())
            """, tenant.TenantId, $"{slug}@example.com");
        await api.Host.ExecuteAsync("update tenants set status = 'suspended' where tenant_id = $1", tenant.TenantId);
        await api.Host.ExecuteAsync("update mails set not_before = now() where tenant_id = $1", tenant.TenantId);
        var other = $"{Guid.CreateVersion7():N}@example.com";
        using var first = api.Host.Owner();
        var made = (await first.PostAsync("invitations", new { email = other, roles = new[] { "viewer" } }))
            .Ok(HttpStatusCode.Created);
        await api.MailsToAsync(other);
        Assert.Empty(api.TextsTo($"{slug}@example.com"));
        await api.Host.ExecuteAsync("update tenants set status = 'active' where tenant_id = $1", tenant.TenantId);
        await api.MailsToAsync($"{slug}@example.com");

        (await first.DeleteAsync($"invitations/{made.Id}")).Ok();
        await api.Host.ExecuteAsync(
            "update mails set sent_at = null, not_before = now() where recipient = $1", other);
        var ended = await Eventually.GetAsync(
            () => FindAsync(first, "failed", other), cancellationToken: Token);
        Assert.StartsWith("EMAIL_LINK_ENDED", ended.Error, StringComparison.Ordinal);
        Assert.Single(api.TextsTo(other));
    }

    [Fact]
    public async Task What_is_over_for_thirty_days_is_removed()
    {
        await using var host = await ApiHost.StartAsync(
            api.Postgres, api.Redis, MailedApi.SettingsFor(api.Mail.Port));
        using var owner = host.Owner();
        var email = $"{Guid.CreateVersion7():N}@example.com";
        (await owner.PostAsync("invitations", new { email, roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        await api.MailsToAsync(email);
        await Eventually.TrueAsync(
            () => host.ScalarAsync<bool>("select sent_at is not null from mails where recipient = $1", email),
            cancellationToken: Token);
        await host.ExecuteAsync(
            "update mails set created_at = now() - interval '31 days' where recipient = $1", email);
        await host.ExecuteAsync(
            "update account_links set expires_at = now() - interval '31 days' where email = $1", email);
        await host.ExecuteAsync(
            "update invitations set expires_at = now() - interval '31 days' where email = $1", email);

        await using var twin = await host.StartTwinAsync(api.Redis); // its first round is at once

        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>(
                """
                select (select count(*) from mails where recipient = $1)
                  + (select count(*) from account_links where email = $1)
                  + (select count(*) from invitations where email = $1)
                """, email) == 0, cancellationToken: Token);
    }

    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 60)]
    [InlineData(5, 480)]
    [InlineData(50, 3600)]
    public void Each_failure_doubles_the_pause_up_to_an_hour(int attempts, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), MailService.RetryAfter(attempts));

    [Theory]
    [InlineData("Mail:From", null)]
    [InlineData("Mail:From", "nobody")]
    [InlineData("Mail:Port", "0")]
    [InlineData("Mail:Security", "ssl")]
    [InlineData("Api:PublicUrl", "flows.example")]
    public async Task A_setting_that_cannot_be_used_stops_the_start(string setting, string? value)
    {
        var settings = MailedApi.SettingsFor(25);
        settings[setting] = value;

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => ApiHost.StartAsync(api.Postgres, api.Redis, settings));
    }

    private static async Task<SeenMail?> FindAsync(ApiClient owner, string status, string recipient) =>
        (await owner.GetAsync($"mails?status={status}&per_page={Limits.MaxPageSize}")).Ok().Data.EnumerateArray()
            .Where(mail => mail.GetProperty("recipient").GetString()!.StartsWith(recipient, StringComparison.Ordinal))
            .Select(mail => new SeenMail(
                mail.GetProperty("error").GetString(), mail.GetProperty("attempts").GetInt32()))
            .FirstOrDefault();

    private static string MessageId(byte[] content) => Encoding.ASCII.GetString(content).Split("\r\n")
        .Single(line => line.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase));

    private sealed record SeenMail(string? Error, int Attempts);
}
