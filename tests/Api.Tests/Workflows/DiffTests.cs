using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

public sealed class DiffTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Versions_differ_by_nodes_edges_and_triggers_as_data_and_as_text()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync(Define("https://a.example/", "first"));
        var path = $"workflows/{created.Id}";
        (await owner.PatchAsync(path, "*", new { definition = Define("https://b.example/", "second") })).Ok();

        var diff = (await owner.GetAsync($"{path}/versions/1/diff/2")).Ok().Data;
        var text = await owner.GetAsync($"{path}/versions/1/diff/2?format=text");

        var changes = diff.GetProperty("changes").EnumerateArray()
            .Select(change => string.Join(' ', new[] { "kind", "part", "id", "pointer" }
            .Select(name => change.GetProperty(name).GetString()))).ToList();
        Assert.Equal(
            ["changed node call /parameters/url", "removed node first ", "added node second ",
                "removed edge call:main->first ", "added edge call:main->second "],
            changes);
        Assert.Equal("https://a.example/", diff.GetProperty("changes")[0].GetProperty("before").GetString());
        Assert.Equal("text/plain", text.ContentHeaders.ContentType!.MediaType);
        Assert.Contains("~ node call /parameters/url: \"https://a.example/\" -> \"https://b.example/\"\n", text.Text,
            StringComparison.Ordinal);
        Assert.Equal(0, (await owner.GetAsync($"{path}/versions/2/diff/2")).Ok().Data.GetProperty("count").GetInt32());
        (await owner.GetAsync($"{path}/versions/1/diff/3"))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
        (await owner.GetAsync($"{path}/versions/1/diff/2?format=xml"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task Long_lists_and_long_values_are_cut_and_say_so()
    {
        using var owner = api.Host.Owner();
        object Definition(int nodes, string text) => new
        {
            schema = 1,
            nodes = Enumerable.Range(0, nodes)
                .Select(index => new { id = $"n{index}", type = "set", parameters = new { value = text } }),
        };
        var created = await owner.CreateWorkflowAsync(Definition(1, ""));
        (await owner.PatchAsync($"workflows/{created.Id}", "*",
            new { definition = Definition(Limits.DiffChanges + 2, new string('x', Limits.DiffValueLength)) })).Ok();

        var diff = (await owner.GetAsync($"workflows/{created.Id}/versions/1/diff/2")).Ok().Data;

        Assert.Equal(Limits.DiffChanges + 2, diff.GetProperty("count").GetInt32());
        Assert.Equal(Limits.DiffChanges, diff.GetProperty("changes").GetArrayLength());
        Assert.True(diff.GetProperty("isCut").GetBoolean());
        Assert.True(diff.GetProperty("changes")[0].GetProperty("isCut").GetBoolean());
        Assert.Equal(Limits.DiffValueLength, diff.GetProperty("changes")[0].GetProperty("after").GetString()!.Length);
    }

    private static object Define(string url, string last) => new
    {
        schema = 1,
        nodes = new object[] { new { id = "call", type = "http", parameters = new { url } },
            new { id = last, type = "noop" } },
        edges = new[] { new { from = "call", to = last } },
    };
}
