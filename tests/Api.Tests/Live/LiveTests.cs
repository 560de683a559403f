using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Live;
using Workflows.Api.Tests.Host;
using Workflows.Data.Live;

namespace Workflows.Api.Tests.Live;

/// <summary>Looking on over WebSockets and server-sent events.</summary>
public sealed class LiveTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Uri Address => api.Host.BaseAddress;

    private string Key => api.Host.First.ApiKey;

    [Fact]
    public async Task What_one_instance_changes_is_heard_at_another()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        await using var twin = await api.Host.StartTwinAsync(api.Redis);
        await using var activity = await LiveClient.SubscribeAsync(twin.BaseAddress, Key, "activity");
        await using var one = await LiveClient.SubscribeAsync(twin.BaseAddress, Key, $"workflow:{workflow.Id}");

        (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();

        var heard = await activity.NextAsync("workflow.publish");
        Assert.Equal(workflow.Id, heard.GetProperty("data").GetProperty("objectId").GetGuid());
        Assert.Equal("activity", heard.GetProperty("topic").GetString());
        Assert.True(LiveId.TryParse(heard.GetProperty("id").GetString(), out _));
        Assert.Equal(
            $"workflow:{workflow.Id}", (await one.NextAsync("workflow.publish")).GetProperty("topic").GetString());
    }

    [Fact]
    public async Task Who_reconnects_to_another_instance_misses_nothing()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        var topic = $"workflow:{workflow.Id}";
        string last;
        await using (var before = await LiveClient.SubscribeAsync(Address, Key, topic))
        {
            (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();
            last = (await before.NextAsync("workflow.publish")).GetProperty("id").GetString()!;
        }

        for (var change = 0; change < 5; change++)
        {
            (await owner.PatchAsync($"workflows/{workflow.Id}", "*", new { description = $"{change}" })).Ok();
        }

        await using var twin = await api.Host.StartTwinAsync(api.Redis);
        await using var after = await LiveClient.SubscribeAsync(twin.BaseAddress, Key, topic, last);
        var ids = new List<LiveId>();
        for (var change = 0; change < 5; change++)
        {
            Assert.True(LiveId.TryParse(
                (await after.NextAsync("workflow.update")).GetProperty("id").GetString(), out var id));
            ids.Add(id);
        }

        Assert.Equal(ids.Order(), ids);
        Assert.Equal(5, ids.Distinct().Count());
        (await owner.PatchAsync($"workflows/{workflow.Id}", "*", new { description = "now" })).Ok();
        Assert.DoesNotContain(
            (await after.NextAsync("workflow.update")).GetProperty("id").GetString(), ids.Select(id => id.ToString()));
    }

    [Fact]
    public async Task Many_changes_come_in_their_order_and_each_once()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        var publisher = api.Host.Services.GetRequiredService<LivePublisher>();
        var topic = $"workflow:{workflow.Id}";
        await using var client = await LiveClient.SubscribeAsync(Address, Key, topic);
        for (var number = 0; number < 500; number++)
        {
            var told = number;
            publisher.Publish(
                api.Host.First.TenantId,
                [LiveMessage.Of(topic, "counted", DateTimeOffset.UtcNow, data => data.WriteNumber("n"u8, told))]);
        }

        for (var number = 0; number < 500; number++)
        {
            var heard = await client.NextAsync("counted");
            Assert.Equal(number, heard.GetProperty("data").GetProperty("n").GetInt32());
        }
    }

    [Fact]
    public async Task Announcements_of_the_tenant_and_of_the_platform_are_heard_by_everybody()
    {
        using var owner = api.Host.Owner();
        using var platform = await api.Host.OperatorAsync();
        var person = await api.Host.AddPersonAsync("member");
        await using var client = await LiveClient.SubscribeAsync(Address, person.Token, "system");

        var ours = (await owner.PostAsync("announcements", new { title = "Ours" })).Ok(HttpStatusCode.Created).Id;
        var heard = await client.NextAsync("announcement.create");
        Assert.Equal(ours, heard.GetProperty("data").GetProperty("id").GetGuid());
        var theirs = (await platform.PostAsync("announcements", new { title = "All" })).Ok(HttpStatusCode.Created).Id;
        heard = await client.NextAsync("announcement.create");
        Assert.Equal(theirs, heard.GetProperty("data").GetProperty("id").GetGuid());
        Assert.Equal("system", heard.GetProperty("topic").GetString());
    }

    [Fact]
    public async Task Who_was_away_for_too_long_is_told_to_read_anew()
    {
        await using var client = await LiveClient.SubscribeAsync(Address, Key, "activity", "1000-0");

        Assert.Equal("activity", (await client.NextAsync("reset")).GetProperty("topic").GetString());
    }

    [Theory]
    [InlineData("""{"op":"subscribe","topic":"activity"}""", 1007, "INVALID_JSON")]
    [InlineData("""{"op":"auth","token":"wf_wrong"}""", 4401, "UNAUTHENTICATED")]
    [InlineData("hello", 1007, "INVALID_JSON")]
    [InlineData("null", 1007, "INVALID_JSON")]
    [InlineData("""{"op":5}""", 1007, "INVALID_JSON")]
    public async Task Who_does_not_say_who_it_is_is_shown_nothing(string first, int status, string code)
    {
        await using var client = await LiveClient.ConnectAsync(Address);
        await client.SendTextAsync(first);

        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(status, client.CloseStatus);
        Assert.StartsWith(code, client.CloseReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_says_nothing_is_closed()
    {
        await using var client = await LiveClient.ConnectAsync(Address);

        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(4401, client.CloseStatus);
    }

    [Fact]
    public async Task Pages_of_other_origins_may_not_connect()
    {
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(
            () => LiveClient.ConnectAsync(Address, "https://elsewhere.example"));
        await using var own = await LiveClient.ConnectAsync(Address, $"http://{Address.Authority}");
    }

    [Fact]
    public async Task What_is_of_another_tenant_or_was_not_granted_is_not_there()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        var other = await api.Host.CreateTenantAsync("live-other");
        await ExpectRefusalAsync(other.ApiKey, $"workflow:{workflow.Id}", "WORKFLOW_NOT_FOUND");
        await ExpectRefusalAsync(other.ApiKey, $"collaboration:{workflow.Id}", "WORKFLOW_NOT_FOUND");
        await ExpectRefusalAsync(other.ApiKey, $"execution:{Guid.CreateVersion7()}", "EXECUTION_NOT_FOUND");
        await ExpectRefusalAsync(Key, "user", "FORBIDDEN");
        await ExpectRefusalAsync(Key, "workflow:x", "INVALID_PARAMETER");
        await ExpectRefusalAsync(Key, $"workflow:{workflow.Id.ToString().ToUpperInvariant()}", "INVALID_PARAMETER");

        var person = await api.Host.AddPersonAsync("member");
        await ExpectRefusalAsync(person.Token, $"workflow:{workflow.Id}", "WORKFLOW_NOT_FOUND");
        await ExpectRefusalAsync(person.Token, "executions", "FORBIDDEN");
        await ExpectRefusalAsync(person.Token, "activity", "FORBIDDEN");
    }

    [Fact]
    public async Task What_was_granted_is_seen_until_it_ends()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        var person = await api.Host.AddPersonAsync("member");
        var grant = (await owner.SendAsync(
            HttpMethod.Put, $"workflows/{workflow.Id}/permissions",
            ApiClient.Json(new { userId = person.Id, level = "view" }))).Ok();
        await using var client = await LiveClient.SubscribeAsync(Address, person.Token, $"workflow:{workflow.Id}");
        (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();
        await client.NextAsync("workflow.publish");

        (await owner.DeleteAsync($"workflows/{workflow.Id}/permissions/{grant.Id}")).Ok();
        await api.Host.Services.GetRequiredService<LiveHub>().CheckAsync(Token);

        Assert.Equal("WORKFLOW_NOT_FOUND", LiveClient.Text(await client.NextAsync("unsubscribed"), "code"));
    }

    [Fact]
    public async Task A_session_that_is_revoked_ends_its_connections()
    {
        var person = await api.Host.AddPersonAsync("viewer");
        await using var client = await LiveClient.SubscribeAsync(Address, person.Token, "user");
        (await person.Client.PostAsync("auth/logout")).Ok();
        await api.Host.Services.GetRequiredService<LiveHub>().CheckAsync(Token);

        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(4401, client.CloseStatus);
    }

    [Fact]
    public async Task Notifications_are_heard_by_their_user_alone_and_missed_ones_are_told_later()
    {
        var (one, other) = (await api.Host.AddPersonAsync("viewer"), await api.Host.AddPersonAsync("viewer"));
        await using var hears = await LiveClient.SubscribeAsync(Address, one.Token, "user");
        await using var hearsNot = await LiveClient.SubscribeAsync(Address, other.Token, "user");

        var first = await api.Host.AddNotificationAsync(one.Id, "Something");
        Assert.Equal(first.ToString(), (await hears.NextAsync("notification.created")).GetProperty("id").GetString());
        var second = await api.Host.AddNotificationAsync(one.Id, "Something");
        var ofOther = await api.Host.AddNotificationAsync(other.Id, "Something");
        Assert.Equal(
            ofOther.ToString(), (await hearsNot.NextAsync("notification.created")).GetProperty("id").GetString());

        await using var again = await LiveClient.SubscribeAsync(Address, one.Token, "user", first.ToString());
        Assert.Equal(second.ToString(), (await again.NextAsync("notification.created")).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Who_is_at_a_workflow_is_seen_by_the_others()
    {
        using var owner = api.Host.Owner();
        var topic = $"collaboration:{(await owner.CreateWorkflowAsync()).Id}";
        var person = await api.Host.AddPersonAsync("editor");
        await using var first = await LiveClient.SubscribeAsync(Address, Key, topic);
        await using (var second = await LiveClient.SubscribeAsync(Address, person.Token, topic))
        {
            while ((await first.NextAsync("presence.joined")).GetProperty("data").GetProperty("actorId").GetGuid()
                != person.Id)
            {
                // its own coming is told, too
            }

            await second.SendAsync(new { op = "presence", topic, data = new { node = "a" } });
            var shown = await first.NextAsync("presence.changed");
            Assert.Equal("a", shown.GetProperty("data").GetProperty("state").GetProperty("node").GetString());
        }

        var left = await first.NextAsync("presence.left");
        Assert.Equal(person.Id, left.GetProperty("data").GetProperty("actorId").GetGuid());
    }

    [Fact]
    public async Task Server_sent_events_carry_the_same()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        using var client = api.Host.Client(Key);
        using var response = await client.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, $"/api/v1/stream?topics=workflow:{workflow.Id}")
            {
                Headers = { { "X-Api-Key", Key } },
            },
            HttpCompletionOption.ResponseHeadersRead,
            Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.ToString());
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.StartsWith("data: {\"op\":\"subscribed\"", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();

        Assert.Equal("", await reader.ReadLineAsync(Token));
        Assert.StartsWith("id: ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        Assert.Contains("workflow.publish", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stream", HttpStatusCode.BadRequest, "INVALID_PARAMETER")]
    [InlineData("stream?topics=nothing", HttpStatusCode.BadRequest, "INVALID_PARAMETER")]
    [InlineData("stream?topics=activity,user", HttpStatusCode.Forbidden, "FORBIDDEN")]
    [InlineData("ws", HttpStatusCode.BadRequest, "BAD_REQUEST")]
    public async Task What_cannot_be_looked_on_at_is_refused(string path, HttpStatusCode status, string code)
    {
        using var owner = api.Host.Owner();

        (await owner.GetAsync(path)).Fails(status, code);
    }

    private async Task ExpectRefusalAsync(string token, string topic, string code)
    {
        await using var client = await LiveClient.ConnectAsync(Address);
        await client.SendAsync(new { op = "auth", token });
        await client.SendAsync(new { op = "subscribe", topic });
        Assert.Equal(code, LiveClient.Text(await client.NextAsync("error"), "code"));
    }
}
