using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>What clients get wrong: a clear code, nothing stored, never a 500.</summary>
public sealed class BadInputTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("", "INVALID_JSON")]
    [InlineData("{", "INVALID_JSON")]
    [InlineData("{\"name\":\"a\"} x", "INVALID_JSON")]
    [InlineData("{'name':'a'}", "INVALID_JSON")]
    [InlineData("{\"name\":\"a\\u0000b\"}", "INVALID_JSON")]
    [InlineData("{\"name\":\"a\\ud800\"}", "INVALID_JSON")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", "INVALID_JSON")]
    [InlineData("{\"description\":\"a\",\"n\":1e999999999}", "INVALID_JSON")]
    [InlineData("null", "INVALID_JSON")]
    [InlineData("[]", "VALIDATION_FAILED")]
    [InlineData("{}", "VALIDATION_FAILED")]
    [InlineData("{\"name\":null}", "VALIDATION_FAILED")]
    [InlineData("{\"name\":1}", "VALIDATION_FAILED")]
    [InlineData("{\"name\":\"\"}", "VALIDATION_FAILED")]
    [InlineData("{\"name\":\"a\\u0001b\"}", "VALIDATION_FAILED")]
    [InlineData("{\"name\":\"a\",\"nam\":\"b\"}", "UNKNOWN_FIELD")]
    public async Task A_body_that_cannot_be_used_is_refused(string body, string code)
    {
        using var owner = api.Host.Owner();
        var before = await CountAsync();

        (await owner.PostAsync("workspaces", body)).Fails(HttpStatusCode.BadRequest, code);

        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task The_unknown_or_missing_or_mistyped_field_is_named()
    {
        using var owner = api.Host.Owner();
        var unknown = await owner.PostAsync("workspaces", """{"name":"a","nam":"b"}""");
        var missing = await owner.PostAsync("workspaces", "{}");
        var mistyped = await owner.PostAsync("workspaces", """{"name":{"x":1}}""");

        Assert.Equal("/nam", Detail(unknown));
        Assert.Equal("/name", Detail(missing));
        Assert.Equal("/name", Detail(mistyped));
        Assert.DoesNotContain("Workflows.Api", unknown.Text + missing.Text + mistyped.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_utf8_is_refused()
    {
        using var owner = api.Host.Owner();
        var content = new ByteArrayContent([.. "{\"name\":\"a"u8, 0xC3, 0x28, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        (await owner.SendAsync(HttpMethod.Post, "workspaces", content)).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
    }

    [Theory]
    [InlineData(200)]
    [InlineData(Limits.JsonDepth + 1)]
    public async Task Nesting_beyond_the_limit_is_refused(int depth)
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var body = $"{{\"input\":{new string('[', depth - 1)}{new string(']', depth - 1)}}}";

        (await owner.PostAsync($"workflows/{workflowId}/execute", body)).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await owner.PostAsync("workspaces", $"{{\"name\":{new string('[', depth)}{new string(']', depth)}}}")).Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
    }

    [Fact]
    public async Task Nesting_at_the_limit_is_accepted()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var body = $"{{\"input\":{new string('[', Limits.JsonDepth - 1)}{new string(']', Limits.JsonDepth - 1)}}}";

        (await owner.PostAsync($"workflows/{workflowId}/execute", body)).Ok(HttpStatusCode.Accepted);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/jsonp")]
    public async Task Another_content_type_than_json_is_refused(string contentType)
    {
        using var owner = api.Host.Owner();
        var content = new ByteArrayContent("{\"name\":\"a\"}"u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);

        (await owner.SendAsync(HttpMethod.Post, "workspaces", content)).Fails(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        using var owner = api.Host.Owner();
        var content = new ByteArrayContent([0x1f, 0x8b, 0x08]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");

        (await owner.SendAsync(HttpMethod.Post, "workspaces", content)).Fails(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_beyond_the_limit_is_refused_also_in_chunks(bool chunked)
    {
        using var owner = api.Host.Owner();
        var body = new byte[10 * 1024 * 1024];
        Array.Fill(body, (byte)' ');
        HttpContent content = chunked ? new StreamContent(new MemoryStream(body)) : new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (chunked)
        {
            content.Headers.ContentLength = null;
            owner.Http.DefaultRequestHeaders.TransferEncodingChunked = true;
        }

        (await owner.SendAsync(HttpMethod.Post, "workspaces", content)).Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
    }

    [Theory]
    [InlineData("workflows?nam=x", "UNKNOWN_PARAMETER")]
    [InlineData("workflows?name=x&name=y", "UNKNOWN_PARAMETER")]
    [InlineData("workflows?per_page=0", "INVALID_PARAMETER")]
    [InlineData("workflows?per_page=101", "INVALID_PARAMETER")]
    [InlineData("workflows?per_page=many", "INVALID_PARAMETER")]
    [InlineData("workflows?enabled=maybe", "INVALID_PARAMETER")]
    [InlineData("workflows?job=7", "INVALID_PARAMETER")]
    [InlineData("workflows?sort=color", "INVALID_PARAMETER")]
    [InlineData("workflows?fields=id,secret", "INVALID_PARAMETER")]
    [InlineData("workflows?name=a%00b", "INVALID_PARAMETER")]
    [InlineData("workflows?cursor=abc", "INVALID_CURSOR")]
    [InlineData("workflows?cursor=", "INVALID_CURSOR")]
    [InlineData("executions?status=done", "INVALID_PARAMETER")]
    [InlineData("executions?from=yesterday", "INVALID_PARAMETER")]
    [InlineData("auth/me?x=1", "UNKNOWN_PARAMETER")]
    public async Task A_query_parameter_that_cannot_be_used_is_refused(string path, string code)
    {
        using var owner = api.Host.Owner();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.BadRequest, code);
    }

    [Theory]
    [InlineData("GET", "/api/v1/nothing", 404, "ROUTE_NOT_FOUND")]
    [InlineData("GET", "/api/v1/workflows/not-an-id", 404, "ROUTE_NOT_FOUND")]
    [InlineData("PUT", "/api/v1/workflows", 405, "METHOD_NOT_ALLOWED")]
    public async Task What_is_not_there_answers_in_the_envelope(string method, string path, int status, string code)
    {
        using var owner = api.Host.Owner();
        (await owner.SendAsync(new HttpMethod(method), path, null)).Fails((HttpStatusCode)status, code);
    }

    [Fact]
    public async Task Headers_beyond_the_limit_are_refused()
    {
        using var owner = api.Host.Owner();
        var answer = await owner.GetAsync("workflows", ("X-Long", new string('x', Limits.HeaderBytes)));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.Status);
    }

    [Fact]
    public async Task Garbage_instead_of_http_is_answered_and_the_server_lives_on()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(api.Host.BaseAddress.Host, api.Host.BaseAddress.Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("\0\u0001 nonsense\r\n\r\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("HTTP/1.1 400", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var owner = api.Host.Owner();
        (await owner.GetAsync("workflows")).Ok();
    }

    [Fact]
    public async Task A_client_that_asks_for_problem_json_gets_rfc_9457_with_the_same_code()
    {
        using var owner = api.Host.Owner();
        var answer = await owner.GetAsync($"workflows/{Guid.CreateVersion7()}", ("Accept", "application/problem+json"));

        Assert.Equal("application/problem+json", answer.ContentHeaders.ContentType!.MediaType);
        Assert.Equal("WORKFLOW_NOT_FOUND", answer.Json.GetProperty("code").GetString());
        Assert.Equal(404, answer.Json.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(answer.Json.GetProperty("title").GetString()));
    }

    [Fact]
    public async Task Every_answer_names_the_request_by_the_clients_name_if_it_is_harmless()
    {
        using var owner = api.Host.Owner();
        var named = (await owner.GetAsync("workflows", ("X-Request-Id", "mine-1"))).Ok();
        var evil = (await owner.GetAsync("workflows", ("X-Request-Id", "a b<script>"))).Ok();

        Assert.Equal("mine-1", named.Json.GetProperty("meta").GetProperty("requestId").GetString());
        Assert.Equal("mine-1", named.Headers.GetValues("X-Request-Id").Single());
        Assert.Equal(32, evil.Json.GetProperty("meta").GetProperty("requestId").GetString()!.Length);
    }

    private Task<long> CountAsync() => api.Host.ScalarAsync<long>("select count(*) from workspaces");

    private static string? Detail(Answer answer) => answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString();
}
