using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.WebConsole;

/// <summary>An API beside a console that was built.</summary>
public sealed class ConsoleFixture(PostgresServer postgres, RedisServer redis) : ApiFixture(postgres, redis)
{
    private readonly string _folder = Directory.CreateTempSubdirectory("workflows-console").FullName;

    protected override Dictionary<string, string?> Settings
    {
        get
        {
            Directory.CreateDirectory(Path.Combine(_folder, "assets"));
            File.WriteAllText(
                Path.Combine(_folder, "index.html"),
                """<meta name="csp-nonce" content="__CSP_NONCE__"><style nonce="__CSP_NONCE__"></style>console""");
            File.WriteAllText(Path.Combine(_folder, "assets", "main-1a2b.js"), "plain");
            File.WriteAllText(Path.Combine(_folder, "assets", "main-1a2b.js.br"), "as br");
            File.WriteAllText(Path.Combine(_folder, "assets", "main-1a2b.js.gz"), "as gzip");
            File.WriteAllText(Path.Combine(_folder, "manifest.webmanifest"), "{}");
            return new() { ["Api:Console"] = _folder };
        }
    }
}

/// <summary>How the console is served.</summary>
public sealed partial class ConsolePageTests(ConsoleFixture api) : IClassFixture<ConsoleFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/executions")]
    [InlineData("/workflows/5/edit?node=a")]
    [InlineData("/a.page.with.points")]
    public async Task The_page_is_served_at_every_path_of_its_own(string path)
    {
        using var page = await GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var html = await page.Content.ReadAsStringAsync(Token);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        var nonce = Nonce().Match(policy).Groups[1].Value;
        Assert.Equal($"""<meta name="csp-nonce" content="{nonce}"><style nonce="{nonce}"></style>console""", html);
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.True(page.Headers.CacheControl!.NoStore);
        Assert.Equal("same-origin", page.Headers.GetValues("Cross-Origin-Opener-Policy").Single());
    }

    [Fact]
    public async Task Each_response_has_a_nonce_of_its_own()
    {
        using var first = await GetAsync("/");
        using var second = await GetAsync("/");

        Assert.NotEqual(
            first.Headers.GetValues("Content-Security-Policy"), second.Headers.GetValues("Content-Security-Policy"));
    }

    [Theory]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api")]
    [InlineData("/openapi/v2.json")]
    [InlineData("/schemas/definition-v2.json")]
    [InlineData("/assets/missing.js")]
    [InlineData("/ws")]
    public async Task What_is_no_page_stays_an_error(string path)
    {
        using var answer = await GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task A_program_that_asks_for_no_page_gets_none()
    {
        using var answer = await GetAsync("/executions", accept: "application/json");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_wrong_method_is_still_told()
    {
        using var answer = await api.Host.Client().Http.PostAsync(new Uri("/executions", UriKind.Relative), null,
            Token);
        using var known = await api.Host.Client().Http.DeleteAsync(new Uri("/api/v1/auth/login", UriKind.Relative),
            Token);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, known.StatusCode);
    }

    [Theory]
    [InlineData(null, null, "plain")]
    [InlineData("gzip", "gzip", "as gzip")]
    [InlineData("gzip, br", "br", "as br")]
    [InlineData("br;q=0, gzip", "gzip", "as gzip")]
    [InlineData("zstd", null, "plain")]
    public async Task A_file_comes_in_the_smallest_form_that_the_browser_reads(
        string? accepted, string? encoding, string content)
    {
        using var file = await GetAsync("/assets/main-1a2b.js", accepted);

        Assert.Equal(content, await file.Content.ReadAsStringAsync(Token));
        Assert.Equal(encoding, file.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("text/javascript", file.Content.Headers.ContentType!.MediaType);
        Assert.Equal("Accept-Encoding", file.Headers.Vary.Single());
        Assert.Contains("immutable", file.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_without_its_content_in_its_name_is_asked_for_again()
    {
        using var file = await GetAsync("/manifest.webmanifest");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/manifest.webmanifest");
        request.Headers.IfNoneMatch.Add(file.Headers.ETag!);
        using var again = await api.Host.Client().Http.SendAsync(request, Token);

        Assert.Equal("no-cache", file.Headers.CacheControl!.ToString());
        Assert.Equal("application/manifest+json", file.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Theory]
    [InlineData("/assets/..%2f..%2fetc%2fpasswd")]
    [InlineData("/assets/%2e%2e/index.html")]
    [InlineData("/assets/main-1a2b.js.br")]
    [InlineData("/assets/MAIN-1a2b.js")]
    public async Task Only_the_files_that_were_built_are_served(string path)
    {
        using var answer = await GetAsync(path, accept: "*/*");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Long_answers_are_compressed_and_those_with_secrets_are_not()
    {
        using var owner = api.Host.Owner();
        foreach (var (path, encoding) in new[]
        {
            ("/api/v1/node-types", "br"), ("/api/v1/auth/me", null), ("/api/v1/secrets", null),
            ("/api/v1/queues", null), // short
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", api.Host.First.ApiKey);
            request.Headers.AcceptEncoding.ParseAdd("gzip, br");
            using var answer = await owner.Http.SendAsync(request, Token);

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(encoding, answer.Content.Headers.ContentEncoding.SingleOrDefault());
            if (encoding is not null)
            {
                await using var body = new BrotliStream(
                    await answer.Content.ReadAsStreamAsync(Token), CompressionMode.Decompress);
                using var reader = new StreamReader(body);
                Assert.StartsWith("{", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
            }
        }
    }

    private async Task<HttpResponseMessage> GetAsync(
        string path, string? encodings = null, string accept = "text/html,*/*;q=0.8")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (encodings is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encodings);
        }

        return await api.Host.Client().Http.SendAsync(request, Token);
    }

    [GeneratedRegex("style-src 'self' 'nonce-([0-9a-f]{32})'")]
    private static partial Regex Nonce();
}
