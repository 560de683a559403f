using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Reference;

/// <summary>The start page and Scalar's reference, as a browser gets them.</summary>
public sealed partial class ReferencePageTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_reference_may_run_only_its_own_scripts_and_call_only_this_api()
    {
        using var page = await GetAsync("/reference/");

        var policy = Policy(page);
        Assert.Equal("'none'", policy["default-src"]);
        Assert.Matches("^'self' 'nonce-[0-9A-F]{32}'$", policy["script-src"]);
        Assert.Equal("'self'", policy["connect-src"]);
        Assert.Equal("'self' data:", policy["img-src"]);
        Assert.Equal("'none'", policy["base-uri"]);
        Assert.Equal("'none'", policy["form-action"]);
        Assert.Equal("'none'", policy["frame-ancestors"]);
        Assert.Equal("'unsafe-inline'", policy["style-src"]);
        Assert.Equal(8, policy.Count);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        Assert.True(page.Headers.CacheControl!.NoStore); // or a nonce would serve twice
    }

    [Fact]
    public async Task Every_script_of_the_reference_bears_the_nonce_of_its_response()
    {
        var nonces = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            using var page = await GetAsync("/reference/");
            var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var nonce = Nonce().Match(Policy(page)["script-src"]).Groups[1].Value;

            Assert.NotEmpty(Script().Matches(html));
            Assert.All(
                Script().Matches(html),
                script => Assert.Contains($"nonce=\"{nonce}\"", script.Value, StringComparison.Ordinal));
            nonces.Add(nonce);
        }

        Assert.Equal(3, nonces.Count);
    }

    [Fact]
    public async Task All_that_the_pages_load_is_served_by_this_api()
    {
        foreach (var page in new[] { "/", "/reference/" })
        {
            var html = await TextAsync(page);

            Assert.DoesNotContain("//", ShownText().Replace(html, ""), StringComparison.Ordinal);
            foreach (Match link in Link().Matches(html))
            {
                var address = new Uri(new Uri(api.Host.BaseAddress, page), link.Groups[1].Value);
                Assert.Equal(api.Host.BaseAddress.Authority, address.Authority);
                using var answer = await GetAsync(address.PathAndQuery);
                Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Found, $"{address}");
            }
        }
    }

    [Fact]
    public async Task Scripts_are_scripts_of_the_assembly()
    {
        var scripts = Script().Matches(await TextAsync("/reference/"))
            .Select(script => Link().Match(script.Value)).Where(link => link.Success).ToList();

        Assert.Equal(2, scripts.Count);
        foreach (var script in scripts)
        {
            using var answer = await GetAsync($"/reference/{script.Groups[1].Value}");
            Assert.Equal("text/javascript", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            var bytes = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            Assert.True(bytes.Length > 1_000);
        }
    }

    [Fact]
    public async Task Nothing_of_the_reference_asks_or_tells_another_host()
    {
        var settings = await SettingsAsync();

        Assert.False(settings.GetProperty("withDefaultFonts").GetBoolean());
        Assert.False(settings.GetProperty("telemetry").GetBoolean());
        Assert.True(settings.GetProperty("agent").GetProperty("disabled").GetBoolean());
        Assert.True(settings.GetProperty("mcp").GetProperty("disabled").GetBoolean());
        Assert.True(settings.GetProperty("hideClientButton").GetBoolean());
        Assert.Equal("never", settings.GetProperty("showDeveloperTools").GetString());
        Assert.False(settings.TryGetProperty("proxyUrl", out _));
        Assert.False(settings.TryGetProperty("persistAuth", out _)); // a key stays in the page
    }

    [Fact]
    public async Task The_pages_and_the_document_are_found_below_whatever_path_the_api_has()
    {
        using var answer = await GetAsync("/reference");

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal("reference/", answer.Headers.Location!.OriginalString);
        var source = (await SettingsAsync()).GetProperty("sources")[0];
        Assert.Equal("openapi/v1.json", source.GetProperty("url").GetString());
        Assert.All(
            Link().Matches(await TextAsync("/")),
            link => Assert.False(link.Groups[1].Value.StartsWith('/'), link.Value));
    }

    [Fact]
    public async Task Each_way_to_sign_in_that_the_reference_offers_is_accepted()
    {
        var document = JsonElement.Parse(await TextAsync("/openapi/v1.json"));
        var schemes = document.GetProperty("components").GetProperty("securitySchemes");
        var preferred = (await SettingsAsync()).GetProperty("authentication").GetProperty("preferredSecurityScheme");
        var offered = 0;

        Assert.True(schemes.TryGetProperty(preferred[0].GetString()!, out _));
        foreach (var scheme in schemes.EnumerateObject())
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/workflows");
            if (scheme.Value.GetProperty("type").GetString() == "apiKey")
            {
                Assert.Equal("header", scheme.Value.GetProperty("in").GetString());
                request.Headers.Add(scheme.Value.GetProperty("name").GetString()!, api.Host.First.ApiKey);
            }
            else
            {
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    scheme.Value.GetProperty("scheme").GetString()!, api.Host.First.ApiKey);
            }

            using var browser = Browser();
            using var answer = await browser.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            offered++;
        }

        Assert.Equal(2, offered);
    }

    [Fact]
    public async Task The_start_page_runs_nothing()
    {
        using var page = await GetAsync("/");

        var policy = Policy(page);
        Assert.Equal("'none'", policy["default-src"]);
        Assert.DoesNotContain("script-src", policy.Keys);
        Assert.Equal("'none'", policy["frame-ancestors"]);
        Assert.DoesNotMatch(Script(), await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<JsonElement> SettingsAsync() =>
        JsonElement.Parse(Settings().Match(await TextAsync("/reference/")).Value);

    private async Task<string> TextAsync(string path)
    {
        using var answer = await GetAsync(path);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private async Task<HttpResponseMessage> GetAsync(string path)
    {
        using var browser = Browser();
        return await browser.GetAsync(path, TestContext.Current.CancellationToken);
    }

    private HttpClient Browser() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = api.Host.BaseAddress };

    private static Dictionary<string, string> Policy(HttpResponseMessage page) =>
        page.Headers.GetValues("Content-Security-Policy").Single().Split(';', StringSplitOptions.TrimEntries)
            .Select(directive => directive.Split(' ', 2))
            .ToDictionary(parts => parts[0], parts => parts[1]);

    [GeneratedRegex("'nonce-(\\w+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("<script[^>]*>", RegexOptions.IgnoreCase)]
    private static partial Regex Script();

    [GeneratedRegex("(?:src|href)=\"([^\"]*)\"", RegexOptions.IgnoreCase)]
    private static partial Regex Link();

    // The one long line of the inline script is the configuration.
    [GeneratedRegex("^ *\\{.*\\}(?=,\\r?$)", RegexOptions.Multiline)]
    private static partial Regex Settings();

    // What a page shows as text may name an address.
    [GeneratedRegex("<pre>.*?</pre>", RegexOptions.Singleline)]
    private static partial Regex ShownText();
}
