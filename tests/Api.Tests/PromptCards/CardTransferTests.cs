using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.PromptCards;

/// <summary>Cards out of one workspace and into another.</summary>
public sealed class CardTransferTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task What_was_exported_is_the_same_where_it_is_imported()
    {
        using var owner = api.Host.Owner();
        var card = await PromptCardTests.CreateAsync(owner);
        (await owner.PatchAsync($"prompt-cards/{card.Id}", card.ETag, new
        {
            settings = new { maxTokens = 9 },
            note = "n"
        })).Ok();
        (await owner.SendAsync(
            HttpMethod.Post, $"prompt-cards/{card.Id}/versions/1/publish", null, ("If-Match", "*"))).Ok();
        (await owner.PostAsync($"prompt-cards/{card.Id}/test-sets", TestRunTests.Set(2))).Ok(HttpStatusCode.Created);
        var file = (await owner.GetAsync($"prompt-cards/export?id={card.Id}")).Ok().Data;
        var there = await owner.CreateAsync("workspaces", new { name = Samples.Name("w") });

        var made = (await owner.PostAsync("prompt-cards/import", Request(file, there.Id).ToJsonString())).Ok().Data[0];

        Assert.Equal("created", made.GetProperty("action").GetString());
        var again = (await owner.GetAsync($"prompt-cards/export?workspaceId={there.Id}")).Ok().Data;
        Assert.True(JsonElement.DeepEquals(file, again), again.GetRawText());
        (await owner.GetAsync($"prompt-cards/export?id={Guid.CreateVersion7()}"))
            .Fails(HttpStatusCode.NotFound, "PROMPT_CARD_NOT_FOUND");
        (await owner.GetAsync("prompt-cards/export")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Theory]
    [InlineData("skip", "skipped", 1, 1)]
    [InlineData("rename", "renamed", 2, 1)]
    [InlineData("replace", "replaced", 1, 2)]
    public async Task A_title_that_is_there_is_skipped_renamed_or_replaced(string clash, string action, int cards,
        int number)
    {
        using var owner = api.Host.Owner();
        var card = await PromptCardTests.CreateAsync(owner);
        var workspace = card.Data.GetProperty("workspaceId").GetGuid();
        (await owner.PostAsync($"prompt-cards/{card.Id}/test-sets", TestRunTests.Set())).Ok(HttpStatusCode.Created);
        var file = (await owner.GetAsync($"prompt-cards/export?id={card.Id}")).Ok().Data;
        var body = Request(file, workspace, clash);
        body["cards"]![0]!["versions"]![0]!["messages"]![0]!["text"] = "Another.";

        body["dryRun"] = true;
        Assert.Equal(action, (await owner.PostAsync("prompt-cards/import", body.ToJsonString())).Ok().Data[0]
            .GetProperty("action").GetString());
        Assert.Single((await owner.GetAsync($"prompt-cards?workspaceId={workspace}")).Ok().Data.EnumerateArray());
        body["dryRun"] = false;
        (await owner.PostAsync("prompt-cards/import", body.ToJsonString())).Ok();

        Assert.Equal(cards, (await owner.GetAsync($"prompt-cards?workspaceId={workspace}")).Ok().Data.GetArrayLength());
        Assert.Equal(
            number, (await owner.GetAsync($"prompt-cards/{card.Id}")).Ok().Data.GetProperty("number").GetInt32());
        Assert.Single((await owner.GetAsync($"prompt-cards/{card.Id}/test-sets")).Ok().Data.EnumerateArray());
    }

    [Fact]
    public async Task One_wrong_card_keeps_all_out_and_each_problem_has_its_place()
    {
        using var owner = api.Host.Owner();
        var there = await owner.CreateAsync("workspaces", new { name = Samples.Name("w") });
        var good = new
        {
            title = "good", versions = new[] { new { messages = new[] { new { role = "user",
            text = "x" } } } }
        };
        var bad = new
        {
            title = "bad", versions = new[] { new { messages = new[] { new { role = "robot",
                text = "{{ nobody }}" } } } },
            testSets = new[] { new { name = "s", cases = Array.Empty<object>() } }, publishedNumber = 2,
        };

        var refused = (await owner.PostAsync(
            "prompt-cards/import", new
            {
                workspaceId = there.Id, schema = 1, cards = new object[] { good, bad,
                good }
            }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        foreach (var place in (string[])
            ["/cards/1/versions/0/messages/0/role", "/cards/1/versions/0/messages/0/text", "/cards/1/testSets/0/cases",
                "/cards/1/publishedNumber", "/cards/2/title"])
        {
            Assert.Contains($"\"{place}\"", refused.Text, StringComparison.Ordinal);
        }

        Assert.Empty((await owner.GetAsync($"prompt-cards?workspaceId={there.Id}")).Ok().Data.EnumerateArray());
    }

    private static JsonObject Request(JsonElement file, Guid workspace, string clash = "skip")
    {
        var body = JsonNode.Parse(file.GetRawText())!.AsObject();
        body["workspaceId"] = workspace;
        body["clash"] = clash;
        return body;
    }
}
