using System.Text;
using Microsoft.AspNetCore.Http;
using Workflows.Engine.Executions;
using Workflows.Testing;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The http node with a connector: credentials go to the connector's own address and nowhere else.</summary>
public sealed class HttpConnectorTests(PostgresServer server) : IAsyncLifetime
{
    private ConnectorBed _bed = null!;
    private TargetServer _target = null!;
    private TargetServer _elsewhere = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server);
        _target = await TargetServer.StartAsync();
        _elsewhere = await TargetServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
        await _elsewhere.DisposeAsync();
    }

    [Fact]
    public async Task A_call_bears_the_credentials_of_its_connector()
    {
        await ConnectAsync("basic", ("auth", "basic"), ("username", "u"), ("password", "p:w"));
        await ConnectAsync("bearer", ("auth", "bearer"), ("token", "the-token"));
        await ConnectAsync("header", ("auth", "apiKeyHeader"), ("keyName", "X-Key"), ("apiKey", "the-key"));
        await ConnectAsync("query", ("auth", "apiKeyQuery"), ("keyName", "key"), ("apiKey", "the key"));

        await _bed.SucceedAsync("http", Call("basic", "/orders"));
        await _bed.SucceedAsync("http", Call("bearer", "orders?a=1"));
        await _bed.SucceedAsync("http", Call("header", _target.Url("/base/orders")));
        await _bed.SucceedAsync("http", Call("query", "orders?a=1"));

        var calls = _target.Calls.ToList();
        Assert.Equal($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("u:p:w"))}", calls[0].Headers["Authorization"]);
        Assert.Equal(("Bearer the-token", "/base/orders?a=1"), (calls[1].Headers["Authorization"], calls[1].Path));
        Assert.Equal("the-key", calls[2].Headers["X-Key"]);
        Assert.Equal("/base/orders?a=1&key=the%20key", calls[3].Path);
    }

    [Theory]
    [InlineData("https://evil.example/steal")]
    [InlineData("//evil.example/steal")]
    [InlineData("http://127.0.0.1:1/base/steal")]
    [InlineData("../steal")]
    [InlineData("a/../../steal")]
    [InlineData("%2e%2e/steal")]
    [InlineData("..%2fsteal")]
    [InlineData("..%5csteal")]
    [InlineData("..\\steal")]
    [InlineData("http://user@127.0.0.1/base/x")]
    public async Task No_address_outside_the_base_gets_the_credentials(string url)
    {
        await ConnectAsync("bearer", ("auth", "bearer"), ("token", "the-token"));

        var result = await _bed.RunAsync("http", Call("bearer", url));

        if (result is NodeResult.Failure { Error.Code: "CONNECTOR_ADDRESS" })
        {
            Assert.Empty(_target.Calls);
            return;
        }

        Assert.StartsWith("/base/", Assert.Single(_target.Calls).Path, StringComparison.Ordinal); // taken for a path under the base
    }

    [Fact]
    public async Task A_redirect_out_of_the_base_goes_without_the_credentials()
    {
        await ConnectAsync("bearer", ("auth", "bearer"), ("token", "the-token"));
        _target.On("/base/inside", (context, _) => RedirectAsync(context, "/base/end"));
        _target.On("/base/outside", (context, _) => RedirectAsync(context, "/admin"));

        await _bed.SucceedAsync("http", Call("bearer", "inside"));
        await _bed.SucceedAsync("http", Call("bearer", "outside"));

        Assert.Equal(
            [("/base/inside", true), ("/base/end", true), ("/base/outside", true), ("/admin", false)],
            _target.Calls.Select(call => (call.Path, call.Headers.ContainsKey("Authorization"))));
    }

    [Theory]
    [InlineData("bearer", "token", "a\r\nX-Role: admin")]
    [InlineData("bearer", "token", "tökén")]
    [InlineData("apiKeyHeader", "apiKey", "a\nb")]
    [InlineData("apiKeyHeader", "keyName", "X\r\nY")]
    [InlineData("apiKeyHeader", "keyName", "Host")]
    public async Task Credentials_that_are_no_header_are_not_sent(string auth, string field, string value)
    {
        var config = new Dictionary<string, string>
        {
            ["auth"] = auth,
            ["token"] = "t",
            ["keyName"] = "X-Key",
            ["apiKey"] = "k",
        };
        config[field] = value; // as a release before may have stored it
        await ConnectAsync("bad", [.. config.Select(entry => (entry.Key, entry.Value))]);

        var error = await _bed.FailAsync("http", Call("bad", "x"));

        Assert.Equal(("HTTP_HEADER", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Empty(_target.Calls);
    }

    private static Task RedirectAsync(HttpContext context, string location)
    {
        context.Response.StatusCode = 307;
        context.Response.Headers.Location = location;
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_base_that_is_the_beginning_of_a_longer_name_is_not_mistaken_for_it()
    {
        await ConnectAsync("bearer", ("auth", "bearer"), ("token", "the-token"));

        Assert.Equal("CONNECTOR_ADDRESS", (await _bed.FailAsync("http", Call("bearer", _target.Url("/base-of-another/x")))).Code);
    }

    [Fact]
    public async Task A_redirect_to_another_origin_goes_without_the_credentials()
    {
        await ConnectAsync("header", ("auth", "apiKeyHeader"), ("keyName", "X-Key"), ("apiKey", "the-key"));
        _target.On("/base/away", (context, _) =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = _elsewhere.Url("/there");
            return Task.CompletedTask;
        });

        await _bed.SucceedAsync("http", Call("header", "away"));

        Assert.DoesNotContain("X-Key", Assert.Single(_elsewhere.Calls).Headers.Keys);
    }

    [Fact]
    public async Task An_oauth_token_is_fetched_once_kept_and_fetched_anew_when_it_is_refused()
    {
        await ConnectAsync(
            "oauth", ("auth", "oauth2"), ("tokenUrl", _elsewhere.Url("/token")), ("clientId", "me"), ("clientSecret", "client-secret"), ("scope", "a b"));
        _elsewhere.On("/token", (context, count) => context.Response.WriteAsJsonAsync(new { access_token = $"token-{count}", expires_in = 3_600 }));
        _target.On("/base/orders", (context, count) =>
        {
            context.Response.StatusCode = count == 3 ? 401 : 200;
            return Task.CompletedTask;
        });

        for (var call = 0; call < 3; call++)
        {
            await _bed.SucceedAsync("http", Call("oauth", "orders"));
        }

        Assert.Equal(["Bearer token-1", "Bearer token-1", "Bearer token-1", "Bearer token-2"], _target.Calls.Select(call => call.Headers["Authorization"]));
        var asked = _elsewhere.Calls.First();
        Assert.Equal(("grant_type=client_credentials&scope=a+b", $"Basic {Convert.ToBase64String("me:client-secret"u8)}"), (asked.Body, asked.Headers["Authorization"]));
        Assert.Equal(2, _elsewhere.Calls.Count);
    }

    [Fact]
    public async Task A_token_address_in_a_private_network_is_refused()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server, allow: [$"127.0.0.1:{_target.Port}"]);
        await guarded.Bed.AddConnectorAsync(
            "oauth", "http", ("baseUrl", _target.Url("/base")), ("auth", "oauth2"), ("tokenUrl", _elsewhere.Url("/token")), ("clientId", "me"), ("clientSecret", "s"));

        Assert.Equal("HTTP_TARGET_REFUSED", (await guarded.FailAsync("http", Call("oauth", "orders"))).Code);
        Assert.Empty(_elsewhere.Calls);
    }

    [Fact]
    public async Task A_base_in_a_private_network_is_refused_in_a_call_and_in_a_test()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server, allow: []);
        await guarded.Bed.AddConnectorAsync("metadata", "http", ("baseUrl", "http://169.254.169.254/latest"));
        await guarded.Bed.AddConnectorAsync("local", "http", ("baseUrl", _target.Url("/base")));

        Assert.Equal("HTTP_TARGET_REFUSED", (await guarded.FailAsync("http", Call("metadata", "meta-data"))).Code);
        Assert.Equal("HTTP_TARGET_REFUSED", (await guarded.FailAsync("http", Call("local", "x"))).Code);
        var test = await guarded.Tester.TestAsync(await guarded.Bed.Connectors.GetAsync(guarded.Bed.TenantId, "local", "http", TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        Assert.False(test.Succeeded);
        Assert.Empty(_target.Calls);
    }

    [Theory]
    [InlineData("2xx,404", "5xx", 503, StepErrorKind.Transient)]
    [InlineData("2xx,404", "5xx", 400, StepErrorKind.Permanent)]
    [InlineData("200", "404,429", 404, StepErrorKind.Transient)]
    public async Task Statuses_are_tried_again_by_class_or_number(string success, string retry, int status, StepErrorKind kind)
    {
        await ConnectAsync("plain");
        _target.On("/base/x", (context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        Assert.Equal(kind, (await _bed.FailAsync("http", Call("plain", "x", success, retry))).Kind);
    }

    private static object Call(string connector, string url, string success = "200-299", string retry = "408,425,429,500-599") => new
    {
        connector, method = "GET", url, headers = new { }, successStatus = success, retryStatus = retry, response = "auto", maxResponseBytes = 10_000, followRedirects = true,
    };

    private Task ConnectAsync(string name, params (string, string)[] config) =>
        _bed.Bed.AddConnectorAsync(name, "http", [("baseUrl", _target.Url("/base")), .. config]);
}
