using System.Net;
using Workflows.Api.Reference;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

public sealed class CheckOutTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task While_one_holds_a_workflow_nobody_else_saves_a_version()
    {
        using var owner = api.Host.Owner();
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}";

        var held = (await ada.Client.PostAsync($"{path}/check-out", new { comment = "mine", minutes = 5 })).Ok();
        Assert.Equal(created.ETag, held.ETag);
        foreach (var client in new[] { bob.Client, owner })
        {
            var refused = (await client.PatchAsync(path, "*", new { definition = Samples.Definition() }))
                .Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
            Assert.Equal(ada.Id.ToString(), refused.Json.GetProperty("error")
                .GetProperty("details")[0].GetProperty("pointer").GetString());
            (await client.PatchAsync($"{path}/nodes/only", "*", new { name = "x" }))
                .Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
            (await client.PostAsync($"{path}/versions/1/restore")).Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
            (await client.PostAsync($"{path}/publish")).Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
        }

        (await bob.Client.PostAsync($"{path}/check-out")).Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
        (await bob.Client.PostAsync($"{path}/check-in")).Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
        (await bob.Client.PatchAsync(path, "*", new { enabled = false })).Ok();
        (await ada.Client.PatchAsync($"{path}/nodes/only", "*", new { name = "x" })).Ok();
        var view = (await bob.Client.GetAsync(path)).Ok().Data;
        Assert.Equal((ada.Id, "mine"),
            (view.GetProperty("checkedOutBy").GetGuid(), view.GetProperty("checkedOutComment").GetString()));
    }

    [Fact]
    public async Task A_check_in_is_a_version_and_lets_others_edit_again()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}";
        (await ada.Client.PostAsync($"{path}/check-in", new { comment = "early" }))
            .Fails(HttpStatusCode.Conflict, "NOT_CHECKED_OUT");
        (await ada.Client.PostAsync($"{path}/check-out")).Ok();
        (await ada.Client.PostAsync($"{path}/check-in",
            new { definition = new { schema = 1, nodes = Array.Empty<object>() } }))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");

        var saved = (await ada.Client.PostAsync(
            $"{path}/check-in", new { comment = "done", definition = Samples.Definition(eventType: "checked.in") }))
                .Ok();

        Assert.Equal(2, saved.Data.GetProperty("draftVersion").GetInt32());
        Assert.Equal("null", saved.Data.GetProperty("checkedOutBy").GetRawText());
        var version = (await owner.GetAsync($"{path}/versions/2")).Ok().Data;
        Assert.Equal(("check_in", "done"),
            (version.GetProperty("changeType").GetString(), version.GetProperty("comment").GetString()));
        Assert.Equal(ada.Id, version.GetProperty("authorId").GetGuid());
        (await owner.PatchAsync($"{path}/nodes/only", "*", new { name = "x" })).Ok();
        (await ada.Client.PostAsync($"{path}/check-out")).Ok();
        Assert.Equal(4, (await ada.Client.PostAsync($"{path}/check-in")).Ok().Data.GetProperty("draftVersion")
            .GetInt32());
    }

    [Fact]
    public async Task The_examples_of_the_reference_are_accepted()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}";

        (await ada.Client.PostAsync($"{path}/check-out", Examples.Bodies["postWorkflowsWorkflowIdCheckOut"])).Ok();
        (await ada.Client.PostAsync($"{path}/check-in", Examples.Bodies["postWorkflowsWorkflowIdCheckIn"])).Ok();
    }

    [Fact]
    public async Task It_ends_by_itself_and_is_given_back_by_its_holder_or_by_force_of_who_manages_the_tenant()
    {
        using var owner = api.Host.Owner();
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}";
        (await ada.Client.DeleteAsync($"{path}/check-out")).Fails(HttpStatusCode.Conflict, "NOT_CHECKED_OUT");

        (await ada.Client.PostAsync($"{path}/check-out")).Ok();
        (await bob.Client.DeleteAsync($"{path}/check-out")).Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
        (await bob.Client.DeleteAsync($"{path}/check-out?force=true")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.DeleteAsync($"{path}/check-out")).Fails(HttpStatusCode.Conflict, "CHECKED_OUT");
        (await owner.DeleteAsync($"{path}/check-out?force=true")).Ok();
        (await ada.Client.PostAsync($"{path}/check-out")).Ok();
        (await ada.Client.DeleteAsync($"{path}/check-out")).Ok();
        (await ada.Client.PostAsync($"{path}/check-out")).Ok();
        await api.Host.ExecuteAsync(
            "update workflows set checked_out_until = now() - interval '1 second' where checked_out_by = $1", ada.Id);

        (await bob.Client.PatchAsync($"{path}/nodes/only", "*", new { name = "x" })).Ok();
        (await ada.Client.PostAsync($"{path}/check-in")).Fails(HttpStatusCode.Conflict, "NOT_CHECKED_OUT");
        Assert.Equal("null", (await owner.GetAsync(path)).Ok().Data.GetProperty("checkedOutUntil").GetRawText());
        (await bob.Client.PostAsync($"{path}/check-out")).Ok();
    }

    [Fact]
    public async Task Of_several_who_check_out_at_once_one_does_and_an_api_key_never()
    {
        using var owner = api.Host.Owner();
        var people = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => api.Host.AddPersonAsync("editor")));
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}/check-out";

        var answers = await Task.WhenAll(people.Select(person => person.Client.PostAsync(path)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(3, answers.Count(answer => answer.ErrorCode == "CHECKED_OUT"));
        (await owner.PostAsync(path)).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        foreach (var minutes in new[] { 0, Limits.MaxCheckOutMinutes + 1 })
        {
            (await people[0].Client.PostAsync(path, new { minutes }))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }
    }
}
