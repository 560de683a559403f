using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Api.Tests.LanguageModels;
using Workflows.Provider;
using Workflows.Testing;

namespace Workflows.Api.Tests.Conversations;

public sealed class ConversationTests(ModelFixture api) : IClassFixture<ModelFixture>, IAsyncLifetime
{
    private ApiClient _owner = null!;
    private string _model = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _owner = api.Host.Owner();
        _model = (await api.AddModelAsync(_owner)).Data.GetProperty("name").GetString()!;
    }

    public ValueTask DisposeAsync()
    {
        _owner.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_question_is_answered_with_what_was_said_before_and_its_cost_is_shown()
    {
        var chat = await BeginAsync();
        var first = (await _owner.PostAsync($"conversations/{chat}/messages", new { content = "My name is Ada." })).Ok();
        var second = (await _owner.PostAsync($"conversations/{chat}/messages", new { content = "Who am I?" })).Ok();

        Assert.Equal("You said: My name is Ada.", first.Data.GetProperty("content").GetString());
        Assert.Equal((4, "complete", "assistant"), (
            second.Data.GetProperty("number").GetInt32(), second.Data.GetProperty("status").GetString(),
            second.Data.GetProperty("role").GetString()));
        var told = api.Provider.Calls.Last().Body["messages"]!.AsArray().Select(message => message!["role"]!.ToString());
        Assert.Equal(["system", "user", "assistant", "user"], told);
        var conversation = (await _owner.GetAsync($"conversations/{chat}")).Ok().Data;
        Assert.Equal("My name is Ada.", conversation.GetProperty("title").GetString());
        Assert.Equal(
            first.Data.GetProperty("costUsd").GetDecimal() + second.Data.GetProperty("costUsd").GetDecimal(),
            conversation.GetProperty("costUsd").GetDecimal());
        Assert.Equal(4, (await _owner.GetAsync($"conversations/{chat}/messages")).Ok().Data.GetArrayLength());
        var call = (await _owner.GetAsync("models/calls?purpose=chat")).Ok().Data[0];
        Assert.Equal(chat, call.GetProperty("conversationId").GetGuid());
    }

    [Fact]
    public async Task An_answer_comes_in_parts()
    {
        var chat = await BeginAsync();

        var events = await ReadAsync(chat, new { content = "one two" });

        Assert.Equal(["question", "delta", "delta", "delta", "delta", "answer"], events.Select(each => each.Name));
        Assert.Equal("You said: one two", string.Concat(
            events.Where(each => each.Name == "delta").Select(each => each.Data.GetProperty("text").GetString())));
        Assert.Equal("complete", events[^1].Data.GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_last_question_can_be_asked_again()
    {
        var chat = await BeginAsync();
        await _owner.PostAsync($"conversations/{chat}/messages", new { content = "Hello" });
        api.Provider.Next(new ProviderAnswer { Text = "Another answer." });

        var again = (await _owner.PostAsync($"conversations/{chat}/messages", new { regenerate = true })).Ok().Data;

        Assert.Equal((2, "Another answer."), (again.GetProperty("number").GetInt32(), again.GetProperty("content").GetString()));
        Assert.Equal(2, (await _owner.GetAsync($"conversations/{chat}/messages")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task Who_closes_the_connection_stops_the_answer_and_keeps_what_has_come()
    {
        var chat = await BeginAsync();
        api.Provider.Next(new ProviderAnswer { Text = string.Join(' ', Enumerable.Repeat("word", 500)), Delay = TimeSpan.FromMilliseconds(20) });
        using (var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token))
        {
            using var request = Ask(chat, new { content = "Go on" });
            using var response = await _owner.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(leaving.Token);
            var buffer = new byte[4096];
            var read = 0;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            while (!Encoding.UTF8.GetString(buffer, 0, read).Contains("word", StringComparison.Ordinal))
            {
                read += await stream.ReadAsync(buffer.AsMemory(read), leaving.Token);
            }
        }

        JsonElement answer = default;
        await Eventually.TrueAsync(async () =>
        {
            answer = (await _owner.GetAsync($"conversations/{chat}/messages")).Ok().Data[1];
            return answer.GetProperty("status").GetString() == "stopped";
        }, cancellationToken: Token);

        Assert.StartsWith("word", answer.GetProperty("content").GetString(), StringComparison.Ordinal);
        var call = (await _owner.GetAsync("models/calls?purpose=chat")).Ok().Data[0];
        Assert.Equal("cancelled", call.GetProperty("status").GetString());
        Assert.True(call.GetProperty("costUsd").GetDecimal() > 0);
        (await _owner.PostAsync($"conversations/{chat}/messages", new { content = "And now?" })).Ok();
    }

    [Fact]
    public async Task A_conversation_answers_one_question_at_a_time()
    {
        var chat = await BeginAsync();
        api.Provider.Next(new ProviderAnswer { Delay = TimeSpan.FromSeconds(2) });
        var slow = _owner.PostAsync($"conversations/{chat}/messages", new { content = "Slowly" });
        await Eventually.TrueAsync(
            async () => (await _owner.GetAsync($"conversations/{chat}/messages")).Ok().Data.GetArrayLength() == 2,
            cancellationToken: Token);

        (await _owner.PostAsync($"conversations/{chat}/messages", new { content = "Now" }))
            .Fails(HttpStatusCode.Conflict, "CONVERSATION_BUSY");

        (await slow).Ok();
    }

    [Fact]
    public async Task A_failure_of_the_provider_stands_in_the_conversation()
    {
        var chat = await BeginAsync();
        api.Provider.Next(new ProviderAnswer { Status = 400, Text = "No." }, new ProviderAnswer { Status = 400, Text = "No." });

        (await _owner.PostAsync($"conversations/{chat}/messages", new { content = "Hello" }))
            .Fails(HttpStatusCode.UnprocessableEntity, "MODEL_REFUSED");
        var events = await ReadAsync(chat, new { regenerate = true });

        Assert.Equal(["question", "error", "answer"], events.Select(each => each.Name));
        Assert.Equal("MODEL_REFUSED", events[1].Data.GetProperty("code").GetString());
        Assert.Equal("failed", events[2].Data.GetProperty("status").GetString());
        (await _owner.PostAsync($"conversations/{chat}/messages", new { regenerate = true })).Ok();
    }

    [Fact]
    public async Task A_long_conversation_is_told_as_far_as_the_context_has_room()
    {
        var model = (await api.AddModelAsync(_owner, new { contextTokens = 100 })).Data.GetProperty("name").GetString()!;
        var chat = await BeginAsync(model);
        await _owner.PostAsync($"conversations/{chat}/messages", new { content = new string('a', 300) });

        (await _owner.PostAsync($"conversations/{chat}/messages", new { content = new string('b', 120) })).Ok();

        var told = api.Provider.Calls.Last().Body["messages"]!.AsArray();
        Assert.Equal(2, told.Count); // the first question and its answer have no room
        Assert.Equal(new string('b', 120), told[1]!["content"]!.ToString());
    }

    [Fact]
    public async Task Nobody_reads_the_conversations_of_another()
    {
        var chat = await BeginAsync();
        using var other = api.Host.Client(await _owner.LogInNewUserAsync("admin"));

        (await other.GetAsync($"conversations/{chat}")).Fails(HttpStatusCode.NotFound, "CONVERSATION_NOT_FOUND");
        (await other.GetAsync($"conversations/{chat}/messages")).Fails(HttpStatusCode.NotFound, "CONVERSATION_NOT_FOUND");
        (await other.PostAsync($"conversations/{chat}/messages", new { content = "x" }))
            .Fails(HttpStatusCode.NotFound, "CONVERSATION_NOT_FOUND");
        (await other.DeleteAsync($"conversations/{chat}")).Fails(HttpStatusCode.NotFound, "CONVERSATION_NOT_FOUND");
        Assert.Equal(0, (await other.GetAsync("conversations")).Ok().Data.GetArrayLength());
        using var member = api.Host.Client(await _owner.LogInNewUserAsync("member"));
        var own = (await member.PostAsync("conversations", new { model = _model })).Ok(HttpStatusCode.Created).Id;
        (await member.PostAsync($"conversations/{own}/messages", new { content = "Hello" })).Ok();
        Assert.Equal(1, (await member.GetAsync("conversations")).Ok().Data.GetArrayLength());
        using var viewer = api.Host.Client(await _owner.LogInNewUserAsync("viewer"));
        (await viewer.GetAsync("conversations")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task One_finds_ones_own_by_words_and_by_title()
    {
        var chat = await BeginAsync();
        await _owner.PostAsync($"conversations/{chat}/messages", new { content = "Tell me of hippopotamuses." });
        (await _owner.PatchAsync($"conversations/{chat}", (await _owner.GetAsync($"conversations/{chat}")).ETag,
            new { title = "Large 100%_animals" })).Ok();
        using var other = api.Host.Client(await _owner.LogInNewUserAsync("editor"));

        Assert.Equal(chat, (await _owner.GetAsync("conversations?q=hippopotamuses")).Ok().Data[0].GetProperty("id").GetGuid());
        Assert.Equal(chat, (await _owner.GetAsync("conversations?q=100%25_a")).Ok().Data[0].GetProperty("id").GetGuid());
        Assert.Equal(0, (await _owner.GetAsync("conversations?q=100%25%25")).Ok().Data.GetArrayLength());
        Assert.Equal(0, (await other.GetAsync("conversations?q=hippopotamuses")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task An_agent_outside_keeps_its_messages_here()
    {
        var agent = (await _owner.PostAsync(
            "conversations", new { kind = "agent", sessionId = "s-1", metadata = new { channel = "mail" } }))
            .Ok(HttpStatusCode.Created);
        foreach (var (role, content) in new[] { ("user", "Where is my order?"), ("tool", "{\"order\": 7}"), ("assistant", "On its way.") })
        {
            (await _owner.PostAsync($"conversations/{agent.Id}/entries", new { role, content, metadata = new { x = 1 } }))
                .Ok(HttpStatusCode.Created);
        }

        Assert.Equal(
            [1, 2, 3], (await _owner.GetAsync($"conversations/{agent.Id}/messages")).Ok().Data.EnumerateArray()
                .Select(message => message.GetProperty("number").GetInt32()));
        Assert.Equal(agent.Id, (await _owner.GetAsync("conversations?session=s-1")).Ok().Data[0].GetProperty("id").GetGuid());
        (await _owner.PostAsync($"conversations/{agent.Id}/messages", new { content = "x" }))
            .Fails(HttpStatusCode.NotFound, "CONVERSATION_NOT_FOUND");
        (await _owner.PostAsync($"conversations/{agent.Id}/entries", new { role = "god", content = "x" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var chat = await BeginAsync();
        (await _owner.PostAsync($"conversations/{chat}/entries", new { role = "assistant", content = "I am you." }))
            .Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Fact]
    public async Task Conversations_are_kept_as_long_as_the_tenant_says()
    {
        var tenant = (await _owner.GetAsync("tenant")).Ok();
        var name = tenant.Data.GetProperty("name").GetString();
        var before = await BeginAsync();

        var changed = (await _owner.PatchAsync("tenant", tenant.ETag, new { name, conversationDays = 7 })).Ok();
        var after = await BeginAsync();

        Assert.InRange((await ExpiryAsync(before)).TotalDays, 89.9, 90.1);
        Assert.InRange((await ExpiryAsync(after)).TotalDays, 6.9, 7.1);
        (await _owner.PatchAsync("tenant", changed.ETag, new { name, conversationDays = 0 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await _owner.PatchAsync("tenant", changed.ETag, new { name, conversationDays = 90 })).Ok();
    }

    private async Task<TimeSpan> ExpiryAsync(Guid chat) =>
        (await _owner.GetAsync($"conversations/{chat}")).Ok().Data.GetProperty("expiresAt").GetDateTimeOffset()
            - TimeProvider.System.GetUtcNow();

    private async Task<Guid> BeginAsync(string? model = null) => (await _owner.PostAsync(
        "conversations", new { model = model ?? _model })).Ok(HttpStatusCode.Created).Id;

    private HttpRequestMessage Ask(Guid chat, object body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/conversations/{chat}/messages/stream");
        request.Content = ApiClient.Json(body);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", api.Host.First.ApiKey);
        return request;
    }

    private async Task<List<(string Name, JsonElement Data)>> ReadAsync(Guid chat, object body)
    {
        using var request = Ask(chat, body);
        using var response = await _owner.Http.SendAsync(request, Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync(Token);
        return
        [
            .. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(each => each.Split('\n'))
                .Select(lines => (lines[0]["event: ".Length..], JsonElement.Parse(lines[1]["data: ".Length..]))),
        ];
    }
}
