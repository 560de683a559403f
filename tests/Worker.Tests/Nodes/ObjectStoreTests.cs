using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;
using Workflows.Testing;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>
/// Object stores: whose keys sign, whom a request reaches, and what becomes of answers that are refusals, wrong or
/// endless. One after the other with all that use stores, for the SDK's correction of the clock belongs to the
/// process.
/// </summary>
[Collection(Collection)]
public sealed class ObjectStoreTests(PostgresServer server) : IAsyncLifetime
{
    public const string Collection = "object stores";

    private ConnectorBed _bed = null!;
    private ObjectStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server);
        _store = await ObjectStore.StartAsync();
        await ConnectAsync("s3", _store.Address, ("prefix", "mine"));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("a b/c+d/e%20f")]
    [InlineData("ü/日本/emoji 🎉")]
    [InlineData("sub!$&'()=@,;/x~y_z-")]
    [InlineData("a#b/c%2Fd/%")]
    public async Task Every_key_is_signed_as_it_is_sent(string path)
    {
        await _bed.SucceedAsync("file", Call("write", path, content: "x"));

        Assert.Equal("x", (await _bed.SucceedAsync("file", Call("read", path)))["content"]!.GetValue<string>());
        Assert.Equal(["mine/" + path], _store.Objects.Keys);
        var list = await _bed.SucceedAsync("file", Call("list", path));
        Assert.Equal(path, list["files"]![0]!["path"]!.GetValue<string>());
        await _bed.SucceedAsync("file", Call("delete", path));
        Assert.Empty(_store.Objects);
    }

    [Theory]
    [InlineData("text/csv;charset=utf-8", "text/csv; charset=utf-8")]
    [InlineData(null, "text/plain; charset=utf-8")]
    public async Task A_content_type_is_signed_as_it_is_sent(string? given, string stored)
    {
        await _bed.SucceedAsync("file", Call("write", "a", content: "x", contentType: given));

        Assert.Equal(stored, _store.ContentTypes["mine/a"]);
    }

    [Theory]
    [InlineData("no type")]
    [InlineData("text/plain\r\nx-amz-acl: public-read")]
    public async Task What_is_no_content_type_is_not_sent(string given)
    {
        var error = await _bed.FailAsync("file", Call("write", "a", content: "x", contentType: given));

        Assert.Equal("PARAMETER_INVALID", error.Code);
        Assert.Empty(_store.Requests);
    }

    // The SDK would look for keys, regions and addresses in the environment and at metadata addresses; the listener
    // stands for all of these.
    [Fact]
    public async Task Only_the_connectors_keys_sign_and_only_its_store_is_asked()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var elsewhere = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        (string Name, string Value)[] offers =
        [
            ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "of the environment"),
            ("AWS_SESSION_TOKEN", "token"), ("AWS_REGION", "eu-west-9"), ("AWS_DEFAULT_REGION", "eu-west-9"),
            ("AWS_ENDPOINT_URL", elsewhere), ("AWS_ENDPOINT_URL_S3", elsewhere),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", elsewhere), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", elsewhere + "/c"),
            ("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"), ("AWS_DEFAULTS_MODE", "auto"),
            ("HTTP_PROXY", elsewhere), ("http_proxy", elsewhere), ("AWS_MAX_ATTEMPTS", "5"),
        ];
        foreach (var (name, value) in offers)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        try
        {
            await _bed.SucceedAsync("file", Call("write", "a", content: "x"));
            await _bed.SucceedAsync("file", Call("list", null));
        }
        finally
        {
            foreach (var (name, _) in offers)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }

        Assert.False(listener.Pending());
        Assert.All(_store.Requests, request =>
        {
            Assert.Matches(
                $"Credential={ObjectStore.AccessKey}/[0-9]{{8}}/us-east-1/s3/aws4_request",
                request.Headers["authorization"]);
            Assert.False(request.Headers.ContainsKey("x-amz-security-token"));
        });
        Assert.Equal(2, _store.Requests.Count);
    }

    [Theory]
    [InlineData(500, "InternalError", "FILE_500", StepErrorKind.Transient)]
    [InlineData(503, "SlowDown", "FILE_503", StepErrorKind.Transient)]
    [InlineData(429, "TooManyRequests", "FILE_429", StepErrorKind.Transient)]
    [InlineData(403, "AccessDenied", "FILE_403", StepErrorKind.Permanent)]
    [InlineData(403, "RequestTimeTooSkewed", "FILE_403", StepErrorKind.Permanent)]
    [InlineData(400, "AuthorizationHeaderMalformed", "FILE_400", StepErrorKind.Permanent)]
    [InlineData(301, "PermanentRedirect", "FILE_301", StepErrorKind.Permanent)]
    public async Task A_refusal_is_told_and_not_tried_again_here(
        int status, string code, string told, StepErrorKind kind)
    {
        _store.Instead = async context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers["x-amz-bucket-region"] = "eu-west-1";
            await context.Response.WriteAsync(
                $"<Error><Code>{code}</Code><Message>Why not</Message><Region>eu-west-1</Region></Error>",
                context.RequestAborted);
        };

        foreach (var call in Calls)
        {
            var error = await _bed.FailAsync("file", call);
            Assert.Equal((told, kind), (error.Code, error.Kind));
            Assert.Contains($"The store answered {status}: {code} Why not", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(4, _store.Requests.Count);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        await using var other = await ObjectStore.StartAsync();
        _store.Instead = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = other.Address + context.Request.Path;
            return Task.CompletedTask;
        };

        foreach (var call in new[] { Call("read", "a"), Call("write", "a", content: "x"), Call("list", null) })
        {
            Assert.Equal($"FILE_{status}", (await _bed.FailAsync("file", call)).Code);
        }

        Assert.Empty(other.Requests);
    }

    public static TheoryData<string> NoLists => new(
        "",
        "nonsense",
        "<a/>",
        "<ListBucketResult>",
        List("<Key>mine/a</Key>"),
        List("<Key>mine/a</Key><Size>x</Size>"),
        List("<Key>yours/a</Key><Size>1</Size>"),
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>" + List("<Key>mine/&e;</Key><Size>1</Size>"));

    private static string List(string item) =>
        $"<ListBucketResult><IsTruncated>false</IsTruncated><Contents>{item}</Contents></ListBucketResult>";

    [Theory]
    [MemberData(nameof(NoLists))]
    public async Task What_is_no_list_is_not_taken_for_one(string answer)
    {
        _store.Instead = context => context.Response.WriteAsync(answer, context.RequestAborted);

        Assert.Equal("FILE_LIST", (await _bed.FailAsync("file", Call("list", null))).Code);
    }

    [Theory]
    [InlineData("list", 200, "FILE_LIST")]
    [InlineData("list", 500, "FILE_500")]
    [InlineData("read", 500, "FILE_500")]
    [InlineData("write", 500, "FILE_500")]
    [InlineData("read", 200, "FILE_TOO_LARGE")]
    [InlineData("write", 200, null)] // it is stored, whatever else is said
    public async Task An_answer_without_end_is_not_read_to_its_end(string operation, int status, string? code)
    {
        _store.Instead = async context =>
        {
            context.Response.StatusCode = status;
            var piece = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            }
        };

        var result = await _bed.RunAsync("file", Call(operation, operation == "list" ? null : "a", content: "x"));

        Assert.Equal(code, (result as NodeResult.Failure)?.Error.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bad gateway")]
    [InlineData("<html><body>Bad <br> gateway</html>")]
    [InlineData("{\"error\": \"bad gateway\"}")]
    [InlineData("<Error><Code>")]
    public async Task A_refusal_that_is_not_in_the_words_of_S3_is_one_all_the_same(string answer)
    {
        _store.Instead = async context =>
        {
            context.Response.StatusCode = 502;
            await context.Response.WriteAsync(answer, context.RequestAborted);
        };

        foreach (var call in Calls)
        {
            var error = await _bed.FailAsync("file", call);
            Assert.Equal(("FILE_502", StepErrorKind.Transient), (error.Code, error.Kind));
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_is_tried_again_by_the_engine()
    {
        _store.Instead = async context =>
        {
            context.Response.ContentLength = 1_000;
            await context.Response.WriteAsync("half", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        };

        foreach (var call in new[] { Call("read", "a"), Call("list", null) })
        {
            var error = await _bed.FailAsync("file", call);
            Assert.Equal(("FILE_CONNECTION", StepErrorKind.Transient), (error.Code, error.Kind));
        }

        await ConnectAsync("nobody", $"http://127.0.0.1:{FreePort.Next()}");
        Assert.Equal("FILE_CONNECTION", (await _bed.FailAsync("file", Call("read", "a", "nobody"))).Code);
        Assert.Equal(2, _store.Requests.Count);
    }

    [Fact]
    public async Task A_bucket_that_lies_elsewhere_by_its_name_is_not_asked()
    {
        await _bed.Bed.AddConnectorAsync(
            "elsewhere", "s3", ("endpoint", _store.Address),
            ("bucket", "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap"),
            ("accessKeyId", ObjectStore.AccessKey), ("secretAccessKey", ObjectStore.Secret));

        Assert.Equal("FILE_REQUEST", (await _bed.FailAsync("file", Call("read", "a", "elsewhere"))).Code);
        Assert.Empty(_store.Requests);
    }

    [Fact]
    public async Task A_store_in_a_private_network_is_refused()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server, allow: []);
        await guarded.Bed.AddConnectorAsync(
            "s3", "s3", ("endpoint", _store.Address), ("bucket", "b"),
            ("accessKeyId", ObjectStore.AccessKey), ("secretAccessKey", ObjectStore.Secret));

        var error = await guarded.FailAsync("file", Call("read", "a"));

        Assert.Equal(("FILE_TARGET_REFUSED", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Empty(_store.Requests);
    }

    [Fact]
    public async Task Signatures_go_by_the_platforms_time_and_not_by_the_machines()
    {
        var clock = new JumpingClock { Offset = TimeSpan.FromHours(3) };
        await using var ahead = await ObjectStore.StartAsync(clock);
        await ConnectAsync("ahead", ahead.Address);
        var network = new GuardedNetwork(_bed.Bed.AllowLists, new NetworkOptions(["127.0.0.1"]));
        using var clients = new HttpClients(network);
        var token = TestContext.Current.CancellationToken;
        var connector = await _bed.Bed.Connectors.GetAsync(_bed.Bed.TenantId, "ahead", "s3", token);

        await new S3Connector(clients, clock).WriteAsync(connector, "a", [1], "text/plain", token);
        var refused = await Assert.ThrowsAsync<ConnectorException>(
            () => new S3Connector(clients, TimeProvider.System).WriteAsync(connector, "b", [1], "text/plain", token));

        Assert.Equal(["a"], ahead.Objects.Keys);
        Assert.Equal("FILE_403", refused.Code);
        Assert.Contains("RequestTimeTooSkewed", refused.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<Dictionary<string, object?>> Calls =>
        [Call("read", "a"), Call("write", "a", content: "x"), Call("delete", "a"), Call("list", null)];

    private static Dictionary<string, object?> Call(
        string operation, string? path, string connector = "s3", string? content = null, string? contentType = null)
    {
        var call = new Dictionary<string, object?>
        {
            ["operation"] = operation,
            ["connector"] = connector,
            ["format"] = "text",
            ["contentType"] = contentType,
            ["maxBytes"] = "100000",
            ["maxFiles"] = "100",
        };
        foreach (var (name, value) in new[] { ("path", path), ("content", content) })
        {
            if (value is not null)
            {
                call[name] = value;
            }
        }

        return call;
    }

    private Task ConnectAsync(string name, string endpoint, params (string, string)[] config) =>
        _bed.Bed.AddConnectorAsync(
            name,
            "s3",
            [
                ("endpoint", endpoint), ("bucket", "b"), ("accessKeyId", ObjectStore.AccessKey),
                ("secretAccessKey", ObjectStore.Secret), .. config,
            ]);
}
