using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;
using Workflows.Engine.Executions;

namespace Workflows.Api.Tests.Callbacks;

/// <summary>One-time addresses as outside callers use them: without credentials, within limits, once.</summary>
public sealed class CallbackTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_call_answers_the_wait_with_what_it_bears_and_without_what_authenticates()
    {
        var (token, execution) = await OpenAsync();
        using var anybody = api.Host.Client();

        (await anybody.PostAsync($"callbacks/{token}?a=1&a=2&b=%00", new { paid = true }, ("Cookie", "c=1"), ("Authorization", "Basic eA=="), ("X-Api-Key", "k"), ("X-Request-Id", "r1")))
            .Ok(HttpStatusCode.Accepted);

        var call = JsonElement.Parse(await api.Host.ScalarAsync<string>("select payload::text from waits where execution_id = $1", execution));
        Assert.Equal("POST", call.GetProperty("method").GetString());
        Assert.True(call.GetProperty("body").GetProperty("paid").GetBoolean());
        Assert.Equal("""{"a":["1","2"],"b":"\uFFFD"}""", JsonSerializer.Serialize(call.GetProperty("query")), ignoreCase: true);
        Assert.Equal(["content-type", "x-request-id"], call.GetProperty("headers").EnumerateObject().Select(header => header.Name).Order());
        Assert.Equal("queued", await api.Host.ScalarAsync<string>("select status from executions where id = $1", execution));
        (await anybody.PostAsync($"callbacks/{token}", new { paid = false })).Fails(HttpStatusCode.Gone, "CALLBACK_GONE");
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "a=1&b=x+y&a=2", """{"a":["1","2"],"b":"x y"}""")]
    [InlineData("text/plain", "hello", "\"hello\"")]
    [InlineData("application/json", "[1]", "[1]")]
    [InlineData(null, "", "null")]
    public async Task A_body_is_kept_as_json_form_or_text(string? type, string body, string kept)
    {
        var (token, execution) = await OpenAsync();
        using var anybody = api.Host.Client();
        var content = type is null ? null : new StringContent(body, Encoding.UTF8, type);

        (await anybody.SendAsync(HttpMethod.Post, $"callbacks/{token}", content)).Ok(HttpStatusCode.Accepted);

        Assert.Equal(kept, JsonSerializer.Serialize(JsonElement.Parse(
            await api.Host.ScalarAsync<string>("select (payload -> 'body')::text from waits where execution_id = $1", execution))));
    }

    [Fact]
    public async Task What_cannot_be_kept_is_refused_and_the_address_stays_good()
    {
        var (token, execution) = await OpenAsync();
        using var anybody = api.Host.Client();
        Task<Answer> Send(byte[] body, string type) => anybody.SendAsync(
            HttpMethod.Post, $"callbacks/{token}", new ByteArrayContent(body) { Headers = { { "Content-Type", type } } });

        (await Send("{"u8.ToArray(), "application/json")).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await Send("\"\\u0000\""u8.ToArray(), "application/json")).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await Send([1, 2], "application/octet-stream")).Fails(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
        (await Send([0xC3, 0x28], "text/plain")).Fails(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
        (await Send(new byte[Limits.CallbackBytes + 1], "text/plain")).Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        var wrong = (await anybody.GetAsync($"callbacks/{token}")).Fails(HttpStatusCode.MethodNotAllowed, "METHOD_NOT_ALLOWED");

        Assert.Equal("POST", wrong.ContentHeaders.Allow.Single());
        Assert.Equal("open", await api.Host.ScalarAsync<string>("select status from waits where execution_id = $1", execution));
    }

    [Fact]
    public async Task A_token_that_nobody_gave_out_opens_nothing()
    {
        var (token, _) = await OpenAsync();
        using var anybody = api.Host.Client();
        var forged = new CallbackTokens("another secret, not that of this platform").Create(new CallbackTarget(api.Host.First.TenantId, Guid.CreateVersion7(), "back", "", null));

        foreach (var wrong in new[] { "x", forged, token[..^2] + (token[^2] == 'A' ? "BA" : "AA"), new string('A', 3_000) })
        {
            (await anybody.PostAsync($"callbacks/{wrong}", new { })).Fails(HttpStatusCode.NotFound, "CALLBACK_NOT_FOUND");
        }
    }

    [Fact]
    public async Task A_call_before_the_wait_is_open_is_accepted_once_and_one_after_the_end_is_too_late()
    {
        var execution = await AddExecutionAsync();
        var token = TokenOf(execution);
        using var anybody = api.Host.Client();

        (await anybody.PostAsync($"callbacks/{token}", new { })).Ok(HttpStatusCode.Accepted);
        (await anybody.PostAsync($"callbacks/{token}", new { })).Fails(HttpStatusCode.Gone, "CALLBACK_GONE");
        (await anybody.PostAsync($"callbacks/{TokenOf(Guid.CreateVersion7())}", new { })).Fails(HttpStatusCode.Gone, "CALLBACK_GONE");

        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from callback_calls where execution_id = $1", execution));
    }

    private async Task<(string Token, Guid Execution)> OpenAsync()
    {
        var execution = await AddExecutionAsync();
        await api.Host.ExecuteAsync(
            "insert into waits (tenant_id, execution_id, node_id, attempt, kind, created_at) values ($1, $2, 'back', 1, 'webhook', now())", api.Host.First.TenantId, execution);
        return (TokenOf(execution), execution);
    }

    private async Task<Guid> AddExecutionAsync()
    {
        var execution = Guid.CreateVersion7();
        await api.Host.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, queued_at)
            values ($1, $2, $2, 1, 'waiting', 'manual', '{}', now())
            """, api.Host.First.TenantId, execution);
        return execution;
    }

    private string TokenOf(Guid execution) => api.Host.Services.GetRequiredService<Keys>().Callbacks.Create(
        new CallbackTarget(api.Host.First.TenantId, execution, "back", "", "POST"));
}
