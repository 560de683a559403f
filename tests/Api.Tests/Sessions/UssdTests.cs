using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Sessions;

/// <summary>The gateway's side of a dialogue. The worker's part is written into the database by the tests.</summary>
public sealed class UssdTests(UssdFixture api) : IClassFixture<UssdFixture>
{
    private static readonly object Definition = Serving("*123#");

    private static object Serving(string serviceCode) => new
    {
        schema = 1,
        triggers = new[] { new { id = "ussd", type = "session", serviceCode } },
        nodes = new[] { new { id = "ask", type = "sessionReply", parameters = new { message = "Menu" } } },
        edges = Array.Empty<object>(),
    };

    [Fact]
    public async Task The_first_message_starts_an_execution_and_each_reply_comes_back_as_text()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(Definition);

        var first = SendAsync(owner, "dialogue-1", "");
        var execution = await ExecutionOfAsync("dialogue-1");
        await OpenWaitAsync(execution, "dialogue-1", """{"message": "Menu", "continue": true}""");
        Assert.Equal((HttpStatusCode.OK, "CON Menu"), await first);

        var second = SendAsync(owner, "dialogue-1", "1*25");
        await Eventually.TrueAsync(() =>
            api.Host.ScalarAsync<bool>(
            "select exists (select from waits where execution_id = $1 and status = 'resolved')", execution),
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("""{"text": "1*25", "input": "25"}""",
            await api.Host.ScalarAsync<string>("select payload::text from waits where execution_id = $1", execution));
        await api.Host.ExecuteAsync("delete from waits where execution_id = $1", execution);
        await api.Host.ExecuteAsync(
            """
            insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status,
              port, output, started_at, finished_at)
            select tenant_id, id, 'end', 1, 9, 'sessionReply', 'completed', 'main', '{"message": "Bye", "continue":
              false}', now(), now() from executions where id = $1
            """, execution);
        Assert.Equal((HttpStatusCode.OK, "END Bye"), await second);

        var again = SendAsync(owner, "dialogue-1", "");
        await Eventually.TrueAsync(() =>
            api.Host.ScalarAsync<bool>("select count(*) = 2 from executions where session_id = 'dialogue-1'"),
            cancellationToken: TestContext.Current.CancellationToken);
        // Nobody works in this test, and the time is over.
        Assert.StartsWith("END ", (await again).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_of_any_channel_is_answered_in_JSON()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(Serving("support"));
        object Message(string text) => new
        {
            sessionId = "chat-1", service = "support", text, sender = "ana", data = new { page = "/cart" },
        };

        var first = owner.PostAsync("conversational-sessions/chat", Message("hello"));
        var execution = await ExecutionOfAsync("chat-1");
        await OpenWaitAsync(execution, "chat-1", """{"message": "How can I help?", "continue": true}""");

        var reply = (await first).Ok().Data;
        Assert.Equal(
            ("How can I help?", true, "answered", execution),
            (reply.GetProperty("message").GetString(), reply.GetProperty("continue").GetBoolean(),
                reply.GetProperty("outcome").GetString(), reply.GetProperty("executionId").GetGuid()));
        var input = JsonElement.Parse(await api.Host.ScalarAsync<string>(
            "select input::text from executions where id = $1", execution));
        Assert.Equal(
            ("chat", "hello", "/cart", "ana"),
            (input.GetProperty("channel").GetString(), input.GetProperty("text").GetString(),
                input.GetProperty("data").GetProperty("page").GetString(), input.GetProperty("msisdn").GetString()));
        var session = (await owner.GetAsync("conversational-sessions/chat-1")).Ok().Data;
        Assert.Equal(("chat", true),
            (session.GetProperty("type").GetString(), session.GetProperty("isActive").GetBoolean()));
        var (created, used) = (
            session.GetProperty("createdAt").GetDateTimeOffset(),
                session.GetProperty("lastActivityAt").GetDateTimeOffset());
        Assert.InRange(created, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.True(used >= created);

        var second = (await owner.PostAsync("conversational-sessions/chat", Message("my order"))).Ok().Data;
        Assert.Equal("timeout", second.GetProperty("outcome").GetString()); // nobody works in this test
        var payload = JsonElement.Parse(await api.Host.ScalarAsync<string>(
            "select payload::text from waits where execution_id = $1", execution));
        Assert.Equal("my order", payload.GetProperty("text").GetString());
        Assert.Equal("/cart", payload.GetProperty("data").GetProperty("page").GetString());
    }

    [Theory]
    [InlineData("Chat", """{"sessionId": "s", "service": "x", "text": ""}""", "/channel")]
    [InlineData("chat", """{"sessionId": "", "service": "x", "text": ""}""", "/sessionId")]
    [InlineData("chat", """{"sessionId": "s", "service": "", "text": ""}""", "/service")]
    [InlineData("chat", """{"sessionId": "s", "service": "x", "text": "", "data": 5}""", "/data")]
    public async Task A_message_that_cannot_be_used_is_refused_by_its_place(string channel, string body, string place)
    {
        using var owner = api.Host.Owner();

        var refused = (await owner.PostAsync($"conversational-sessions/{channel}", body))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Equal(
            place, refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task A_message_that_no_workflow_serves_is_told()
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync(
            "conversational-sessions/chat", new { sessionId = "nobody", service = "unserved", text = "hi" }))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
    }

    [Fact]
    public async Task Limits_and_priority_of_the_definition_hold_for_dialogues()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(new
        {
            schema = 1,
            triggers = new[] { new { id = "ussd", type = "session", serviceCode = "*77#" } },
            settings = new
            {
                priority = "high", overlapPolicy = "skip", concurrency = new
                {
                    limit = 1,
                    key = "input.serviceCode"
                }
            },
            nodes = new[] { new { id = "ask", type = "sessionReply", parameters = new { message = "Menu" } } },
            edges = Array.Empty<object>(),
        });

        Assert.Equal((HttpStatusCode.OK, "END Too slow."), await SendAsync(owner, "limited-1", "", "*77#"));
        Assert.Equal("1 *77# 1 limited-1", await api.Host.ScalarAsync<string>(
            "select concat_ws(' ', priority, concurrency_key, concurrency_limit, session_id) from executions "
                + "where correlation_id = 'limited-1'"));
        var (status, text) = await SendAsync(owner, "limited-2", "", "*77#");
        Assert.Equal((HttpStatusCode.OK, "END The service is busy. Please try again later."), (status, text));
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from executions where correlation_id = 'limited-2'"));
    }

    [Fact]
    public async Task Without_an_answer_in_time_the_configured_text_ends_the_message()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(Definition);

        Assert.Equal((HttpStatusCode.OK, "END Too slow."), await SendAsync(owner, "slow", ""));
    }

