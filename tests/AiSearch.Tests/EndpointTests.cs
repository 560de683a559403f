using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.Testing;

namespace Workflows.AiSearch.Tests;

public sealed class EndpointTests(PostgresServer server)
{
    [Fact]
    public async Task A_signed_call_gets_hits_of_its_tenant()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        var tenantId = await bed.AddTenantAsync();
        var id = await bed.AddWorkflowAsync(tenantId, "Refund order", "Gives money back", ["finance"]);
        await bed.IndexAsync();
        await using var app = await StartAsync(bed);

        using var response = await SendAsync(app, bed, tenantId,
            "?q=money%20back&type=workflow&tag=finance&limit=5&threshold=0.1");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal("hybrid", answer.GetProperty("mode").GetString());
        var hit = answer.GetProperty("hits")[0];
        Assert.Equal(id, hit.GetProperty("id").GetGuid());
        Assert.Equal("words", hit.GetProperty("why")[0].GetProperty("signal").GetString());

        using var foreign = await SendAsync(app, bed, await bed.AddTenantAsync(), "?q=money");
        var nothing = await foreign.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal(0, nothing.GetProperty("hits").GetArrayLength());
    }

    [Fact]
    public async Task An_unsigned_stale_or_forged_call_is_refused()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var app = await StartAsync(bed);
        var (tenantId, foreign) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var now = bed.Clock.GetUtcNow().ToUnixTimeSeconds();
        var good = Headers(bed, tenantId, now);
        Dictionary<string, string>[] bad =
        [
            [],
            new(good) { [InternalCaller.TenantHeader] = foreign.ToString() },
            new(good) { [InternalCaller.TimestampHeader] = $"{now + 1}" },
            new(good) { [InternalCaller.SignatureHeader] = "not base64url!" },
            new(good) { [InternalCaller.PersonHeader] = Guid.CreateVersion7().ToString() }, // signed without it
            new(good) { [InternalCaller.PersonHeader] = "nobody" },
            new(good) { [InternalCaller.SignatureHeader] = "AAAA" },
            new(good) { [InternalCaller.TenantHeader] = "everyone" },
            Headers(bed, tenantId, now, "?q=y"),
            Headers(bed, tenantId, now, "?q=x&limit=50"),
            Headers(bed, tenantId, now - 61),
            Headers(bed, tenantId, now + 120),
        ];

        using (var accepted = await SendAsync(app, good, "?q=x"))
        {
            Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);
        }

        foreach (var headers in bad)
        {
            using var response = await SendAsync(app, headers, "?q=x");
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("", "q is missing")]
    [InlineData("?q=%20", "q is missing")]
    [InlineData("?q=x&limit=0", "limit must be a number between 1 and 100")]
    [InlineData("?q=x&limit=101", "limit must be a number between 1 and 100")]
    [InlineData("?q=x&limit=abc", "limit must be a number between 1 and 100")]
    [InlineData("?q=x&threshold=1.01", "threshold must be a number between 0 and 1")]
    [InlineData("?q=x&threshold=NaN", "threshold must be a number between 0 and 1")]
    [InlineData("?q=x&type=secret", "type 'secret' is unknown")]
    [InlineData("?q=x&type=conversation", "known are workflow, node, execution, knowledge_article, prompt_card.")]
    [InlineData("?q=x&tag=", "A tag has between 1 and 100 characters")]
    [InlineData("?q=x&from=yesterday", "from must be a time")]
    [InlineData("?q=x&from=2026-02-01&to=2026-01-01", "from must lie before to")]
    [InlineData("?q=x&workspace=7", "workspace must be the id")]
    [InlineData("?q=x&q=y", "q may be given once")]
    [InlineData("?q=x&sort=name", "Unknown parameter 'sort'")]
    public async Task Bad_input_is_refused_with_what_is_wrong(string query, string expected)
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var app = await StartAsync(bed);

        using var response = await SendAsync(app, bed, Guid.CreateVersion7(), query);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal("VALIDATION_FAILED", problem.GetProperty("code").GetString());
        Assert.Contains(expected, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_one_character_too_long_or_a_filter_too_often_is_refused()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var app = await StartAsync(bed);
        var tenantId = Guid.CreateVersion7();
        var tags = string.Concat(Enumerable.Range(0, Limits.FilterValues + 1).Select(i => $"&tag=t{i}"));

        foreach (var (query, status) in new[]
        {
            ($"?q={new string('x', Limits.QueryMaxLength)}", HttpStatusCode.OK),
            ($"?q={new string('x', Limits.QueryMaxLength + 1)}", HttpStatusCode.BadRequest),
            ($"?q=x{tags}", HttpStatusCode.BadRequest),
            ($"?q=x&tag={new string('t', Limits.TagMaxLength + 1)}", HttpStatusCode.BadRequest),
        })
        {
            using var response = await SendAsync(app, bed, tenantId, query);
            Assert.Equal(status, response.StatusCode);
        }
    }

    [Fact]
    public async Task Health_names_database_vector_index_and_provider_and_degrades_without_the_provider()
    {
        await using var provider = await EmbeddingServer.StartAsync();
        await using var bed = await SearchBed.CreateAsync(server);
        await using var app = await StartAsync(bed, provider.Settings());

        var healthy = await GetAsync(app, "/health");
        foreach (var check in (string[])["database", "vector-index", "embedding-provider", "loops"])
        {
            Assert.Equal("healthy", healthy.GetProperty("checks").GetProperty(check).GetProperty("status").GetString());
            Assert.True(healthy.GetProperty("checks").GetProperty(check).GetProperty("latencyMilliseconds").GetDouble() >= 0);
        }

        provider.IsDown = true;
        var degraded = await GetAsync(app, "/health");
        Assert.Equal("degraded", degraded.GetProperty("status").GetString());
        Assert.Contains("words only", degraded.GetProperty("checks").GetProperty("embedding-provider").GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("healthy", (await GetAsync(app, "/alive")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Health_names_the_outbox_while_it_cannot_be_worked_off()
    {
        await using var bed = await SearchBed.CreateAsync(server);
        await using var app = await StartAsync(
            bed, configure: services => services.AddHostedService(all => all.GetRequiredService<OutboxConsumer>()));
        Assert.Equal("healthy", (await GetAsync(app, "/health")).GetProperty("status").GetString());

        await bed.ExecuteAsync("alter table outbox rename to outbox_taken_away");
        await Eventually.TrueAsync(
            async () => (await GetAsync(app, "/health")).GetProperty("status").GetString() == "degraded",
            TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var loops = (await GetAsync(app, "/health")).GetProperty("checks").GetProperty("loops");
        Assert.StartsWith("Working off the outbox has failed for ", loops.GetProperty("reason").GetString(),
            StringComparison.Ordinal);

        await bed.ExecuteAsync("alter table outbox_taken_away rename to outbox");
        await Eventually.TrueAsync(
            async () => (await GetAsync(app, "/health")).GetProperty("status").GetString() == "healthy",
            TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private static async Task<WebApplication> StartAsync(
        SearchBed bed,
        IReadOnlyDictionary<string, string?>? settings = null,
        Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.AddServiceDefaults();
        var configuration = SearchBed.Configuration(bed.OwnerConnection, settings);
        builder.Services.AddSingleton(configuration);
        builder.Services.AddProblemDetails();
        SearchBed.AddServices(builder.Services, configuration);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        app.MapSearch();
        await app.StartAsync();
        return app;
    }

    private static Dictionary<string, string> Sign(SearchBed bed, Guid tenantId, string query) =>
        Headers(bed, tenantId, bed.Clock.GetUtcNow().ToUnixTimeSeconds(), query);

    private static Task<HttpResponseMessage> SendAsync(WebApplication app, SearchBed bed, Guid tenantId,
        string query) =>
        SendAsync(app, Sign(bed, tenantId, query), query);

    private static Dictionary<string,
        string> Headers(SearchBed bed, Guid tenantId, long timestamp, string query = "?q=x") => new()
        {
            [InternalCaller.TenantHeader] = tenantId.ToString(),
            [InternalCaller.TimestampHeader] = $"{timestamp}",
            [InternalCaller.SignatureHeader] =
            bed.Get<InternalCaller>().Sign(tenantId, timestamp, "/internal/search" + query),
        };

    private static async Task<HttpResponseMessage> SendAsync(WebApplication app, Dictionary<string, string> headers, string query)
    {
        using var client = Client(app);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/internal/search" + query);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static async Task<JsonElement> GetAsync(WebApplication app, string path)
    {
        using var client = Client(app);
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    private static HttpClient Client(WebApplication app) => new()
    {
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()),
    };
}
