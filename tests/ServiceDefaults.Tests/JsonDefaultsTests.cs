using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Workflows.ServiceDefaults.Tests;

public sealed class JsonDefaultsTests
{
    internal enum Colour { DarkRed, Blue }

    internal sealed record Sample(int ItemCount, Colour Colour, string? Note = null);

    [Fact]
    public void Names_and_enums_are_camel_case_and_dictionary_keys_stay_as_they_are()
    {
        Assert.Equal(
            """{"itemCount":1,"colour":"darkRed","note":null}""",
            JsonSerializer.Serialize(new Sample(1, Colour.DarkRed), JsonDefaults.Options));
        Assert.Equal(
            """{"Order-Id":1}""",
            JsonSerializer.Serialize(new Dictionary<string, int> { ["Order-Id"] = 1 }, JsonDefaults.Options));
    }

    [Theory]
    [InlineData("""{"itemCount":"1","colour":"blue"}""")] // a number in quotes
    [InlineData("""{"itemCount":1,"colour":1}""")] // an enum as a number
    [InlineData("""{"itemCount":1,"itemCount":2,"colour":"blue"}""")] // one member twice
    [InlineData("""{"ItemCount":1,"colour":"blue"}""")] // another case
    [InlineData("""{"colour":"blue"}""")] // a required member missing
    public void A_document_with_two_meanings_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Sample>(json, JsonDefaults.Options));

    [Fact]
    public void Documents_between_our_processes_may_have_members_of_a_newer_version() =>
        Assert.Equal(
            new Sample(1, Colour.Blue),
            JsonSerializer.Deserialize<Sample>("""{"itemCount":1,"colour":"blue","newer":true}""", JsonDefaults.Options));

    [Fact]
    public void Nesting_one_level_beyond_the_limit_is_refused()
    {
        Assert.NotEqual(default, JsonSerializer.Deserialize<JsonElement>(Nested(Limits.JsonMaxDepth), JsonDefaults.Options));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<JsonElement>(Nested(Limits.JsonMaxDepth + 1), JsonDefaults.Options));
    }

    [Theory]
    [InlineData("""{"itemCount":1,"colour":"blue"}""", HttpStatusCode.OK)]
    [InlineData("""{"itemCount":1,"colour":"blue","colr":"red"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"itemCount":"1","colour":"blue"}""", HttpStatusCode.BadRequest)]
    public async Task Request_bodies_are_read_by_the_same_rules_and_without_unknown_members(string json, HttpStatusCode expected)
    {
        await using var host = await LoopbackHost.StartAsync(map: app => app.MapPost("/samples", (Sample sample) => Results.Ok(sample)));
        using var body = new StringContent(json, Encoding.UTF8, "application/json");

        var response = await host.Client.PostAsync("/samples", body, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.StatusCode);
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);
}
