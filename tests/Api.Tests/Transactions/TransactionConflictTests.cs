using System.Net;
using System.Text.Json;
using Npgsql;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Transactions;

/// <summary>Two who do it at once, and what breaks in the middle: all of a transaction is made, or nothing.</summary>
public sealed class TransactionConflictTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Every_conflict_is_named_with_who_was_faster_and_nothing_is_made()
    {
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        var place = await ada.Client.CreatePlaceAsync();
        var other = await ada.Client.CreatePlaceAsync();
        var inside = await Transacting.BeginAsync(ada.Client);
        var staged = new { name = Samples.Name("staged") };
        (await inside.PatchAsync($"workspaces/{place.Workspace.Id}", place.Workspace.ETag, staged)).Ok();
        (await inside.PatchAsync($"workflows/{place.Workflow.Id}", place.Workflow.ETag, staged)).Ok();
        (await inside.PatchAsync($"workflows/{place.Workflow.Id}/nodes/only", "\"2\"", staged)).Ok();
        (await inside.PatchAsync($"jobs/{other.Job.Id}", other.Job.ETag, staged)).Ok();
        (await inside.PatchAsync($"folders/{place.Folder.Id}", place.Folder.ETag, staged)).Ok();
        var job = await inside.CreateAsync($"folders/{other.Folder.Id}/jobs", new { name = "wanted" });
        (await inside.PatchAsync($"jobs/{job.Id}", job.ETag, new { name = "wanted more" })).Ok();

        (await bob.Client.PatchAsync($"workflows/{place.Workflow.Id}", "*", new { description = "faster" })).Ok();
        (await bob.Client.PatchAsync($"folders/{place.Folder.Id}", "*", new { name = "faster" })).Ok();
        await bob.Client.CreateJobAsync(other.Folder.Id, "Wanted");
        (await bob.Client.DeleteAsync($"jobs/{other.Job.Id}?force=true", "*")).Ok();

        var refused = (await inside.CommitAsync()).Fails(HttpStatusCode.Conflict, "TRANSACTION_CONFLICT");

        var details = refused.Json.GetProperty("error").GetProperty("details").EnumerateArray()
            .OrderBy(detail => detail.GetProperty("pointer").GetString(), StringComparer.Ordinal).ToArray();
        Assert.Equal(
            [
                "/writes/2 VERSION_CONFLICT", "/writes/4 VERSION_CONFLICT", "/writes/5 VERSION_CONFLICT",
                "/writes/6 NAME_TAKEN",
            ],
            details.Select(detail => $"{Text(detail, "pointer")} {Text(detail, "code")}"));
        var workflow = details[0].GetProperty("conflict");
        Assert.Equal(
            ("workflow", place.Workflow.Id, 1, 2, "somebody"),
            (Text(workflow, "type"), workflow.GetProperty("id").GetGuid(),
                workflow.GetProperty("expectedVersion").GetInt32(),
                workflow.GetProperty("presentVersion").GetInt32(), Text(workflow, "changedBy")));
        Assert.Equal(JsonValueKind.Null, details[1].GetProperty("conflict").GetProperty("presentVersion").ValueKind);
        Assert.Contains("deleted", Text(details[1], "message"), StringComparison.Ordinal);
        Assert.Equal(place.Workspace.ETag, (await ada.Client.GetAsync($"workspaces/{place.Workspace.Id}")).Ok().ETag);
        (await ada.Client.GetAsync($"jobs/{job.Id}")).Fails(HttpStatusCode.NotFound, "JOB_NOT_FOUND");
        Assert.Equal("open", await inside.StateAsync());
        (await inside.GetAsync("workspaces")).Fails(HttpStatusCode.Conflict, "TRANSACTION_CONFLICT");
    }

    [Fact]
    public async Task Whoever_says_that_any_version_will_do_is_in_nobodys_way()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inside = await Transacting.BeginAsync(owner);
        (await inside.PatchAsync($"folders/{place.Folder.Id}", "*", new { name = "any version" })).Ok();
        (await owner.PatchAsync($"folders/{place.Folder.Id}", place.Folder.ETag, new { description = "between" })).Ok();

        (await inside.CommitAsync()).Ok();

        var folder = (await owner.GetAsync($"folders/{place.Folder.Id}")).Ok().Data;
        Assert.Equal(
            ("any version", "between", 3),
            (Text(folder, "name"), Text(folder, "description"), folder.GetProperty("version").GetInt32()));
    }

    [Fact]
    public async Task A_publication_does_not_take_a_draft_that_nobody_saw_inside()
    {
        var (ada, bob) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("editor"));
        var workflow = await ada.Client.CreateWorkflowAsync();
        var inside = await Transacting.BeginAsync(ada.Client);
        (await inside.PostAsync($"workflows/{workflow.Id}/publish")).Ok();
        (await bob.Client.PatchAsync($"workflows/{workflow.Id}/nodes/only", "*", new { name = "unseen" })).Ok();

        var refused = (await inside.CommitAsync()).Fails(HttpStatusCode.Conflict, "TRANSACTION_CONFLICT");

        Assert.Contains("somebody", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rights_that_were_taken_meanwhile_count_at_the_commit()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var inside = await Transacting.BeginAsync(ada.Client);
        var made = await inside.CreateAsync("workspaces", new { name = "without right" });
        var user = (await owner.GetAsync($"users/{ada.Id}")).Ok();
        (await owner.PatchAsync($"users/{ada.Id}", user.ETag, new { roles = new[] { "viewer" } })).Ok();

        var refused = (await inside.CommitAsync()).Fails(HttpStatusCode.Conflict, "TRANSACTION_CONFLICT");

        Assert.Equal("FORBIDDEN", Text(refused.Json.GetProperty("error").GetProperty("details")[0], "code"));
        (await owner.GetAsync($"workspaces/{made.Id}")).Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
    }

    [Fact]
    public async Task Of_commits_at_once_one_makes_it_and_the_others_are_told_so()
    {
        using var owner = api.Host.Owner();
        var inside = await Transacting.BeginAsync(owner);
        var made = await inside.CreateAsync("workspaces", new { name = "committed once" });

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => inside.CommitAsync()));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(
            answers.Where(answer => answer.Status != HttpStatusCode.OK),
            answer => Assert.Contains("was committed at", answer
                .Fails(HttpStatusCode.Conflict, "TRANSACTION_ENDED").Text, StringComparison.Ordinal));
        Assert.Equal(
            1, await CountAsync("user_activity where action = 'workspace.create' and object_id = $1", made.Id));
    }

    [Fact]
    public async Task Writes_that_are_staged_at_once_each_get_a_number_of_their_own()
    {
        using var owner = api.Host.Owner();
        var inside = await Transacting.BeginAsync(owner);

        var made = await Task.WhenAll(Enumerable.Range(0, 6)
            .Select(number => inside.CreateAsync("workspaces", new { name = $"at once {number}" })));
        (await inside.CommitAsync()).Ok();

        Assert.Equal(6, made.Select(answer => answer.Id).Distinct().Count());
        foreach (var workspace in made)
        {
            (await owner.GetAsync($"workspaces/{workspace.Id}")).Ok();
        }
    }

    [Fact]
    public async Task Transactions_that_cross_end_with_both_made_or_one_told_of_the_other()
    {
        using var owner = api.Host.Owner();
        var (a, b) = (await owner.CreatePlaceAsync(), await owner.CreatePlaceAsync());
        var (first, second) = (await Transacting.BeginAsync(owner), await Transacting.BeginAsync(owner));
        foreach (var (inside, order) in new[] { (first, new[] { a, b }), (second, new[] { b, a }) })
        {
            foreach (var place in order)
            {
                var renamed = new { name = $"{inside.Id}" };
                (await inside.PatchAsync($"folders/{place.Folder.Id}", place.Folder.ETag, renamed)).Ok();
            }
        }

        var answers = await Task.WhenAll(first.CommitAsync(), second.CommitAsync());

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        var loser = Assert.Single(answers, answer => answer.Status != HttpStatusCode.OK)
            .Fails(HttpStatusCode.Conflict, "TRANSACTION_CONFLICT");
        Assert.Equal(2, loser.Json.GetProperty("error").GetProperty("details").GetArrayLength());
        Assert.Equal(
            (await owner.GetAsync($"folders/{a.Folder.Id}")).Ok().Data.GetProperty("name").GetString(),
            (await owner.GetAsync($"folders/{b.Folder.Id}")).Ok().Data.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_commit_that_dies_in_the_middle_has_made_nothing_and_is_made_once_by_its_repetition()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inside = await Transacting.BeginAsync(owner);
        var workspace = await inside.CreateAsync("workspaces", new { name = "first of two" });
        var job = await inside.CreateAsync($"folders/{place.Folder.Id}/jobs", new { name = "second of two" });
        await using var other = new NpgsqlConnection(api.Host.ConnectionString);
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await using var holding = await other.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var hold = new NpgsqlCommand("select from folders where id = $1 for update", other))
        {
            hold.Parameters.Add(new() { Value = place.Folder.Id });
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var commit = inside.CommitAsync();
        var waiting = await WaitingAsync();
        Assert.Equal(0, await CountAsync("workspaces where id = $1", workspace.Id));
        await api.Host.ScalarAsync<bool>("select pg_terminate_backend($1)", waiting);
        await WaitingAsync(except: waiting);
        Assert.Equal(0, await CountAsync("workspaces where id = $1", workspace.Id));
        await holding.RollbackAsync(TestContext.Current.CancellationToken);

        (await commit).Ok();

        (await owner.GetAsync($"workspaces/{workspace.Id}")).Ok();
        (await owner.GetAsync($"jobs/{job.Id}")).Ok();
        Assert.Equal(
            1, await CountAsync("user_activity where action = 'transaction.commit' and object_id = $1", inside.Id));
        Assert.Equal(1, await CountAsync("user_activity where action = 'job.create' and object_id = $1", job.Id));
    }

    // The backend that waits for the folder; the commit comes to it after its first write.
    private async Task<int> WaitingAsync(int except = 0)
    {
        for (var tries = 0; tries < 500; tries++)
        {
            var pid = await api.Host.ScalarAsync<int>(
                """
                select coalesce(max(pid), 0) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock' and query like '%from folders%'
                  and pid <> $1
                """, except);
            if (pid != 0)
            {
                return pid;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        throw new InvalidOperationException("Nobody waits for the folder.");
    }

    private Task<long> CountAsync(string from, Guid id) =>
        api.Host.ScalarAsync<long>($"select count(*) from {from}", id);

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
