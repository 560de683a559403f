using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Transactions;

/// <summary>What is staged, who sees it, and what a commit makes of it.</summary>
public sealed class TransactionTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task What_is_staged_is_seen_inside_only_and_made_by_the_commit_under_the_same_ids()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inside = await Transacting.BeginAsync(owner);

        var folder = await inside.CreateAsync($"workspaces/{place.Workspace.Id}/folders", new { name = "new" });
        var job = await inside.CreateAsync($"folders/{folder.Id}/jobs", new { name = "new job" });
        var renamed = (await inside.PatchAsync($"jobs/{job.Id}", job.ETag, new { name = "newer job" })).Ok();
        var workflow = await inside.CreateAsync(
            "workflows", new { name = "staged", definition = Samples.Definition(), jobId = job.Id });
        (await inside.PatchAsync($"workflows/{workflow.Id}/nodes/only", workflow.ETag, new { name = "shown" })).Ok();
        (await inside.PatchAsync($"workspaces/{place.Workspace.Id}", place.Workspace.ETag,
            new { description = "staged" })).Ok();

        Assert.Equal("\"2\"", renamed.ETag);
        Assert.Equal("newer job", Name(await inside.GetAsync($"jobs/{job.Id}")));
        Assert.Equal("shown", NodeName(await inside.GetAsync($"workflows/{workflow.Id}")));
        Assert.Contains("new", Names(await inside.GetAsync($"workspaces/{place.Workspace.Id}/folders")));
        Assert.Equal($"/api/v1/folders/{folder.Id}?transaction_id={inside.Id}", folder.Headers.Location!.ToString());
        (await owner.GetAsync($"folders/{folder.Id}")).Fails(HttpStatusCode.NotFound, "FOLDER_NOT_FOUND");
        (await owner.GetAsync($"workflows/{workflow.Id}")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        Assert.DoesNotContain("new", Names(await owner.GetAsync($"workspaces/{place.Workspace.Id}/folders")));
        Assert.Equal(place.Workspace.ETag, (await owner.GetAsync($"workspaces/{place.Workspace.Id}")).Ok().ETag);

        var made = (await inside.CommitAsync()).Ok().Data;

        Assert.Equal("committed", made.GetProperty("state").GetString());
        Assert.Equal([1, 2, 3, 4, 5, 6], made.GetProperty("writes").EnumerateArray()
            .Select(write => write.GetProperty("number").GetInt32()));
        Assert.Equal("newer job", Name(await owner.GetAsync($"jobs/{job.Id}")));
        Assert.Equal("shown", NodeName(await owner.GetAsync($"workflows/{workflow.Id}")));
        Assert.Equal(folder.Id, (await owner.GetAsync($"jobs/{job.Id}")).Data.GetProperty("folderId").GetGuid());
        Assert.Equal("staged", (await owner.GetAsync($"workspaces/{place.Workspace.Id}")).Ok().Data
            .GetProperty("description").GetString());
        Assert.Equal(1, await CountAsync("user_activity where action = 'folder.create' and object_id = $1", folder.Id));
        Assert.Equal(2, await CountAsync("outbox where subject_id = $1", workflow.Id));
    }

    [Fact]
    public async Task A_publication_within_a_transaction_starts_executions_from_the_commit_on()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        var path = $"workflows/{workflow.Id}";
        (await owner.PostAsync($"{path}/execute")).Fails(HttpStatusCode.Conflict, "WORKFLOW_NOT_PUBLISHED");
        var inside = await Transacting.BeginAsync(owner);

        (await inside.PostAsync($"{path}/publish")).Ok();
        Assert.Equal(1, (await inside.GetAsync(path)).Ok().Data.GetProperty("publishedVersion").GetInt32());
        (await owner.PostAsync($"{path}/execute")).Fails(HttpStatusCode.Conflict, "WORKFLOW_NOT_PUBLISHED");
        (await inside.CommitAsync()).Ok();

        (await owner.PostAsync($"{path}/execute")).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Rules_schedules_dependencies_and_deletions_go_along()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var published = await owner.CreatePublishedAsync();
        var inside = await Transacting.BeginAsync(owner);

        var rule = await inside.CreateAsync("rules", new
        {
            name = "staged", eventType = "t", actions = new[] { new { type = "startWorkflow", workflow = published } },
        });
        var schedule = await inside.CreateAsync("schedules", new
        {
            name = "staged", workflowId = published, timing = new { cron = "0 0 1 1 *" },
        });
        var second = await inside.CreateAsync("workflows", new
        {
            name = "second", definition = Samples.Definition(), jobId = place.Job.Id,
        });
        (await inside.PatchAsync($"schedules/{schedule.Id}", schedule.ETag, new { enabled = false })).Ok();
        (await inside.DeleteAsync($"workflows/{place.Workflow.Id}", place.Workflow.ETag)).Ok();
        (await inside.GetAsync($"workflows/{place.Workflow.Id}")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        Assert.Single((await inside.GetAsync($"jobs/{place.Job.Id}/workflows")).Ok().Data.EnumerateArray());
        (await owner.GetAsync($"workflows/{place.Workflow.Id}")).Ok();
        (await inside.CommitAsync()).Ok();

        (await owner.GetAsync($"rules/{rule.Id}")).Ok();
        Assert.False((await owner.GetAsync($"schedules/{schedule.Id}")).Ok().Data.GetProperty("schedule")
            .GetProperty("enabled").GetBoolean());
        Assert.Equal(second.Id, Assert.Single((await owner.GetAsync($"jobs/{place.Job.Id}/workflows")).Ok().Data
            .EnumerateArray()).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task What_would_be_refused_is_refused_at_once_and_not_staged()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inside = await Transacting.BeginAsync(owner);

        var empty = new { schema = 1, nodes = Array.Empty<object>() };
        (await inside.PostAsync("workflows", new { name = "x", definition = empty }))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        (await inside.PatchAsync($"folders/{place.Folder.Id}", "\"7\"", new { name = "x" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await inside.PostAsync($"folders/{Guid.CreateVersion7()}/jobs", new { name = "x" }))
            .Fails(HttpStatusCode.NotFound, "FOLDER_NOT_FOUND");
        (await inside.PostAsync($"folders/{place.Folder.Id}/jobs", new { name = "x", colour = "red" }))
            .Fails(HttpStatusCode.BadRequest, "UNKNOWN_FIELD");
        (await inside.GetAsync("executions")).Fails(HttpStatusCode.BadRequest, "UNKNOWN_PARAMETER");
        (await owner.GetAsync("jobs?transaction_id=7")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync($"jobs?transaction_id={Guid.CreateVersion7()}"))
            .Fails(HttpStatusCode.NotFound, "TRANSACTION_NOT_FOUND");
        await inside.CreateAsync($"folders/{place.Folder.Id}/jobs", new { name = "taken" });
        (await inside.PostAsync($"folders/{place.Folder.Id}/jobs", new { name = "Taken" }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        var staged = (await owner.GetAsync($"transactions/{inside.Id}")).Ok().Data.GetProperty("staged");
        var write = Assert.Single(staged.EnumerateArray());
        Assert.Equal("taken", write.GetProperty("body").GetProperty("name").GetString());
        Assert.Equal(("POST", "job"), (write.GetProperty("method").GetString(), write.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task A_write_that_is_repeated_under_its_key_is_staged_once()
    {
        using var owner = api.Host.Owner();
        var inside = await Transacting.BeginAsync(owner);
        var key = ("Idempotency-Key", Guid.CreateVersion7().ToString());

        var once = new { name = "staged once" };
        var first = (await inside.PostAsync("workspaces", once, key)).Ok(HttpStatusCode.Created);
        var again = (await inside.PostAsync("workspaces", once, key)).Ok(HttpStatusCode.Created);
        var commit = ("Idempotency-Key", Guid.CreateVersion7().ToString());
        (await inside.CommitAsync(commit)).Ok();
        var repeated = (await inside.CommitAsync(commit)).Ok();

        Assert.Equal(first.Id, again.Id);
        Assert.Equal("true", repeated.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Equal(1, await CountAsync("workspaces where name = 'staged once' and id = $1", first.Id));
    }

    [Fact]
    public async Task A_rollback_leaves_nothing_and_ends_it()
    {
        using var owner = api.Host.Owner();
        var inside = await Transacting.BeginAsync(owner);
        var made = await inside.CreateAsync("workspaces", new { name = "rolled back" });

        (await inside.RollBackAsync()).Ok();

        Assert.Equal("rolledBack", await inside.StateAsync());
        (await owner.GetAsync($"workspaces/{made.Id}")).Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
        (await inside.CommitAsync()).Fails(HttpStatusCode.Conflict, "TRANSACTION_ENDED");
        (await inside.PostAsync("workspaces", new { name = "late" }))
            .Fails(HttpStatusCode.Conflict, "TRANSACTION_ENDED");
        (await inside.GetAsync("workspaces")).Fails(HttpStatusCode.Conflict, "TRANSACTION_ENDED");
        Assert.Equal(0, await CountAsync("staged_writes where transaction_id = $1 and body is not null", inside.Id));
    }

    [Fact]
    public async Task It_ends_by_itself_when_its_time_is_over()
    {
        using var owner = api.Host.Owner();
        var inside = await Transacting.BeginAsync(owner);
        var made = await inside.CreateAsync("workspaces", new { name = "expired" });
        await api.Host.ExecuteAsync(
            """
            update edit_transactions set created_at = now() - interval '1 hour',
              expires_at = now() - interval '1 second'
            where id = $1
            """, inside.Id);

        Assert.Equal("expired", await inside.StateAsync());
        var refused = (await inside.CommitAsync()).Fails(HttpStatusCode.Conflict, "TRANSACTION_ENDED");
        Assert.Contains("time was over", refused.Text, StringComparison.Ordinal);
        (await owner.GetAsync($"workspaces/{made.Id}")).Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
        Assert.Contains(inside.Id, Ids(await owner.GetAsync("transactions?state=expired&per_page=100")));
        Assert.DoesNotContain(inside.Id, Ids(await owner.GetAsync("transactions?state=open&per_page=100")));
    }

    [Fact]
    public async Task It_is_its_holders_alone_but_for_who_manages_the_tenant()
    {
        using var owner = api.Host.Owner();
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("transactions")).ApiKey);
        var inside = await Transacting.BeginAsync(ada.Client);
        await inside.CreateAsync("workspaces", new { name = "of ada" });

        foreach (var client in new[] { bob.Client, stranger })
        {
            foreach (var path in new[] { $"transactions/{inside.Id}", $"workspaces?transaction_id={inside.Id}" })
            {
                (await client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "TRANSACTION_NOT_FOUND");
            }

            foreach (var end in new[] { "commit", "rollback" })
            {
                (await client.PostAsync($"transactions/{inside.Id}/{end}"))
                    .Fails(HttpStatusCode.NotFound, "TRANSACTION_NOT_FOUND");
            }

            Assert.DoesNotContain(inside.Id, Ids(await client.GetAsync("transactions")));
        }

        (await bob.Client.GetAsync("transactions?all=true")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.Contains(inside.Id, Ids(await owner.GetAsync("transactions?all=true&per_page=100")));
        var seen = (await owner.GetAsync($"transactions/{inside.Id}")).Ok().Data.GetProperty("staged")[0];
        Assert.Equal(JsonValueKind.Null, seen.GetProperty("body").ValueKind);
        (await owner.PostAsync($"transactions/{inside.Id}/commit")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.PostAsync($"transactions/{inside.Id}/rollback")).Ok();
        Assert.Equal("rolledBack", await inside.StateAsync());
    }

    [Fact]
    public async Task There_is_an_end_to_open_transactions_to_writes_and_to_their_bytes()
    {
        using var owner = api.Host.Owner();
        using var other = api.Host.Client((await owner.CreateKeyAsync("workspaces.read", "workspaces.write")).Key);
        var first = await Transacting.BeginAsync(other);
        var begun = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => other.PostAsync("transactions/begin")));
        Assert.Equal(Limits.OpenTransactions - 1, begun.Count(answer => answer.Status == HttpStatusCode.Created));
        Assert.All(
            begun.Where(answer => answer.Status != HttpStatusCode.Created),
            answer => answer.Fails(HttpStatusCode.Conflict, "LIMIT_REACHED"));
        (await first.RollBackAsync()).Ok();
        (await other.PostAsync("transactions/begin", new { minutes = Limits.MaxTransactionMinutes + 1 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var inside = await Transacting.BeginAsync(other);
        await inside.CreateAsync("workspaces", new { name = "counted" });

        await MultiplyAsync(inside.Id, Limits.TransactionWrites - 1);
        var full = (await inside.PostAsync("workspaces", new { name = "more" }))
            .Fails(HttpStatusCode.Conflict, "LIMIT_REACHED");
        Assert.Contains($"{Limits.TransactionWrites} writes", full.Text, StringComparison.Ordinal);
        await api.Host.ExecuteAsync("delete from staged_writes where transaction_id = $1 and number > 1", inside.Id);
        await api.Host.ExecuteAsync(
            "update staged_writes set body = body || repeat(' ', $2) where transaction_id = $1", inside.Id,
            Limits.TransactionBytes);
        full = (await inside.PostAsync("workspaces", new { name = "more" }))
            .Fails(HttpStatusCode.Conflict, "LIMIT_REACHED");
        Assert.Contains("bytes", full.Text, StringComparison.Ordinal);
    }

    private Task MultiplyAsync(Guid id, int times) => api.Host.ExecuteAsync(
        """
        insert into staged_writes (tenant_id, transaction_id, number, method, path, route, body, object_type,
          object_id, seed, staged_at)
        select tenant_id, transaction_id, 1 + n, method, path, route, body, object_type, object_id, seed, staged_at
        from staged_writes, generate_series(1, $2) n where transaction_id = $1
        """, id, times);

    private Task<long> CountAsync(string from, Guid id) =>
        api.Host.ScalarAsync<long>($"select count(*) from {from}", id);

    private static string? Name(Answer answer) => answer.Ok().Data.GetProperty("name").GetString();

    private static string? NodeName(Answer workflow) =>
        workflow.Ok().Data.GetProperty("definition").GetProperty("nodes")[0].GetProperty("name").GetString();

    private static IEnumerable<string?> Names(Answer list) =>
        list.Ok().Data.EnumerateArray().Select(item => item.GetProperty("name").GetString());

    private static IEnumerable<Guid> Ids(Answer list) =>
        list.Ok().Data.EnumerateArray().Select(item => item.GetProperty("id").GetGuid());
}
