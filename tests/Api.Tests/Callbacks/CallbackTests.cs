using System.Globalization;
using System.Net;
using System.Security.Cryptography;
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
    [InlineData("application/octet-stream", "hello", "\"aGVsbG8=\"")]
    public async Task A_body_is_kept_as_json_form_text_or_base64(string? type, string body, string kept)
    {
        var (token, execution) = await OpenAsync();
        using var anybody = api.Host.Client();
        var content = type is null ? null : new StringContent(body, Encoding.UTF8, type);

        (await anybody.SendAsync(HttpMethod.Post, $"callbacks/{token}", content)).Ok(HttpStatusCode.Accepted);

        Assert.Equal(kept, JsonSerializer.Serialize(JsonElement.Parse(
            await api.Host.ScalarAsync<string>("select (payload -> 'body')::text from waits where execution_id = $1", execution))));
        Assert.Equal(type ?? "", await api.Host.ScalarAsync<string>("select coalesce(payload ->> 'contentType', '') from waits where execution_id = $1", execution));
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

    [Fact]
    public async Task A_signed_address_takes_a_valid_signature_alone_and_others_do_not_use_it_up()
    {
        var workflow = await SignedWorkflowAsync("standard");
        var (token, execution) = await OpenSignedAsync(workflow);
        using var anybody = api.Host.Client();
        var now = TimeProvider.System.GetUtcNow();

        (await SendAsync(anybody, token, "{}", [])).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, token, "{}", Standard("[]"))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, token, "{}", Standard("{}", secret: "wrong"))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, token, "{}", Standard("{}", at: now.AddSeconds(-120)))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, token, "{}", Standard("{}", at: now.AddSeconds(120)))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, token, "{", Standard("{"))).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        Assert.Equal("open", await api.Host.ScalarAsync<string>("select status from waits where execution_id = $1", execution));
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => SendAsync(anybody, token, "{}", Standard("{}"))));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Accepted);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Accepted), answer => answer.Fails(HttpStatusCode.Gone, "CALLBACK_GONE"));
        Assert.Equal("resolved", await api.Host.ScalarAsync<string>("select status from waits where execution_id = $1", execution));
    }

    [Fact]
    public async Task A_delivery_that_one_address_took_is_refused_by_the_others_and_leaves_them_good()
    {
        var workflow = await SignedWorkflowAsync("standard");
        var open = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => OpenSignedAsync(workflow)));
        using var anybody = api.Host.Client();
        var headers = Standard("{}");

        var answers = await Task.WhenAll(open.Select(wait => SendAsync(anybody, wait.Token, "{}", headers)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Accepted);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Accepted), answer => answer.Fails(HttpStatusCode.Conflict, "WEBHOOK_REPLAYED"));
        Assert.Equal(4, await api.Host.ScalarAsync<long>("select count(*) from waits w join executions e on e.id = w.execution_id where e.workflow_id = $1 and w.status = 'open'", workflow));
        var left = open.Zip(answers).First(pair => pair.Second.Status != HttpStatusCode.Accepted).First;
        (await SendAsync(anybody, left.Token, "{}", Standard("{}"))).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task With_github_two_addresses_may_be_called_with_the_same_body()
    {
        var workflow = await SignedWorkflowAsync("github");
        var (first, second) = (await OpenSignedAsync(workflow), await OpenSignedAsync(workflow));
        using var anybody = api.Host.Client();
        (string, string)[] hub = [("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(Hmac("{}")))];

        (await SendAsync(anybody, first.Token, "{}", Standard("{}"))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, first.Token, "{}", hub)).Ok(HttpStatusCode.Accepted);
        (await SendAsync(anybody, second.Token, "{}", hub)).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Without_its_secret_its_version_or_its_wait_no_signature_is_valid()
    {
        var workflow = await SignedWorkflowAsync("standard", secret: "NOT_THERE");
        var (token, _) = await OpenSignedAsync(workflow);
        var (unsigned, execution) = await OpenAsync(); // of a workflow that does not exist
        using var anybody = api.Host.Client();

        (await SendAsync(anybody, token, "{}", Standard("{}", secret: ""))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, SignedTokenOf(execution), "{}", Standard("{}"))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, SignedTokenOf(Guid.CreateVersion7()), "{}", Standard("{}"))).Fails(HttpStatusCode.Unauthorized, "WEBHOOK_SIGNATURE");
        (await SendAsync(anybody, unsigned, "{}", [])).Ok(HttpStatusCode.Accepted);
    }

    private const string Secret = "correct horse battery staple";

    private async Task<Guid> SignedWorkflowAsync(string scheme, string secret = "CALLBACK_KEY")
    {
        using var owner = api.Host.Owner();
        await owner.PostAsync("secrets", new { name = "CALLBACK_KEY", value = Secret });
        var workflow = await owner.CreatePublishedAsync();
        await api.Host.ExecuteAsync(
            """
            insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at)
            select w.tenant_id, w.id, 77, $2::jsonb, 'update', now() from workflows w where w.id = $1
            """, workflow,
            $$"""{"schema": 1, "nodes": [{"id": "back", "type": "waitForWebhook", "parameters": {"signature": "{{scheme}}", "secret": "{{secret}}", "toleranceSeconds": 60} }], "edges": []}""");
        return workflow;
    }

    private async Task<(string Token, Guid Execution)> OpenSignedAsync(Guid workflow)
    {
        var (_, execution) = await OpenAsync();
        await api.Host.ExecuteAsync("update executions set workflow_id = $2, version = 77 where id = $1", execution, workflow);
        return (SignedTokenOf(execution), execution);
    }

    private string SignedTokenOf(Guid execution) => api.Host.Services.GetRequiredService<Keys>().Callbacks.Create(
        new CallbackTarget(api.Host.First.TenantId, execution, "back", "", "POST", IsSigned: true));

    private static Task<Answer> SendAsync(ApiClient client, string token, string body, (string, string)[] headers) =>
        client.SendAsync(HttpMethod.Post, $"callbacks/{token}", new StringContent(body, Encoding.UTF8, "application/json"), headers);

    private static (string Name, string Value)[] Standard(string body, string secret = Secret, DateTimeOffset? at = null)
    {
        var id = $"msg_{Guid.CreateVersion7():N}";
        var time = (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeSeconds();
        return
        [
            ("webhook-id", id),
            ("webhook-timestamp", time.ToString(CultureInfo.InvariantCulture)),
            ("webhook-signature", $"v1,{Convert.ToBase64String(Hmac($"{id}.{time}.{body}", secret))}"),
        ];
    }

    private static byte[] Hmac(string content, string secret = Secret) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(content));

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
