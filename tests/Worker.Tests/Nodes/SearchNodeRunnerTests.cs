using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Workflows.Engine.Executions;
using Workflows.Testing;
using Workflows.Worker.Calls;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The search node against a server in the search service's place.</summary>
public sealed class SearchNodeRunnerTests : IAsyncLifetime
{
    private const string Secret = "a-key-of-the-platform";
    private const string Path = "/internal/search";

    private static readonly Guid Tenant = Guid.CreateVersion7();

    private TargetServer _service = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TargetServer.StartAsync();
        _http = new HttpClient { BaseAddress = new Uri(_service.Url("/")) };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task A_search_is_signed_for_its_tenant_and_answers_what_the_service_finds()
    {
        _service.On(Path, (context, _) => context.Response.WriteAsJsonAsync(new { results = new[] { new { id = 1 } } }));

        var result = await RunAsync(new { query = "late & lost", limit = "3", type = "workflow", threshold = 0.5 });

        var success = Assert.IsType<NodeResult.Success>(result, exactMatch: true);
        Assert.Equal(("main", """{"results":[{"id":1}]}"""), (success.Port, Encoding.UTF8.GetString(success.Output)));
        var call = Assert.Single(_service.Calls);
        Assert.Equal("/internal/search?q=late%20%26%20lost&limit=3&type=workflow&threshold=0.5", call.Path);
        Assert.Equal(Tenant.ToString(), call.Headers["X-Workflows-Tenant"]);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(Secret), 32, info: "internal-calls"u8.ToArray());
        var signed = HMACSHA256.HashData(key,
            Encoding.UTF8.GetBytes($"{Tenant}|{call.Headers["X-Workflows-Timestamp"]}|{call.Path}"));
        Assert.Equal(Base64Url.EncodeToString(signed), call.Headers["X-Workflows-Signature"]);
    }

    [Theory]
    [InlineData(400, "SEARCH_400", StepErrorKind.Permanent)]
    [InlineData(503, "SEARCH_503", StepErrorKind.Transient)]
    public async Task A_refusal_says_why_and_is_tried_again_when_that_may_help(int status, string code, StepErrorKind kind)
    {
        _service.On(Path, (context, _) =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("no room");
        });

        var error = await FailAsync(new { query = "q", limit = "1" });

        Assert.Equal((code, kind), (error.Code, error.Kind));
        Assert.Contains("no room", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_no_json_is_an_error()
    {
        _service.On(Path, (context, _) => context.Response.WriteAsync("<html>"));

        Assert.Equal("SEARCH_ANSWER", (await FailAsync(new { query = "q", limit = "1" })).Code);
    }

    [Fact]
    public async Task A_service_that_is_away_may_be_back_later()
    {
        await _service.DisposeAsync();

        var error = await FailAsync(new { query = "q", limit = "1" });

        Assert.Equal(("SEARCH_UNAVAILABLE", StepErrorKind.Transient), (error.Code, error.Kind));
    }

    [Fact]
    public async Task Without_a_key_nothing_is_asked()
    {
        var error = Assert.IsType<NodeResult.Failure>(await RunAsync(new { query = "q", limit = "1" }, secret: null)).Error;

        Assert.Equal("SEARCH_OFF", error.Code);
        Assert.Empty(_service.Calls);
    }

    private async Task<StepError> FailAsync(object parameters) => Assert.IsType<NodeResult.Failure>(await RunAsync(parameters)).Error;

    private Task<NodeResult> RunAsync(object parameters, string? secret = Secret)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Security:EncryptionKey", secret)]).Build();
        var run = WorkerBed.NodeRun("search", Guid.CreateVersion7(), "n", JsonSerializer.SerializeToUtf8Bytes(parameters));
        return new SearchNodeRunner(_http, configuration, TimeProvider.System).RunAsync(new NodeCall(Tenant, run), TestContext.Current.CancellationToken);
    }
}
