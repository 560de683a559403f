using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.PromptCards;

/// <summary>Prompt cards over HTTP: versions, filters, trash, who sees them.</summary>
public sealed class PromptCardTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    internal static object Card(Guid workspaceId, string title, string type = "string", object? metadata = null) => new
    {
        workspaceId,
        title,
        description = "Answers customers",
        tags = new[] { "support" },
        metadata = metadata ?? new { category = "enterprise" },
        messages = new[] { new { role = "system", text = "Be kind." }, new { role = "user",
            text = "Hello {{ name }}" } },
        variables = new[] { new { name = "name", type } },
        settings = new { temperature = 0.5 },
    };

    internal static async Task<Answer> CreateAsync(ApiClient owner, string? title = null, Guid? workspace = null) =>
        await owner.CreateAsync("prompt-cards", Card(
            workspace ?? (await owner.CreateAsync("workspaces", new { name = Samples.Name("w") })).Id,
            title ?? Samples.Name("card")));

    [Fact]
    public async Task Other_content_makes_a_version_and_versions_can_be_compared_restored_and_published()
    {
        using var owner = api.Host.Owner();
        var card = await CreateAsync(owner);
        var path = $"prompt-cards/{card.Id}";

        var renamed = (await owner.PatchAsync(path, card.ETag, new { title = Samples.Name("other") })).Ok();
        Assert.Equal(1, renamed.Data.GetProperty("number").GetInt32());
        var changed = (await owner.PatchAsync(path, renamed.ETag, new
        {
            messages = new[] { new { role = "user", text = "Hi {{ name }}" } }, settings = new { maxTokens = 5 },
            note = "shorter",
        })).Ok();
        Assert.Equal(2, changed.Data.GetProperty("number").GetInt32());
        (await owner.PatchAsync(path, renamed.ETag, new { title = "late" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var same = (await owner.PatchAsync(path, changed.ETag, new { settings = new { maxTokens = 5 } })).Ok();
        Assert.Equal(2, same.Data.GetProperty("number").GetInt32());

        var diff = (await owner.GetAsync($"{path}/versions/1/diff/2")).Ok().Data.GetProperty("changes")
            .EnumerateArray().Select(change =>
                $"{change.GetProperty("part")} {change.GetProperty("kind")} {change.GetProperty("name")}");
        Assert.Equal(
            ["message changed 0", "message removed 1", "setting added maxTokens", "setting removed temperature"],
            diff.Order(StringComparer.Ordinal));

        (await owner.SendAsync(HttpMethod.Post, $"{path}/versions/1/publish", null, ("If-Match", same.ETag))).Ok();
        Assert.Equal(1, (await RenderAsync(owner, path)).GetProperty("version").GetInt32());
        var restored = (await owner.SendAsync(
            HttpMethod.Post, $"{path}/versions/1/restore", null, ("If-Match", "*"))).Ok();
        Assert.Equal(3, restored.Data.GetProperty("number").GetInt32());
        Assert.Equal(
            [3, 2, 1],
            (await owner.GetAsync($"{path}/versions")).Ok().Data.EnumerateArray()
                .Select(version => version.GetProperty("number").GetInt32()));
        Assert.Equal("shorter", (await owner.GetAsync($"{path}/versions/2")).Ok().Data.GetProperty("note").GetString());
        (await owner.GetAsync($"{path}/versions/9")).Fails(HttpStatusCode.NotFound, "PROMPT_VERSION_NOT_FOUND");
    }

    [Fact]
    public async Task Cards_are_found_by_variable_type_category_tag_words_and_workspace()
    {
        using var owner = api.Host.Owner();
        var workspace = (await owner.CreateAsync("workspaces", new { name = Samples.Name("w") })).Id;
        var one = await owner.CreateAsync("prompt-cards", Card(workspace, "Find 100%_me"));
        var two = await owner.CreateAsync(
            "prompt-cards", Card(workspace, "Another", "number", new { category = "small" }));

        async Task<Guid[]> FindAsync(string query) =>
            [.. (await owner.GetAsync($"prompt-cards?workspaceId={workspace}&{query}")).Ok().Data.EnumerateArray()
                .Select(row => row.GetProperty("id").GetGuid())];

        Assert.Equal([two.Id, one.Id], await FindAsync("per_page=5"));
        Assert.Equal([one.Id], await FindAsync("variableType=string"));
        Assert.Equal([two.Id], await FindAsync("variableType=number&metadata.category=small"));
        Assert.Empty(await FindAsync("variableType=number&metadata.category=enterprise"));
        Assert.Empty(await FindAsync("metadata.category=%22%7D"));
        Assert.Equal([two.Id, one.Id], await FindAsync("tag=support"));
        Assert.Equal([one.Id], await FindAsync("q=100%25_"));
        Assert.Empty(await FindAsync("q=1%25me"));
    }

    [Fact]
    public async Task A_deleted_card_is_gone_until_it_is_restored_also_with_its_workspace()
    {
        using var owner = api.Host.Owner();
        var workspace = await owner.CreateAsync("workspaces", new { name = Samples.Name("w") });
        var card = await CreateAsync(owner, workspace: workspace.Id);
        var path = $"prompt-cards/{card.Id}";

        (await owner.DeleteAsync(path, card.ETag)).Ok();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.NotFound, "PROMPT_CARD_NOT_FOUND");
        Assert.Contains(card.Id.ToString(), (await owner.GetAsync("prompt-cards?deleted=true")).Ok().Text,
            StringComparison.Ordinal);
        (await owner.PostAsync($"{path}/restore")).Ok();
        (await owner.PostAsync($"{path}/restore")).Fails(HttpStatusCode.NotFound, "TRASH_ITEM_NOT_FOUND");
        (await owner.GetAsync(path)).Ok();

        (await owner.DeleteAsync($"workspaces/{workspace.Id}", "*")).Ok();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.NotFound, "PROMPT_CARD_NOT_FOUND");
        // One for each change of the card, and one for that of its workspace.
        Assert.Equal(4, await api.Host.ScalarAsync<long>(
            "select count(*) from outbox where subject_id = $1 and topic = 'index_prompt_card'", card.Id));
    }

    [Fact]
    public async Task A_copy_has_the_test_sets_and_a_title_of_its_own()
    {
        using var owner = api.Host.Owner();
        var card = await CreateAsync(owner);
        (await owner.PostAsync($"prompt-cards/{card.Id}/test-sets", TestRunTests.Set())).Ok(HttpStatusCode.Created);

        var copy = (await owner.PostAsync($"prompt-cards/{card.Id}/duplicate")).Ok(HttpStatusCode.Created);

        Assert.Equal($"{card.Data.GetProperty("title").GetString()} 2", copy.Data.GetProperty("title").GetString());
        Assert.Single((await owner.GetAsync($"prompt-cards/{copy.Id}/test-sets")).Ok().Data.EnumerateArray());
        (await owner.PostAsync("prompt-cards/" + copy.Id + "/duplicate",
            new { title = copy.Data.GetProperty("title").GetString()!.ToUpperInvariant() }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
    }

    [Fact]
    public async Task What_cannot_be_kept_or_put_in_is_told_by_its_place()
    {
        using var owner = api.Host.Owner();
        var card = await CreateAsync(owner);
        var refused = (await owner.PostAsync("prompt-cards", new
        {
            workspaceId = Guid.CreateVersion7(), title = "x",
            messages = new[] { new { role = "user", text = "{{ nobody }}" } },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Contains("/messages/0/text", refused.Text, StringComparison.Ordinal);
        (await owner.PostAsync(
            "prompt-cards",
            """{"workspaceId": "00000000-0000-0000-0000-000000000000", "title": "x", "messages": [null]}"""))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("prompt-cards", Card(Guid.CreateVersion7(), "x")))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        var wrong = (await owner.PostAsync($"prompt-cards/{card.Id}/render", new
        {
            variables = new
            {
                name = 5,
                more = 1
            }
        }))
            .Fails(HttpStatusCode.UnprocessableEntity, "PROMPT_VARIABLES_INVALID");
        Assert.Contains("/variables/name", wrong.Text, StringComparison.Ordinal);
        Assert.Contains("/variables/more", wrong.Text, StringComparison.Ordinal);
        var rendered = await RenderAsync(owner, $"prompt-cards/{card.Id}", "{{ name }}");
        Assert.Equal("Hello {{ name }}", rendered.GetProperty("messages")[1].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Who_sees_only_what_was_granted_sees_cards_of_granted_workspaces_and_changes_by_level()
    {
        using var owner = api.Host.Owner();
        var (mine, other) = (await CreateAsync(owner), await CreateAsync(owner));
        var person = await api.Host.AddPersonAsync("member");
        using var client = person.Client;
        var path = $"prompt-cards/{mine.Id}";
        var workspace = mine.Data.GetProperty("workspaceId").GetGuid();

        (await client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "PROMPT_CARD_NOT_FOUND");
        Assert.Empty((await client.GetAsync("prompt-cards?variableType=string")).Ok().Data.EnumerateArray());

        await GrantAsync("view");
        (await client.GetAsync(path)).Ok();
        Assert.Equal(mine.Id, Assert.Single((await client.GetAsync("prompt-cards?variableType=string")).Ok().Data
            .EnumerateArray()).GetProperty("id").GetGuid());
        (await client.GetAsync($"{path}/versions/1")).Ok();
        (await client.PostAsync($"{path}/render", new { variables = new { name = "x" } })).Ok();
        (await client.PatchAsync(path, "*", new { title = "no" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await client.DeleteAsync(path, "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await client.PostAsync($"{path}/run", new { variables = new { name = "x" } }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await client.PostAsync($"{path}/test-sets", TestRunTests.Set()))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await client.GetAsync($"prompt-cards/{other.Id}/versions/1")).Fails(
            HttpStatusCode.NotFound, "PROMPT_CARD_NOT_FOUND");

        await GrantAsync("edit");
        var changed = (await client.PatchAsync(path, "*", new
        {
            messages = new[] { new { role = "user",
            text = "x" } }
        }))
            .Ok();
        Assert.Equal(2, changed.Data.GetProperty("number").GetInt32());
        (await client.PostAsync($"{path}/test-sets", TestRunTests.Set())).Ok(HttpStatusCode.Created);
        (await client.PostAsync("prompt-cards", Card(other.Data.GetProperty("workspaceId").GetGuid(), "no")))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        async Task GrantAsync(string level) => (await owner.SendAsync(
            HttpMethod.Put, $"workspaces/{workspace}/permissions",
            ApiClient.Json(new { userId = person.Id, level }))).Ok();
    }

    private static async Task<JsonElement> RenderAsync(ApiClient owner, string path, string name = "you") =>
        (await owner.PostAsync($"{path}/render", new { variables = new { name } })).Ok().Data;
}
