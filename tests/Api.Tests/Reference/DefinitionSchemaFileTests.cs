using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Reference;

/// <summary>The schema of definitions, as an editor fetches it.</summary>
public sealed class DefinitionSchemaFileTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Path = "/schemas/definition-v1.json";

    [Fact]
    public async Task Anybody_gets_it_and_gets_it_once()
    {
        using var anybody = api.Host.Client();

        var first = await anybody.GetAsync(Path);
        var again = await anybody.GetAsync(Path, ("If-None-Match", first.ETag));
        var other = await anybody.GetAsync(Path, ("If-None-Match", "\"0123456789abcdef\""));

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal("application/schema+json", first.ContentHeaders.ContentType!.MediaType);
        Assert.Equal(
            "https://json-schema.org/draft/2020-12/schema", first.Json.GetProperty("$schema").GetString());
        Assert.Equal(JsonValueKind.Object, first.Json.GetProperty("$defs").GetProperty("parameters.http").ValueKind);
        Assert.Equal((HttpStatusCode.NotModified, ""), (again.Status, again.Text));
        Assert.Equal((HttpStatusCode.OK, first.Text), (other.Status, other.Text));
    }

    [Fact]
    public async Task A_browser_gets_it_and_not_the_console()
    {
        using var anybody = api.Host.Client();

        var shown = await anybody.GetAsync(Path, ("Accept", "text/html"));
        var missing = await anybody.GetAsync("/schemas/definition-v2.json", ("Accept", "text/html"));

        Assert.Equal("application/schema+json", shown.ContentHeaders.ContentType!.MediaType);
        Assert.Equal((HttpStatusCode.NotFound, "ROUTE_NOT_FOUND"), (missing.Status, missing.ErrorCode));
    }
}
