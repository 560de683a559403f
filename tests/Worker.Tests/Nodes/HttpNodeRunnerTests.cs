using System.IO.Compression;
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

public sealed class HttpNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly Guid Execution = Guid.CreateVersion7();
    private static readonly string Key = $"{Execution:N}.n";

    private TargetServer _target = null!;
    private WorkerBed _bed = null!;
    private HttpClients _clients = null!;

    public async ValueTask InitializeAsync()
    {
        _target = await TargetServer.StartAsync();
        _bed = await WorkerBed.CreateAsync(server, redis: null);
        _clients = Clients($"127.0.0.1:{_target.Port}");
    }

    public async ValueTask DisposeAsync()
    {
        _clients.Dispose();
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task The_method_the_headers_and_the_body_arrive(string method)
    {
        await SucceedAsync(Call("/x?a=1", method, new { amount = 5 }, new() { ["X-Custom"] = "v" }));

        var call = Assert.Single(_target.Calls);
        Assert.Equal((method, "/x?a=1", """{"amount":5}""", "v", Key), (call.Method, call.Path, call.Body, call.Headers["X-Custom"], call.IdempotencyKey));
        Assert.StartsWith("application/json", call.Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_is_sent_as_it_is_when_its_type_is_not_json()
    {
        await SucceedAsync(Call("/x", "POST", "<a/>", new() { ["Content-Type"] = "application/xml" }));

        Assert.Equal(("<a/>", "application/xml"), (Assert.Single(_target.Calls).Body, _target.Calls.First().Headers["Content-Type"]));
    }

    [Theory]
    [InlineData("Host")]
    [InlineData("Content-Length")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Idempotency-Key")]
    public async Task A_header_that_the_platform_sets_is_refused(string name)
    {
        Assert.Equal("HTTP_HEADER", (await FailAsync(Call("/x", headers: new() { [name] = "v" }))).Code);
        Assert.Empty(_target.Calls);
    }

    [Fact]
    public async Task Json_comes_back_as_json_and_text_as_text()
    {
        var json = await SucceedAsync(Call("/x"));
        _target.On("/text", (context, _) => context.Response.WriteAsync("plain"));
        var text = await SucceedAsync(Call("/text"));

        Assert.True(json["body"]!["ok"]!.GetValue<bool>());
        Assert.Equal(200, json["status"]!.GetValue<int>());
        Assert.StartsWith("application/json", json["headers"]!["content-type"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("plain", text["body"]!.GetValue<string>());
    }

    [Fact]
    public async Task Json_that_cannot_be_kept_is_an_error()
    {
        _target.On("/bad", (context, _) => Json(context, "{broken"));
        _target.On("/nul", (context, _) => Json(context, """{"a": "\u0000"}"""));

        Assert.Equal("HTTP_RESPONSE_INVALID", (await FailAsync(Call("/bad"))).Code);
        Assert.Equal("HTTP_RESPONSE_INVALID", (await FailAsync(Call("/nul"))).Code);
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1001, true)]
    public async Task A_response_may_be_as_large_as_the_node_allows(int size, bool tooLarge)
    {
        _target.On("/large", (context, _) => context.Response.WriteAsync(new string('x', size)));
        var result = await RunAsync(Call("/large", maxBytes: 1000));

        Assert.Equal(tooLarge ? "HTTP_RESPONSE_TOO_LARGE" : null, (result as NodeResult.Failure)?.Error.Code);
    }

    [Fact]
    public async Task A_compressed_bomb_is_stopped_at_the_limit()
    {
        _target.On("/bomb", async (context, _) =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            var zeros = new byte[1024 * 1024];
            for (var count = 0; count < 200; count++)
            {
                await gzip.WriteAsync(zeros, context.RequestAborted);
            }
        });
        var before = GC.GetTotalAllocatedBytes();

        Assert.Equal("HTTP_RESPONSE_TOO_LARGE", (await FailAsync(Call("/bomb", maxBytes: 10_000))).Code);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100_000_000);
    }

    [Theory]
    [InlineData(503, StepErrorKind.Transient)]
    [InlineData(429, StepErrorKind.Transient)]
    [InlineData(404, StepErrorKind.Permanent)]
    [InlineData(400, StepErrorKind.Permanent)]
    public async Task An_error_status_says_whether_a_later_attempt_may_help(int status, StepErrorKind kind)
    {
        _target.On("/error", async (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "7";
            await context.Response.WriteAsync(new string('e', 5_000));
        });

        var error = await FailAsync(Call("/error", maxBytes: 1_000));

        Assert.Equal(($"HTTP_{status}", kind, TimeSpan.FromSeconds(7)), (error.Code, error.Kind, error.RetryAfter));
        Assert.Contains("eeee", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 100, 700);
    }

    [Fact]
    public async Task A_redirect_is_followed_without_what_authenticates_elsewhere()
    {
        await using var elsewhere = await TargetServer.StartAsync();
        _target.On("/here", (context, _) => Redirect(context, 307, "/there"));
        _target.On("/there", (context, _) => Redirect(context, 303, elsewhere.Url("/end")));
        using var clients = Clients("127.0.0.1");

        var result = await RunAsync(
            Call("/here", "POST", new { a = 1 }, new() { ["Authorization"] = "secret", ["Cookie"] = "secret", ["X-Api-Key"] = "secret", ["Accept"] = "text/plain" }), clients);

        Assert.IsType<NodeResult.Success>(result);
        Assert.Equal(["POST", "POST"], _target.Calls.Select(call => call.Method));
        Assert.All(_target.Calls, call => Assert.Equal("secret", call.Headers["Authorization"]));
        var last = Assert.Single(elsewhere.Calls);
        Assert.Equal(("GET", "", "text/plain", Key), (last.Method, last.Body, last.Headers["Accept"], last.IdempotencyKey));
        Assert.DoesNotContain("secret", last.Headers.Values);
    }

    [Fact]
    public async Task Redirects_in_a_circle_and_to_other_schemes_end()
    {
        _target.On("/circle", (context, _) => Redirect(context, 302, "/circle"));
        _target.On("/file", (context, _) => Redirect(context, 302, "file:///etc/passwd"));

        Assert.Equal("HTTP_REDIRECTS", (await FailAsync(Call("/circle"))).Code);
        Assert.Equal(Limits.HttpRedirects + 1, _target.Calls.Count);
        Assert.Equal("HTTP_REDIRECTS", (await FailAsync(Call("/file"))).Code);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    [InlineData("http://0x7f000001:{0}/")]
    [InlineData("http://0x7f.1:{0}/")]
    [InlineData("http://0177.0.0.1:{0}/")]
    [InlineData("http://127.1:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://LOCALHOST:{0}/")]
    [InlineData("http://[::1]:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    [InlineData("http://[::ffff:7f00:1]:{0}/")]
    [InlineData("http://[64:ff9b::7f00:1]:{0}/")]
    [InlineData("http://[2002:7f00:1::]:{0}/")]
    [InlineData("http://0.0.0.0:{0}/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://user:password@127.0.0.1:{0}/")]
    public async Task Targets_that_are_not_public_are_refused_in_whatever_form(string url)
    {
        using var clients = Clients();

        var error = Assert.IsType<NodeResult.Failure>(await RunAsync(Call(string.Format(null, url, _target.Port)), clients)).Error;

        Assert.Equal(("HTTP_TARGET_REFUSED", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Empty(_target.Calls);
    }

    [Fact]
    public async Task A_redirect_to_a_target_that_is_not_public_is_refused()
    {
        await using var inner = await TargetServer.StartAsync();
        foreach (var (path, url) in new[] { ("/ip", inner.Url("/")), ("/name", $"http://localhost:{inner.Port}/"), ("/decimal", $"http://2130706433:{inner.Port}/") })
        {
            _target.On(path, (context, _) => Redirect(context, 302, url));
            Assert.Equal("HTTP_TARGET_REFUSED", (await FailAsync(Call(path))).Code);
        }

        Assert.Empty(inner.Calls);
    }

    [Fact]
    public async Task The_tenants_own_allow_list_counts_for_that_tenant_alone()
    {
        using var clients = Clients();
        var other = await _bed.AddTenantAsync();
        await _bed.ExecuteAsync(
            "update tenants set settings = jsonb_build_object('httpAllow', jsonb_build_array($2::text)) where tenant_id = $1", _bed.TenantId, $"127.0.0.1:{_target.Port}");

        Assert.IsType<NodeResult.Success>(await RunAsync(Call("/x"), clients));
        var refused = await Runner(clients).RunAsync(
            Call("/x") with { TenantId = other }, TestContext.Current.CancellationToken);
        Assert.Equal("HTTP_TARGET_REFUSED", Assert.IsType<NodeResult.Failure>(refused).Error.Code);
    }

    [Fact]
    public async Task A_connection_that_is_refused_or_breaks_may_be_tried_again()
    {
        var port = FreePort.Next();
        using var clients = Clients($"127.0.0.1:{port}", $"127.0.0.1:{_target.Port}");
        _target.On("/abort", (context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        var refused = Assert.IsType<NodeResult.Failure>(await RunAsync(Call($"http://127.0.0.1:{port}/"), clients)).Error;
        var broken = Assert.IsType<NodeResult.Failure>(await RunAsync(Call("/abort"), clients)).Error;

        Assert.Equal(("HTTP_CONNECTION", StepErrorKind.Transient), (refused.Code, refused.Kind));
        Assert.Equal(("HTTP_CONNECTION", StepErrorKind.Transient), (broken.Code, broken.Kind));
    }

    [Fact]
    public async Task An_aborted_call_leaves_the_target_alone()
    {
        var (arrived, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        _target.On("/slow", async (context, _) =>
        {
            arrived.SetResult();
            context.RequestAborted.Register(left.SetResult);
            await left.Task;
        });
        using var abort = new CancellationTokenSource();

        var running = Runner(_clients).RunAsync(Call("/slow"), abort.Token);
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        await abort.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await left.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    private HttpClients Clients(params string[] allow) =>
        new(new GuardedNetwork(_bed.AllowLists, new NetworkOptions(allow)));

    private HttpNodeRunner Runner(HttpClients clients) =>
        new(clients, new ConnectorAccess(_bed.Connectors, TimeProvider.System), new HttpConnector(clients, TimeProvider.System), TimeProvider.System);

    private NodeCall Call(
        string url, string method = "GET", object? body = null, Dictionary<string, string>? headers = null, int maxBytes = 100_000)
    {
        var parameters = new JsonObject
        {
            ["method"] = method,
            ["url"] = url.StartsWith('/') ? _target.Url(url) : url,
            ["headers"] = JsonSerializer.SerializeToNode(headers ?? []),
            ["successStatus"] = "200-299",
            ["retryStatus"] = "408,425,429,500-599",
            ["response"] = "auto",
            ["maxResponseBytes"] = maxBytes,
            ["followRedirects"] = true,
        };
        if (body is not null)
        {
            parameters["body"] = JsonSerializer.SerializeToNode(body);
        }

        return new NodeCall(_bed.TenantId, WorkerBed.NodeRun("http", Execution, "n", JsonSerializer.SerializeToUtf8Bytes(parameters)));
    }

    private Task<NodeResult> RunAsync(NodeCall call, HttpClients? clients = null) =>
        Runner(clients ?? _clients).RunAsync(call, TestContext.Current.CancellationToken);

    private async Task<JsonNode> SucceedAsync(NodeCall call) => JsonNode.Parse(Assert.IsType<NodeResult.Success>(await RunAsync(call)).Output)!;

    private async Task<StepError> FailAsync(NodeCall call) => Assert.IsType<NodeResult.Failure>(await RunAsync(call)).Error;

    private static Task Json(HttpContext context, string text)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(text);
    }

    private static Task Redirect(HttpContext context, int status, string location)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = location;
        return Task.CompletedTask;
    }
}
