using System.Net;
using System.Text;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

public sealed class WorkingCopyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Each_person_keeps_a_copy_of_their_own_whatever_it_holds()
    {
        using var owner = api.Host.Owner();
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}/working-copy";
        (await ada.Client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "WORKING_COPY_NOT_FOUND");

        var text = """{"definition": {"z": 1, "nodes": "no list", "a": [null, 1e2, "\u00e9"]}}""";
        var first = (await PutAsync(ada.Client, path, text)).Ok();

        Assert.Equal("\"1\"", first.ETag);
        Assert.Equal((1, 1), (Number(first, "baseVersion"), Number(first, "draftVersion")));
        var read = (await ada.Client.GetAsync(path)).Ok();
        Assert.Equal(["z", "nodes", "a"],
            read.Data.GetProperty("definition").EnumerateObject().Select(member => member.Name));
        (await bob.Client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "WORKING_COPY_NOT_FOUND");
        (await PutAsync(bob.Client, path, """{"definition": 7}""")).Ok();
        Assert.Equal("7", (await bob.Client.GetAsync(path)).Ok().Data.GetProperty("definition").GetRawText());
        Assert.Equal(JsonText(first), JsonText((await ada.Client.GetAsync(path)).Ok()));
    }

    [Fact]
    public async Task A_change_names_what_it_was_made_on_and_the_same_again_changes_nothing()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var id = (await owner.CreateWorkflowAsync()).Id;
        var path = $"workflows/{id}/working-copy";
        (await PutAsync(ada.Client, path, """{"definition": 1}""", "\"4\""))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await PutAsync(ada.Client, path, """{"definition": 1}""")).Ok();

        (await PutAsync(ada.Client, path, """{"definition": 2}"""))
            .Fails(HttpStatusCode.PreconditionRequired, "PRECONDITION_REQUIRED");
        Assert.Equal("\"2\"", (await PutAsync(ada.Client, path, """{"definition": 2}""", "\"1\"")).Ok().ETag);
        Assert.Equal("\"2\"", (await PutAsync(ada.Client, path, """{"definition": 2}""", "\"1\"")).Ok().ETag);
        (await PutAsync(ada.Client, path, """{"definition": 3}""", "\"1\""))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await ada.Client.DeleteAsync(path, "\"1\"")).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await ada.Client.DeleteAsync(path, "\"2\"")).Ok();
        (await ada.Client.DeleteAsync(path, "*")).Fails(HttpStatusCode.NotFound, "WORKING_COPY_NOT_FOUND");
    }

    [Fact]
    public async Task It_remembers_the_version_it_was_begun_from()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}/working-copy";
        (await PutAsync(ada.Client, path, """{"definition": 1, "baseVersion": 2}"""))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(ada.Client, path, """{"definition": 1}""")).Ok();
        (await owner.PatchAsync($"workflows/{created.Id}", created.ETag,
            new { definition = Samples.Definition(eventType: "x") })).Ok();

        var read = (await ada.Client.GetAsync(path)).Ok();
        Assert.Equal((1, 2), (Number(read, "baseVersion"), Number(read, "draftVersion")));
        Assert.Equal(1, Number((await PutAsync(ada.Client, path, """{"definition": 2}""", "*")).Ok(), "baseVersion"));
        var moved = (await PutAsync(ada.Client, path, """{"definition": 2, "baseVersion": 2}""", "*")).Ok();
        Assert.Equal(2, Number(moved, "baseVersion"));
    }

    [Fact]
    public async Task What_cannot_be_stored_is_refused()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}/working-copy";

        (await PutAsync(ada.Client, path, """{"definition": "\u0000"}"""))
            .Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await PutAsync(ada.Client, path, """{"definition": "\ud800"}"""))
            .Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        (await PutAsync(ada.Client, path, """{"baseVersion": 1}"""))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var most = new string('x', Limits.WorkingCopyBytes - 2);
        (await PutAsync(ada.Client, path, $$"""{"definition": "{{most}}"}""")).Ok();
        (await PutAsync(ada.Client, path, $$"""{"definition": "{{most}}y"}""", "*"))
            .Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        (await PutAsync(owner, path, """{"definition": 1}""")).Fails(HttpStatusCode.Conflict, "CONFLICT");
    }

    [Fact]
    public async Task Who_may_not_edit_has_none_and_a_person_who_leaves_takes_theirs_along()
    {
        using var owner = api.Host.Owner();
        var (ada, eve) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("viewer"));
        var id = (await owner.CreateWorkflowAsync()).Id;
        (await PutAsync(eve.Client, $"workflows/{id}/working-copy", """{"definition": 1}"""))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await PutAsync(ada.Client, $"workflows/{id}/working-copy", """{"definition": 1}""")).Ok();
        Assert.Equal(1L, await CountAsync(id));

        (await owner.DeleteAsync($"users/{ada.Id}", "*")).Ok();

        Assert.Equal(0L, await CountAsync(id));
    }

    private Task<long> CountAsync(Guid workflow) =>
        api.Host.ScalarAsync<long>("select count(*) from working_copies where workflow_id = $1", workflow);

    private static Task<Answer> PutAsync(ApiClient client, string path, string json, string? etag = null)
    {
        var content = new StringContent(json, Encoding.UTF8, "application/json");
        return etag is null
            ? client.SendAsync(HttpMethod.Put, path, content)
            : client.SendAsync(HttpMethod.Put, path, content, ("If-Match", etag));
    }

    private static int Number(Answer answer, string name) => answer.Data.GetProperty(name).GetInt32();

    private static string JsonText(Answer answer) => answer.Data.GetProperty("definition").GetRawText();
}
