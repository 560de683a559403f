using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Search;

public sealed class SearchTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private const string Secret = "a secret of this test, long enough for anybody";

    private readonly List<(string Query, string Tenant, string Timestamp, string Signature)> _calls = [];
    private readonly List<string?> _paths = [];
    private WebApplication? _search;
    private ApiHost? _host;
    private int _status = StatusCodes.Status200OK;

    private ApiHost Host => _host!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _search = builder.Build();
        _search.MapGet("/internal/{**path}", context =>
        {
            _paths.Add(context.Request.Path);
            var headers = context.Request.Headers;
            _calls.Add((context.Request.QueryString.Value!, headers["X-Workflows-Tenant"]!,
                headers["X-Workflows-Timestamp"]!, headers["X-Workflows-Signature"]!));
            context.Response.StatusCode = _status;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"hits":[{"title":"Order"}],"detail":"type 'x' is unknown"}""");
        });
        await _search.StartAsync();
        _host = await ApiHost.StartAsync(postgres, redis, new()
        {
            ["Security:EncryptionKey"] = Secret,
            ["services:aisearch:http:0"] = _search.Urls.Single(),
        });
    }

    [Fact]
    public async Task A_search_is_passed_on_under_the_signed_tenant_of_the_caller()
    {
        using var owner = Host.Owner();

        var answer = (await owner.GetAsync("search?q=order%20%26%20more&limit=5&type=workflow&threshold=0.5")).Ok();

        Assert.Equal("Order", answer.Data.GetProperty("hits")[0].GetProperty("title").GetString());
        var (query, tenant, timestamp, signature) = Assert.Single(_calls);
        Assert.Equal("?q=order%20%26%20more&limit=5&type=workflow&threshold=0.5", query);
        Assert.Equal(Host.First.TenantId.ToString(), tenant);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(Secret), 32,
            info: "internal-calls"u8.ToArray());
        Assert.Equal(Base64Url.EncodeToString(
            HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"{tenant}|{timestamp}|/internal/search{query}"))),
            signature);
    }

    [Theory]
    [InlineData("search")]
    [InlineData("search?q=%20")]
    [InlineData("search?q=a&limit=0")]
    [InlineData("search?q=a&limit=51")]
    [InlineData("search?q=a&threshold=2")]
    [InlineData("search?q=a&offset=-1")]
    [InlineData("search?q=a&offset=1001")]
    [InlineData("search/suggest")]
    [InlineData("search/suggest?q=a&limit=21")]
    [InlineData("search/similar?of=workflow")]
    [InlineData("search/similar?id=01a1f959-5174-7253-bae2-185d9dd0cb85")]
    [InlineData("search/similar?of=workflow&id=01a1f959-5174-7253-bae2-185d9dd0cb85&limit=0")]
    public async Task A_search_that_cannot_be_meant_is_refused(string path)
    {
        using var owner = Host.Owner();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        Assert.Empty(_calls);
    }

    [Fact]
    public async Task Several_types_and_tags_a_page_and_the_other_questions_are_passed_on()
    {
        using var owner = Host.Owner();

        (await owner.GetAsync("search?q=a&type=workflow&type=node&tag=x&tag=y%26z&offset=20&group=false")).Ok();
        (await owner.GetAsync("search/suggest?q=ref&limit=3&type=workflow")).Ok();
        (await owner.GetAsync("search/similar?of=workflow&id=01a1f959-5174-7253-bae2-185d9dd0cb85")).Ok();

        Assert.Equal(["/internal/search", "/internal/search/suggest", "/internal/search/similar"], _paths);
        Assert.Equal(
            [
                "?q=a&offset=20&type=workflow&type=node&tag=x&tag=y%26z&group=false", "?q=ref&limit=3&type=workflow",
                "?of=workflow&id=01a1f959-5174-7253-bae2-185d9dd0cb85",
            ],
            _calls.Select(call => call.Query));
    }

    [Theory]
    [InlineData("search.read,workflows.read", "&visible=workflow&visible=node")]
    [InlineData("search.read,executions.read", "&visible=execution")]
    [InlineData("search.read", "&visible=nothing")]
    [InlineData("search.read,knowledge.read", "&visible=knowledge_article")]
    [InlineData("search.read,workflows.read,executions.read,knowledge.read,prompts.read", "")]
    public async Task The_service_is_told_which_types_the_caller_may_see(string permissions, string expected)
    {
        using var owner = Host.Owner();
        var key = (await owner.PostAsync("api-keys", new { name = "limited", scopes = permissions.Split(',') }))
            .Ok(HttpStatusCode.Created);
        using var caller = Host.Client(key.Data.GetProperty("key").GetString()!);

        (await caller.GetAsync("search?q=a")).Ok();

        Assert.Equal("?q=a" + expected, _calls.Single().Query);
    }

    [Fact]
    public async Task What_is_not_indexed_has_nothing_like_it()
    {
        _status = StatusCodes.Status404NotFound;
        using var owner = Host.Owner();
        (await owner.GetAsync("search/similar?of=workflow&id=01a1f959-5174-7253-bae2-185d9dd0cb85"))
            .Fails(HttpStatusCode.NotFound, "NOTHING_INDEXED");
    }

    [Fact]
    public async Task What_the_search_service_refuses_is_the_clients_error()
    {
        _status = StatusCodes.Status400BadRequest;
        using var owner = Host.Owner();
        (await owner.GetAsync("search?q=a&type=x")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Without_the_search_service_the_client_is_told_to_come_back()
    {
        await _search!.StopAsync(TestContext.Current.CancellationToken);
        using var owner = Host.Owner();
        (await owner.GetAsync("search?q=a")).Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _search!.DisposeAsync();
    }
}
