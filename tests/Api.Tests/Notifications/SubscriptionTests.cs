using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Notifications;

/// <summary>Subscriptions, settings and deliveries as people see them, with mails that arrive.</summary>
public sealed class SubscriptionTests(MailedApi api) : IClassFixture<MailedApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_subscribed_finds_the_end_in_the_inbox_and_in_the_mail()
    {
        using var owner = api.Host.Owner();
        var ann = await api.Host.AddPersonAsync("viewer");
        var place = await owner.CreatePlaceAsync();
        var made = (await PutAsync(ann.Client, "workspace", place.Workspace.Id)).Ok();
        Assert.Equal(made.Id, (await PutAsync(ann.Client, "workspace", place.Workspace.Id)).Ok().Id);

        await EndAsync(place.Workflow.Id);

        Assert.Contains("HTTP_500 broke", Assert.Single(await api.MailsToAsync(ann.Email)), StringComparison.Ordinal);
        var told = Assert.Single((await ann.Client.GetAsync("notifications")).Ok().Data.EnumerateArray());
        Assert.Equal("workflow_failed", told.GetProperty("kind").GetString());
        await Eventually.TrueAsync(
            async () => (await DeliveriesAsync(ann.Client, "?status=sent")).Count == 2, cancellationToken: Token);
        Assert.Equal(["email 1 ", "in_app 1 "], await DeliveriesAsync(ann.Client));
        Assert.Empty(await DeliveriesAsync(ann.Client, "?status=waiting"));
        (await ann.Client.GetAsync("notifications/deliveries?status=x"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");

        (await ann.Client.DeleteAsync($"users/me/subscriptions/{made.Id}")).Ok();
        (await ann.Client.DeleteAsync($"users/me/subscriptions/{made.Id}"))
            .Fails(HttpStatusCode.NotFound, "SUBSCRIPTION_NOT_FOUND");
        await EndAsync(place.Workflow.Id);
        Assert.Equal(2, (await DeliveriesAsync(ann.Client)).Count);
    }

    [Fact]
    public async Task A_mail_that_is_refused_is_a_delivery_that_failed_and_says_why()
    {
        using var owner = api.Host.Owner();
        var ann = await api.Host.AddPersonAsync("viewer");
        var place = await owner.CreatePlaceAsync();
        api.Mail.Refused.Add(ann.Email.Split('@')[0]);
        (await PutAsync(ann.Client, "workflow", place.Workflow.Id, channels: ["email"])).Ok();

        await EndAsync(place.Workflow.Id);

        var failed = await Eventually.GetAsync(
            async () => (await DeliveriesAsync(ann.Client, "?status=failed")).SingleOrDefault(),
            cancellationToken: Token);
        Assert.StartsWith("email 1 EMAIL_550", failed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_subscribes_to_what_one_sees_and_sees_only_ones_own_subscriptions()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var member = await api.Host.AddPersonAsync("member");
        var ann = await api.Host.AddPersonAsync("viewer");
        (await PutAsync(member.Client, "workflow", place.Workflow.Id))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        (await PutAsync(ann.Client, "job", Guid.CreateVersion7())).Fails(HttpStatusCode.NotFound, "JOB_NOT_FOUND");
        (await PutAsync(ann.Client, "rule", place.Job.Id)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(ann.Client, "job", place.Job.Id, channels: ["pigeon"]))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(ann.Client, "job", place.Job.Id, events: []))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(owner, "job", place.Job.Id)).Fails(HttpStatusCode.Conflict, "CONFLICT");
        var made = (await PutAsync(ann.Client, "job", place.Job.Id)).Ok();

        (await owner.SendAsync(HttpMethod.Put, $"workflows/{place.Workflow.Id}/permissions", ApiClient.Json(new
        {
            userId = member.Id, level = "view",
        }))).Ok();
        (await PutAsync(member.Client, "workflow", place.Workflow.Id)).Ok();

        Assert.Single((await member.Client.GetAsync("users/me/subscriptions")).Ok().Data.EnumerateArray());
        (await member.Client.DeleteAsync($"users/me/subscriptions/{made.Id}"))
            .Fails(HttpStatusCode.NotFound, "SUBSCRIPTION_NOT_FOUND");
        await EndAsync(place.Workflow.Id);
        Assert.Equal(2, (await DeliveriesAsync(member.Client)).Count);
        Assert.Equal(2, (await DeliveriesAsync(ann.Client)).Count);
    }

    [Fact]
    public async Task Quiet_hours_and_digests_are_kept_and_checked()
    {
        var ann = await api.Host.AddPersonAsync("viewer");
        Assert.Equal(
            """{"quietHours":null,"digest":"immediate","zone":"UTC"}""",
            (await ann.Client.GetAsync("users/me/notification-settings")).Ok().Data.GetRawText());
        var wanted = new
        {
            quietHours = new { from = "22:00", to = "07:00", zone = "Europe/Berlin" }, digest = "daily",
        };

        (await SetAsync(ann.Client, wanted)).Ok();

        Assert.Equal(
            """
            {"quietHours":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"},"digest":"daily","zone":"Europe/Berlin"}
            """,
            (await ann.Client.GetAsync("users/me/notification-settings")).Ok().Data.GetRawText());
        foreach (var wrong in new object[]
        {
            new { digest = "weekly" }, new { zone = "Mars/Base" },
            new { quietHours = new { from = "22:00", to = "22:00", zone = "UTC" } },
            new { quietHours = new { from = "25:00", to = "07:00", zone = "UTC" } },
            new { quietHours = new { from = "22:00", to = "07:00", zone = "Mars/Base" } },
        })
        {
            (await SetAsync(ann.Client, wrong)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }

        (await SetAsync(ann.Client, new { })).Ok();
        Assert.Equal(
            0, await api.Host.ScalarAsync<long>(
                "select count(*) from notification_settings where user_id = $1 and quiet_from is not null", ann.Id));
    }

    [Fact]
    public async Task A_workflow_has_settings_of_its_own_that_a_file_takes_along()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var address = $"{Guid.CreateVersion7():N}@example.com";
        var workflow = (await owner.GetAsync($"workflows/{place.Workflow.Id}")).Ok();
        Assert.Equal(
            """{"onFailure":false,"onSuccess":false,"emails":[]}""",
            workflow.Data.GetProperty("notificationSettings").GetRawText());
        foreach (var emails in new string?[][] { ["x"], ["a@x.org, b@x.org"], Many(21), [null] })
        {
            (await owner.PatchAsync(
                $"workflows/{place.Workflow.Id}", workflow.ETag, new { notificationSettings = new { emails } }))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }

        var changed = (await owner.PatchAsync($"workflows/{place.Workflow.Id}", workflow.ETag, new
        {
            notificationSettings = new { onFailure = true, emails = new[] { address } },
        })).Ok();

        var expected = $$"""{"onFailure":true,"onSuccess":false,"emails":["{{address}}"]}""";
        Assert.Equal(expected, changed.Data.GetProperty("notificationSettings").GetRawText());
        await EndAsync(place.Workflow.Id);
        await api.MailsToAsync(address);
        var file = (await owner.GetAsync($"workflows/{place.Workflow.Id}/export")).Ok().Text;
        var copy = (await owner.PostAsync($"jobs/{place.Job.Id}/import?name=copy", file)).Ok().Data;
        var id = copy.GetProperty("id").GetGuid();
        Assert.Equal(
            expected,
            (await owner.GetAsync($"workflows/{id}")).Ok().Data.GetProperty("notificationSettings").GetRawText());
        (await owner.PostAsync(
            $"jobs/{place.Job.Id}/import?name=bad", file.Replace(address, "nowhere", StringComparison.Ordinal)))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    private static string[] Many(int count) => [.. Enumerable.Range(0, count).Select(number => $"a{number}@x.org")];

    private static Task<Answer> PutAsync(
        ApiClient client, string type, Guid id, string[]? events = null, string[]? channels = null) =>
        client.SendAsync(HttpMethod.Put, "users/me/subscriptions", ApiClient.Json(new
        {
            objectType = type, objectId = id, events = events ?? ["failure"],
            channels = channels ?? ["in_app", "email"],
        }));

    private static Task<Answer> SetAsync(ApiClient client, object settings) =>
        client.SendAsync(HttpMethod.Put, "users/me/notification-settings", ApiClient.Json(settings));

    private static async Task<List<string>> DeliveriesAsync(ApiClient client, string query = "") =>
        [.. (await client.GetAsync($"notifications/deliveries{query}")).Ok().Data.EnumerateArray()
            .Select(row => $"{row.GetProperty("channel")} {row.GetProperty("attempts")} {Error(row)}").Order()];

    private static string? Error(JsonElement row) =>
        row.TryGetProperty("error", out var error) ? error.GetString() : null;

    /// <summary>What a worker's checkpoint leaves of a failed execution, and the rounds of the worker.</summary>
    private async Task EndAsync(Guid workflow)
    {
        var execution = Guid.CreateVersion7();
        await api.Host.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, error, queued_at,
              started_at, finished_at)
            values ($1, $2, $3, 1, 'failed', 'manual', '{}', '{"code": "HTTP_500", "message": "broke", "node": "a"}',
              now(), now(), now())
            """, api.Host.First.TenantId, execution, workflow);
        await api.Host.ExecuteAsync(
            """
            insert into notification_outbox (tenant_id, id, event, workflow_id, execution_id, due_at)
            values ($1, $2, 'failure', $3, $2, now())
            """, api.Host.First.TenantId, execution, workflow);
        await api.Host.ScalarAsync<int>("select tell_listeners(50)");
        await Eventually.TrueAsync(async () =>
        {
            await api.Host.ScalarAsync<int>("select mail_deliveries(50, 'https://flows.example')");
            return await api.Host.ScalarAsync<long>(
                "select count(*) from deliveries where execution_id = $1 and status = 'waiting'", execution) == 0;
        }, cancellationToken: Token);
    }
}
