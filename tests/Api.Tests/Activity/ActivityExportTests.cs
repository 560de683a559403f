using System.Net;
using Workflows.Api.Http;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Activity;

/// <summary>The trail by kind of object, and as a table.</summary>
public sealed class ActivityExportTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_trail_is_filtered_by_the_kind_of_object_and_exported_as_CSV()
    {
        using var owner = api.Host.Owner();
        var workflow = (await owner.PostAsync(
            "workflows", new { name = "=cmd|' /C calc'!A0, \"quoted\"", definition = Samples.Definition() }))
            .Ok(HttpStatusCode.Created);
        (await owner.PostAsync("groups", new { name = "a group" })).Ok(HttpStatusCode.Created);

        var listed = (await owner.GetAsync("activity?object_type=workflow")).Ok().Data;
        var file = await owner.GetAsync($"activity/export?object={workflow.Id}");

        Assert.NotEqual(0, listed.GetArrayLength());
        Assert.All(listed.EnumerateArray(), row => Assert.Equal("workflow", row.GetProperty("objectType").GetString()));
        Assert.Equal(HttpStatusCode.OK, file.Status);
        Assert.Equal("text/csv", file.ContentHeaders.ContentType!.MediaType);
        Assert.Equal("activity.csv", file.ContentHeaders.ContentDisposition!.FileName!.Trim('"'));
        var lines = file.Text.TrimEnd().Split("\r\n");
        Assert.StartsWith("at,actorType,actorId", lines[0], StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        Assert.Contains(",\"'=cmd|' /C calc'!A0, \"\"quoted\"\"\",", lines[1], StringComparison.Ordinal);
        (await owner.GetAsync("activity/export?kind=x")).Fails(HttpStatusCode.BadRequest, "UNKNOWN_PARAMETER");
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"no\"", "\"say \"\"no\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("-2", "'-2")]
    [InlineData("", "")]
    public void A_value_is_quoted_and_never_a_formula(string value, string written) =>
        Assert.Equal($"{written}\r\n", Csv.Line([value]));
}