    [Fact]
    public async Task Two_deliveries_of_the_first_message_start_one_execution()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(Definition);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => SendAsync(owner, "twice", "")));

        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from executions where session_id = 'twice'"));
        Assert.Equal(
            """{"text": "", "input": "", "msisdn": "+254700000001", "sessionId": "twice", "serviceCode": "*123#"}""",
            await api.Host.ScalarAsync<string>("select input::text from executions where session_id = 'twice'"));
    }

    [Fact]
    public async Task A_form_is_understood_and_fields_of_the_gateways_own_are_ignored()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(Definition);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["sessionId"] = "form", ["phoneNumber"] = "+254700000002", ["text"] = "", ["serviceCode"] = "*123#",
            ["networkCode"] = "63902",
        });

        Assert.Equal("END Too slow.", (await owner.SendAsync(HttpMethod.Post, "sessions/ussd", form)).Text);
        Assert.Equal("+254700000002",
            await api.Host.ScalarAsync<string>("select input ->> 'msisdn' from executions where session_id = 'form'"));
    }

    [Fact]
    public async Task What_is_missing_or_unknown_is_said()
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync("sessions/ussd", new { text = "" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("sessions/ussd", new { sessionId = "x", serviceCode = "*999#", text = "" }))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
    }

    [Fact]
    public async Task A_tenants_sessions_are_its_own()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(Definition);
        await SendAsync(owner, "mine", "");
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("ussd-stranger")).ApiKey);

        (await stranger.PostAsync("sessions/ussd", new { sessionId = "mine", serviceCode = "*123#", text = "1" }))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        Assert.Equal("+254700000001",
            (await owner.GetAsync("conversational-sessions/mine")).Ok().Data.GetProperty("msisdn").GetString());
        (await stranger.GetAsync("conversational-sessions/mine")).Fails(HttpStatusCode.NotFound, "SESSION_NOT_FOUND");
        (await owner.DeleteAsync("conversational-sessions/mine")).Ok();
        (await owner.GetAsync("conversational-sessions/mine")).Fails(HttpStatusCode.NotFound, "SESSION_NOT_FOUND");
    }

    private static async Task<(HttpStatusCode Status, string Text)> SendAsync(
        ApiClient client, string session, string text, string serviceCode = "*123#")
    {
        var answer = await client.PostAsync("sessions/ussd", new
        {
            sessionId = session, msisdn = "+254700000001",
            text, serviceCode
        });
        return (answer.Status, answer.Text);
    }

    private async Task<Guid> ExecutionOfAsync(string session)
    {
        await Eventually.TrueAsync(() =>
            api.Host.ScalarAsync<bool>("select exists (select from executions where session_id = $1)", session));
        return await api.Host.ScalarAsync<Guid>(
            "select id from executions where session_id = $1 order by id desc limit 1", session);
    }

    private async Task OpenWaitAsync(Guid execution, string session, string request)
    {
        using var valid = JsonDocument.Parse(request);
        await api.Host.ExecuteAsync(
            """
            insert into waits (tenant_id, execution_id, node_id, attempt, kind, correlation_key, request, created_at)
            select tenant_id, id, 'ask', 1, 'session', $2, $3::jsonb, now() from executions where id = $1
            """, execution, session, request);
    }
}

public sealed class UssdFixture(PostgresServer postgres, RedisServer redis) : ApiFixture(postgres, redis)
{
    protected override Dictionary<string,
        string?> Settings => new() { ["Ussd:ReplySeconds"] = "1.5", ["Ussd:TimeoutText"] = "Too slow." };
}
