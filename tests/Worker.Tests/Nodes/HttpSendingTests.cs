using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Engine.Executions;
using Workflows.Testing;
using Workflows.Worker.Calls;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>
/// What goes out for an http node: nothing that its author did not write, in the form that its headers name.
/// </summary>
public sealed class HttpSendingTests : IAsyncLifetime
{
    private static readonly (string, string)[] Secret =
        [("Authorization", "Bearer t"), ("Cookie", "c"), ("X-Api-Key", "k"), ("Accept", "text/plain"),
            ("Content-Language", "de")];

    private static readonly JsonSerializerOptions AsRendered =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private TargetServer _target = null!;
    private HttpClients _clients = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _target = await TargetServer.StartAsync();
        _clients = Clients("127.0.0.1");
    }

    public async ValueTask DisposeAsync()
    {
        _clients.Dispose();
        await _target.DisposeAsync();
    }

    [Theory]
    [InlineData("X-Customer", "Bob\r\nX-Role: admin")]
    [InlineData("X-A", "a\r\n\r\nPOST /admin/users/1/delete HTTP/1.1\r\nHost: internal-vhost\r\nX-B: b")]
    [InlineData("X-A", "a\nb")]
    [InlineData("X-A", "a\rb")]
    [InlineData("X-A", "a\0b")]
    [InlineData("X-A", "Jörg")]
    [InlineData("Content-Type", "text/plain\r\nX-Role: admin")]
    [InlineData("Content-Disposition", "a\r\nX-Role: admin")]
    [InlineData("X-A\r\nX-Role", "admin")]
    [InlineData("X A", "b")]
    [InlineData("Proxy-Connection", "b")]
    public async Task Nothing_is_sent_with_a_header_that_is_none_for_either_tenant(string name, string value)
    {
        using var raw = new TcpListener(IPAddress.Loopback, 0);
        raw.Start();
        foreach (var tenant in new[] { Guid.CreateVersion7(), Guid.CreateVersion7() })
        {
            var call = Call($"http://{raw.LocalEndpoint}/", "POST", new { a = 1 },
                [(name, value)]) with
            { TenantId = tenant };

            var error = Assert.IsType<NodeResult.Failure>(await RunAsync(call)).Error;

            Assert.Equal(("HTTP_HEADER", StepErrorKind.Permanent), (error.Code, error.Kind));
            Assert.False(raw.Pending());
        }
    }

    [Fact]
    public async Task No_trace_of_ours_is_told_to_others()
    {
        using var activity = new System.Diagnostics.Activity("test").Start();

        await SucceedAsync(Call(_target.Url("/x")));

        Assert.DoesNotContain("traceparent", Assert.Single(_target.Calls).Headers.Keys);
    }

    [Theory]
    [InlineData("Content-Language", "de")]
    [InlineData("Content-Disposition", "attachment; filename=a.txt")]
    [InlineData("Content-MD5", "abc")]
    [InlineData("Content-Encoding", "x-own")]
    [InlineData("Content-Location", "/here")]
    [InlineData("Content-Own", "o")]
    [InlineData("Expires", "0")]
    [InlineData("Last-Modified", "Thu, 01 Oct 2026 12:00:00 GMT")]
    public async Task No_header_is_lost(string name, string value)
    {
        await SucceedAsync(Call(_target.Url("/x"), "POST", new { a = 1 }, [(name, value)]));
        await SucceedAsync(Call(_target.Url("/x"), "POST", null, [(name, value)]));

        Assert.All(_target.Calls, call => Assert.Equal(value, call.Headers[name]));
    }

    [Fact]
    public async Task An_object_is_sent_as_a_form_where_the_content_type_says_so()
    {
        await SucceedAsync(Call(
            _target.Url("/x"), "POST",
                new { name = "Kü x&y", tag = new[] { "a", "b" }, n = 1.50m, yes = true, none = (string?)null },
            [("Content-Type", "application/x-www-form-urlencoded")]));
        await SucceedAsync(
            Call(_target.Url("/x"), "POST", "a=1&b=%20", [("Content-Type", "application/x-www-form-urlencoded")]));

        Assert.Equal(
            ["name=K%C3%BC+x%26y&tag=a&tag=b&n=1.50&yes=true", "a=1&b=%20"], _target.Calls.Select(call => call.Body));
    }

    [Theory]
    [InlineData("text/plain; charset=iso-8859-1", "\"caf\\u00e9\"", "63-61-66-E9")]
    [InlineData("text/plain; charset=windows-1252", "\"\\u20ac\"", "80")]
    [InlineData("text/plain", "\"\\u00e9\"", "C3-A9")]
    [InlineData("application/x-ndjson", "\"{}\\n{}\"", "7B-7D-0A-7B-7D")]
    [InlineData("application/json; charset=iso-8859-1", "[\"é\"]", "5B-22-E9-22-5D")]
    [InlineData("application/vnd.x+json", "\"a\"", "22-61-22")]
    public async Task A_body_is_sent_in_the_charset_that_its_type_names(string type, string json, string bytes)
    {
        using var raw = new TcpListener(IPAddress.Loopback, 0);
        raw.Start();
        var running = RunAsync(
            Call($"http://{raw.LocalEndpoint}/", "POST", JsonNode.Parse(json), [("Content-Type", type)]));
        using var connection = await raw.AcceptTcpClientAsync(Token);
        var stream = connection.GetStream();

        var received = new List<byte>();
        var expected = bytes.Split('-').Length;
        var buffer = new byte[4096];
        while (Encoding.Latin1.GetString(received.ToArray()) is var text
            && (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is var end
                && (end < 0 || text.Length < end + 4 + expected)))
        {
            received.AddRange(buffer.AsSpan(0, await stream.ReadAsync(buffer, Token)));
        }

        await stream.WriteAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray(), Token);
        Assert.IsType<NodeResult.Success>(await running);
        Assert.Equal(bytes, BitConverter.ToString(received.ToArray()[^expected..]));
        Assert.Contains($"Content-Length: {expected}\r\n", Encoding.Latin1.GetString(received.ToArray()),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain; charset=iso-8859-1", "\"\\u20ac\"")]
    [InlineData("text/plain; charset=nonsense", "\"a\"")]
    [InlineData("application/x-www-form-urlencoded", """{"a": {"b": 1}}""")]
    [InlineData("application/x-www-form-urlencoded", """{"a": [[1]]}""")]
    [InlineData("multipart/form-data", """{"a": 1}""")]
    public async Task A_body_that_cannot_be_sent_so_is_an_error_and_not_sent(string type, string json)
    {
        var error = Assert.IsType<NodeResult.Failure>(
            await RunAsync(Call(_target.Url("/x"), "POST", JsonNode.Parse(json), [("Content-Type", type)]))).Error;

        Assert.Equal(("HTTP_BODY", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Empty(_target.Calls);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_that_is_refused_repeats_no_request(int status)
    {
        await using var inner = await TargetServer.StartAsync();
        _target.On("/go", (context, _) => Redirect(context, status, inner.Url("/")));
        using var clients = Clients($"127.0.0.1:{_target.Port}");

        var error = Assert.IsType<NodeResult.Failure>(
            await RunAsync(Call(_target.Url("/go"), "POST", new { a = 1 }), clients)).Error;

        Assert.Equal("HTTP_TARGET_REFUSED", error.Code);
        Assert.Single(_target.Calls);
        Assert.Empty(inner.Calls);
    }

    [Fact]
    public async Task What_authenticates_is_not_sent_again_once_a_redirect_has_led_elsewhere()
    {
        await using var elsewhere = await TargetServer.StartAsync();
        _target.On("/a", (context, _) => Redirect(context, 307, elsewhere.Url("/b")));
        elsewhere.On("/b", (context, _) => Redirect(context, 307, _target.Url("/c")));

        await SucceedAsync(Call(_target.Url("/a"), "POST", new { a = 1 }, Secret));

        var (first, back) = (_target.Calls.First(), _target.Calls.Last());
        Assert.Equal(("/a", "Bearer t"), (first.Path, first.Headers["Authorization"]));
        foreach (var call in new[] { elsewhere.Calls.Single(), back })
        {
            Assert.Empty(
                call.Headers.Keys.Intersect(["Authorization", "Cookie", "X-Api-Key"],
                StringComparer.OrdinalIgnoreCase));
            Assert.Equal(("text/plain", "de", """{"a":1}"""),
                (call.Headers["Accept"], call.Headers["Content-Language"], call.Body));
        }
    }

    [Theory]
    [InlineData("http://[")]
    [InlineData("http://a:99999/")]
    [InlineData("http://")]
    public async Task A_redirect_to_what_is_no_address_is_not_blamed_on_the_allow_list(string location)
    {
        _target.On("/go", (context, _) => Redirect(context, 302, location));

        var error = Assert.IsType<NodeResult.Failure>(await RunAsync(Call(_target.Url("/go")))).Error;

        Assert.Contains(error.Code, new[] { "HTTP_302", "HTTP_REDIRECTS" });
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task A_wrong_content_encoding_is_the_targets_error(string encoding)
    {
        _target.On("/x", (context, _) =>
        {
            context.Response.Headers.ContentEncoding = encoding;
            return context.Response.WriteAsync("this was never encoded, whatever the header says");
        });

        var error = Assert.IsType<NodeResult.Failure>(await RunAsync(Call(_target.Url("/x")))).Error;

        Assert.Equal(("HTTP_RESPONSE_INVALID", StepErrorKind.Permanent), (error.Code, error.Kind));
    }

    [Fact]
    public async Task A_large_answer_gives_its_room_back()
    {
        _target.On("/x", (context, _) => context.Response.WriteAsync(new string('x', 90_000)));

        await SucceedAsync(Call(_target.Url("/x")));

        Assert.Equal(0, _clients.Budget.Held);
    }

    private static HttpClients Clients(params string[] allow) =>
        new(new GuardedNetwork(AllowLists.None, new NetworkOptions(allow)));

    // Calls without a connector ask no store.
    private Task<NodeResult> RunAsync(NodeCall call, HttpClients? clients = null) => new HttpNodeRunner(
        clients ?? _clients,
        new ConnectorAccess(null!, TimeProvider.System),
        new HttpConnector(clients ?? _clients, TimeProvider.System),
        TimeProvider.System).RunAsync(call, Token);

    private async Task SucceedAsync(NodeCall call) => Assert.IsType<NodeResult.Success>(await RunAsync(call));

    private static NodeCall Call(string url, string method = "GET", object? body = null,
        (string Name, string Value)[]? headers = null)
    {
        var parameters = new JsonObject
        {
            ["method"] = method,
            ["url"] = url,
            ["headers"] = new JsonObject((headers ?? []).Select(header =>
                KeyValuePair.Create(header.Name, (JsonNode?)header.Value))),
            ["successStatus"] = "200-299",
            ["retryStatus"] = "500-599",
            ["response"] = "auto",
            ["maxResponseBytes"] = 100_000,
            ["followRedirects"] = true,
        };
        if (body is not null)
        {
            parameters["body"] = JsonSerializer.SerializeToNode(body);
        }

        return new NodeCall(
            Guid.CreateVersion7(),
                WorkerBed.NodeRun("http", Guid.CreateVersion7(), "n",
                JsonSerializer.SerializeToUtf8Bytes(parameters, AsRendered)));
    }

    private static Task Redirect(HttpContext context, int status, string location)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = location;
        return Task.CompletedTask;
    }
}
