using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Reference;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Reference;

public sealed class OpenApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    /// <summary>Routes without a caller: the login, and addresses that prove themselves.</summary>
    private static readonly string[] Open =
    [
        "/auth/login", "/auth/refresh", "/auth/accept-invitation", "/auth/register", "/auth/request-password-reset",
        "/auth/reset-password", "/auth/verify-email", "/auth/second-factor", "/auth/oidc/", "/callbacks/",
        "/webhooks/", "/ws",
    ];

    [Fact]
    public void No_two_types_share_a_name_which_would_be_one_schema() =>
        Assert.Empty(typeof(Limits).Assembly.GetTypes()
            .Where(type => !type.IsNested && type.Name.IndexOfAny(['<', '`']) < 0)
            .GroupBy(type => type.Name).Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public async Task The_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere()
    {
        var document = await DocumentAsync();

        Assert.StartsWith("3.1.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var references = new List<string>();
        Collect(document, references);
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(Resolves(document, reference), reference));
    }

    [Fact]
    public async Task Every_operation_is_named_described_and_says_how_it_fails()
    {
        var operations = Operations(await DocumentAsync()).ToList();

        Assert.True(operations.Count > 45, $"{operations.Count} operations");
        Assert.Equal(operations.Count, operations.Select(operation => operation.Value.GetProperty("operationId").GetString()).Distinct().Count());
        foreach (var (name, operation) in operations)
        {
            Assert.True(operation.TryGetProperty("summary", out var summary) && summary.GetString()!.Length > 5, name);
            var responses = operation.GetProperty("responses").EnumerateObject()
                .Where(response => response.Name != "default")
                .Select(response => int.Parse(response.Name, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            Assert.True(operation.GetProperty("responses").TryGetProperty("default", out _), name);
            Assert.Contains(responses, status => status is (>= 200 and < 300) or 302);
            Assert.Contains(400, responses);
            Assert.All(responses.Where(status => status >= 400), status => Assert.Contains(Errors.All, error => error.Status == status));
            Assert.True(!Open.Any(route => name.Contains(route, StringComparison.Ordinal)) == operation.TryGetProperty("security", out _), name);
        }
    }

    [Fact]
    public async Task Changes_document_the_headers_they_need()
    {
        var document = await DocumentAsync();
        Assert.Contains("If-Match", Parameters(document, "/api/v1/workflows/{workflowId}", "patch"));
        Assert.Contains("Idempotency-Key", Parameters(document, "/api/v1/workflows", "post"));
        Assert.Contains("Prefer", Parameters(document, "/api/v1/workflows/{workflowId}/execute", "post"));
        Assert.Contains("cursor", Parameters(document, "/api/v1/workflows", "get"));
    }

    [Fact]
    public async Task Every_example_of_a_body_is_accepted()
    {
        using var owner = api.Host.Owner();
        var workflow = (await owner.PostAsync("workflows", Examples.Bodies["postWorkflows"])).Ok(HttpStatusCode.Created);
        (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();

        (await owner.PostAsync("workspaces", Examples.Bodies["postWorkspaces"])).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("api-keys", Examples.Bodies["postApiKeys"])).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("users", Examples.Bodies["postUsers"])).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("auth/login", Examples.Bodies["postAuthLogin"])).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        Assert.True((await owner.PostAsync("workflows/validate", Examples.Bodies["postWorkflowsValidate"])).Ok().Data.GetProperty("valid").GetBoolean());
        (await owner.PostAsync($"workflows/{workflow.Id}/execute", Examples.Bodies["postWorkflowsWorkflowIdExecute"])).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"workflows/{workflow.Id}/execute/bulk", Examples.Bodies["postWorkflowsWorkflowIdExecuteBulk"])).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync("events", Examples.Bodies["postEvents"])).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Every_example_belongs_to_an_operation_of_the_document()
    {
        var ids = Operations(await DocumentAsync()).ToDictionary(operation => operation.Value.GetProperty("operationId").GetString()!, operation => operation.Value);

        Assert.All(Examples.Bodies.Keys, id =>
        {
            Assert.Contains(id, ids);
            Assert.All(ids[id].GetProperty("requestBody").GetProperty("content").EnumerateObject(), media => Assert.True(media.Value.TryGetProperty("example", out _), id));
        });
    }

    [Fact]
    public async Task The_document_names_no_host_that_a_caller_made_up_and_comes_compressed_or_not_at_all()
    {
        using var anybody = api.Host.Client();
        var forged = await anybody.GetAsync("/openapi/v1.json", ("Host", "evil.example"));
        using var request = new HttpRequestMessage(HttpMethod.Get,
            "/openapi/v1.json")
        { Headers = { AcceptEncoding = { new("gzip") } } };
        using var compressed = await anybody.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await using var gzip = new GZipStream(
            await compressed.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken),
            CompressionMode.Decompress);
        using var unpacked = new StreamReader(gzip);
        var unchanged = await anybody.GetAsync("/openapi/v1.json", ("If-None-Match", forged.ETag));

        Assert.DoesNotContain("evil.example", forged.Text, StringComparison.Ordinal);
        Assert.Equal("gzip", compressed.Content.Headers.ContentEncoding.Single());
        Assert.Equal(forged.Text, await unpacked.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal((HttpStatusCode.NotModified, ""), (unchanged.Status, unchanged.Text));
        Assert.Equal("no-referrer", forged.Headers.GetValues("Referrer-Policy").Single());
    }

    private async Task<JsonElement> DocumentAsync()
    {
        using var anybody = api.Host.Client();
        return (await anybody.GetAsync("/openapi/v1.json")).Json;
    }

    private static IEnumerable<(string Name, JsonElement Value)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select ($"{operation.Name} {path.Name}", operation.Value);

    private static IEnumerable<string?> Parameters(JsonElement document, string path, string method) =>
        document.GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("parameters").EnumerateArray()
            .Select(parameter => parameter.TryGetProperty("$ref", out var reference)
                ? document.GetProperty("components").GetProperty("parameters").GetProperty(reference.GetString()!.Split('/')[^1])
                : parameter)
            .Select(parameter => parameter.GetProperty("name").GetString());

    private static void Collect(JsonElement element, List<string> references)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
            {
                if (member.Name == "$ref" && member.Value.ValueKind == JsonValueKind.String)
                {
                    references.Add(member.Value.GetString()!);
                }

                Collect(member.Value, references);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Collect(item, references);
            }
        }
    }

    private static bool Resolves(JsonElement document, string reference)
    {
        var at = document;
        foreach (var part in reference.TrimStart('#', '/').Split('/'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(part.Replace("~1", "/", StringComparison.Ordinal), out at))
            {
                return false;
            }
        }

        return true;
    }
}
