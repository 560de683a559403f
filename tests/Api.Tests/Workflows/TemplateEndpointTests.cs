using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Api.Workflows;
using Workflows.Testing;

namespace Workflows.Api.Tests.Workflows;

/// <summary>Templates as they are found, and as workflows are made of them.</summary>
public sealed class TemplateEndpointTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    public static TheoryData<string> Names { get; } = [.. TemplateLibrary.All.Select(template => template.View.Name)];

    [Fact]
    public async Task Templates_are_found_by_all_of_their_words_and_by_category()
    {
        using var owner = api.Host.Owner();

        var all = Found(await owner.GetAsync("templates"));

        Assert.True(all.Count >= 12, $"{all.Count} templates");
        Assert.Equal(all.Count, all.Distinct().Count());
        Assert.Equal(["order-saga"], Found(await owner.GetAsync("templates?q=COMPENSATION+http")));
        Assert.Equal(["ussd-menu"], Found(await owner.GetAsync("templates?q=sessionReply")));
        Assert.Empty(Found(await owner.GetAsync("templates?q=compensation+ussd")));
        Assert.Equal(all, Found(await owner.GetAsync("templates?q=++")));
        var byCategory = new List<string>();
        foreach (var category in TemplateLibrary.Categories)
        {
            byCategory.AddRange(Found(await owner.GetAsync($"templates?category={category}")));
        }

        Assert.Equal(all, byCategory);
        (await owner.GetAsync("templates?category=moons")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync($"templates?q={new string('x', Limits.NameLength + 1)}"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync("templates/no-such")).Fails(HttpStatusCode.NotFound, "TEMPLATE_NOT_FOUND");
    }

    [Fact]
    public async Task A_template_says_what_it_needs_and_what_comes_of_it()
    {
        using var owner = api.Host.Owner();

        var one = (await owner.GetAsync("templates/webhook-order")).Ok().Data;

        Assert.Equal(["webhook"], Texts(one.GetProperty("triggers")));
        Assert.Equal(["validate", "log", "if", "http", "email"], Texts(one.GetProperty("nodeTypes")));
        Assert.Equal(["mail"], Texts(one.GetProperty("requires").GetProperty("connectors")));
        Assert.Equal(["ORDERS_HOOK"], Texts(one.GetProperty("requires").GetProperty("secrets")));
        Assert.Equal("A-17", one.GetProperty("input").GetProperty("body").GetProperty("id").GetString());
        Assert.Equal("good", one.GetProperty("examples")[0].GetProperty("output").GetProperty("credit").GetString());
        var failing = (await owner.GetAsync("templates/order-saga")).Ok().Data.GetProperty("examples")[1];
        Assert.Equal("PAYMENT_REFUSED", failing.GetProperty("code").GetString());
        Assert.Equal(JsonValueKind.Null, failing.GetProperty("output").ValueKind);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_template_names_all_that_it_needs_and_is_made_and_tried_when_that_is_there(string name)
    {
        using var owner = api.Host.Client((await api.Host.CreateTenantAsync($"t-{name}")).ApiKey);
        var template = (await owner.GetAsync($"templates/{name}")).Ok().Data;
        var requires = template.GetProperty("requires");
        var job = (await owner.CreateWorkflowAsync()).Data.GetProperty("jobId").GetString();
        var file = FileOf(template);

        var check = (await owner.PostAsync($"jobs/{job}/import?check=true", file)).Ok().Data;

        var connectors = Texts(requires.GetProperty("connectors"));
        Assert.All(Problems(check), code => Assert.Equal("CONNECTOR_UNKNOWN", code));
        Assert.Equal(connectors.Count > 0, Problems(check).Count > 0);
        foreach (var connector in connectors)
        {
            (await owner.PostAsync("connectors", ConnectorOf(connector))).Ok(HttpStatusCode.Created);
        }

        var made = (await owner.PostAsync($"jobs/{job}/import", file)).Ok().Data;

        Assert.Equal(
            Texts(requires.GetProperty("secrets")).Concat(Texts(requires.GetProperty("workflows"))).Order(),
            made.GetProperty("missing").EnumerateArray().Select(one => one.GetProperty("name").GetString()!).Order());
        var path = $"workflows/{made.GetProperty("id").GetString()}";
        var pins = template.GetProperty("examples")[0].GetProperty("pins");
        (await owner.SendAsync(HttpMethod.Put, $"{path}/pins", ApiClient.Json(new { pins }), ("If-Match", "*"))).Ok();
        (await owner.PostAsync($"{path}/test", new { input = template.GetProperty("input") }))
            .Ok(HttpStatusCode.Accepted);
        Assert.All(
            template.GetProperty("notes").EnumerateArray().Select(note => note.GetProperty("node").GetString())
                .OfType<string>(),
            node => Assert.Contains($"\"id\":\"{node}\"", Compact(template.GetProperty("definition")),
                StringComparison.Ordinal));
    }

    [Fact]
    public void The_page_of_templates_lists_each_by_its_category()
    {
        var page = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "templates.md"));

        Assert.All(TemplateLibrary.Categories, category => Assert.Contains(
            $"| `{category}` | {string.Join(", ", TemplateLibrary.Search(null, category)
                .Select(item => $"`{item.Name}`").Order(StringComparer.Ordinal))} |",
            page));
    }

    [Fact]
    public async Task Templates_are_for_those_who_may_read_workflows()
    {
        using var owner = api.Host.Owner();
        using var other = api.Host.Client((await owner.CreateKeyAsync("executions.read")).Key);
        using var reader = api.Host.Client((await owner.CreateKeyAsync("workflows.read")).Key);

        (await other.GetAsync("templates")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await other.GetAsync("templates/fan-out")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await reader.GetAsync("templates/fan-out")).Ok();
    }

    private static object FileOf(JsonElement template) => new
    {
        format = "workflows.export",
        schema = 1,
        type = "workflow",
        workflows = new[]
        {
            new
            {
                job = Array.Empty<string>(),
                name = template.GetProperty("title"),
                definition = template.GetProperty("definition"),
                tags = template.GetProperty("tags"),
            },
        },
    };

    private static object ConnectorOf(string name) => name switch
    {
        "mail" => new { name, type = "smtp", config = new { host = "mail.example.com" } },
        "warehouse" => new
        {
            name,
            type = "postgres",
            config = new { host = "db.example.com", database = "w", username = "u", password = "a password" },
        },
        _ => throw new ArgumentException($"No template of before needs a connector '{name}'.", nameof(name)),
    };

    private static List<string> Problems(JsonElement check) =>
        [.. check.GetProperty("problems").EnumerateArray().Select(one => one.GetProperty("code").GetString()!)];

    private static string Compact(JsonElement json) => JsonSerializer.Serialize(json);

    private static List<string> Found(Answer answer) =>
        [.. answer.Ok().Data.EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];

    private static List<string> Texts(JsonElement list) => [.. list.EnumerateArray().Select(one => one.GetString()!)];
}
