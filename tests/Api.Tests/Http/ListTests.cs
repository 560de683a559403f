using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

public sealed class ListTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("-createdAt")]
    [InlineData("-updatedAt")]
    [InlineData("name")]
    public async Task Pages_show_each_item_once_while_others_come_and_go(string sort)
    {
        using var owner = api.Host.Owner();
        var tag = $"pages{sort}";
        var expected = new HashSet<Guid>();
        for (var index = 0; index < 11; index++)
        {
            expected.Add((await owner.CreateWorkflowAsync(tags: [tag])).Id);
        }

        var shown = new List<Guid>();
        var cursor = "";
        do
        {
            var page = (await owner.GetAsync($"workflows?tag={Uri.EscapeDataString(tag)}&sort={sort}&per_page=3{cursor}")).Ok();
            shown.AddRange(page.Data.EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
            await owner.CreateWorkflowAsync(tags: [tag]); // new ones come in while the client turns pages
            var next = page.Pagination.GetProperty("nextCursor").GetString();
            Assert.Equal(next is not null, page.Pagination.GetProperty("hasMore").GetBoolean());
            cursor = next is null ? "" : $"&cursor={next}";
        }
        while (cursor.Length > 0);

        Assert.Equal(shown.Count, shown.Distinct().Count());
        Assert.Superset(expected, shown.ToHashSet());
    }

    [Fact]
    public async Task A_cursor_serves_only_the_list_the_filter_and_the_tenant_it_was_made_for()
    {
        using var owner = api.Host.Owner();
        await owner.CreateWorkflowAsync(tags: ["cursor"]);
        await owner.CreateWorkflowAsync(tags: ["cursor"]);
        var cursor = (await owner.GetAsync("workflows?tag=cursor&per_page=1")).Ok().Pagination.GetProperty("nextCursor").GetString()!;
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("cursors")).ApiKey);

        (await owner.GetAsync($"workflows?tag=cursor&per_page=1&cursor={cursor}")).Ok();
        (await owner.GetAsync($"workflows?tag=other&per_page=1&cursor={cursor}")).Fails(HttpStatusCode.BadRequest, "INVALID_CURSOR");
        (await owner.GetAsync($"workflows?tag=cursor&sort=name&cursor={cursor}")).Fails(HttpStatusCode.BadRequest, "INVALID_CURSOR");
        (await owner.GetAsync($"executions?cursor={cursor}")).Fails(HttpStatusCode.BadRequest, "INVALID_CURSOR");
        (await stranger.GetAsync($"workflows?tag=cursor&per_page=1&cursor={cursor}")).Fails(HttpStatusCode.BadRequest, "INVALID_CURSOR");
        for (var index = 0; index < cursor.Length; index += 5)
        {
            var changed = cursor[..index] + (cursor[index] == 'A' ? 'B' : 'A') + cursor[(index + 1)..];
            (await owner.GetAsync($"workflows?tag=cursor&per_page=1&cursor={changed}")).Fails(HttpStatusCode.BadRequest, "INVALID_CURSOR");
        }
    }

    [Fact]
    public async Task Filters_fields_and_totals_do_what_they_say()
    {
        using var owner = api.Host.Owner();
        var first = await owner.CreateWorkflowAsync(tags: ["filtered", "one"]);
        await owner.CreateWorkflowAsync(tags: ["filtered"]);
        (await owner.PatchAsync($"workflows/{first.Id}", first.ETag, new { name = "100% filtered_name", enabled = false, environment = "staging" })).Ok();

        Assert.Equal(2, (await owner.GetAsync("workflows?tag=filtered&include_total=true")).Ok().Pagination.GetProperty("total").GetInt32());
        Assert.Equal(1, Count(await owner.GetAsync("workflows?tag=one")));
        Assert.Equal(1, Count(await owner.GetAsync("workflows?name=00%25%20FILTERED_")));
        Assert.Equal(0, Count(await owner.GetAsync("workflows?name=filteredXname")));
        Assert.Equal(1, Count(await owner.GetAsync("workflows?tag=filtered&enabled=false")));
        Assert.Equal(1, Count(await owner.GetAsync("workflows?tag=filtered&environment=staging")));
        var slim = (await owner.GetAsync("workflows?tag=one&fields=id,name")).Ok().Data[0];
        Assert.Equal(["id", "name"], slim.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task A_list_takes_the_same_number_of_statements_however_long_it_is()
    {
        using var owner = api.Host.Owner();
        string[] lists = ["workflows", "users", "workspaces", "jobs", "executions", "events", "activity", "api-keys", "dead-letters"];
        var workflowId = await owner.CreatePublishedAsync();
        for (var index = 0; index < 10; index++)
        {
            await owner.CreateWorkflowAsync();
            await owner.LogInNewUserAsync("editor");
            (await owner.PostAsync("workspaces", new { name = Samples.Name("list") })).Ok(HttpStatusCode.Created);
            (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted);
        }

        foreach (var list in lists)
        {
            (await owner.GetAsync($"{list}?per_page=1")).Ok(); // the look-up of the key is in memory afterwards
            var few = await StatementsAsync(() => owner.GetAsync($"{list}?per_page=1"));
            var many = await StatementsAsync(() => owner.GetAsync($"{list}?per_page=100"));
            Assert.True(few.Count == many.Count && many.Count == 1, $"{list}: {many.Count} commands: {string.Join(" | ", many)}");
        }
    }

    // Commands as Npgsql reports them. Background work of other tests of this program is told apart by the server's address.
    private async Task<List<string>> StatementsAsync(Func<Task<Answer>> call)
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(api.Host.ConnectionString).Database;
        var commands = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("db.namespace") ?? activity.GetTagItem("db.name"), database) && activity.GetTagItem("db.query.text") is string text
                    && text.Contains("FROM ", StringComparison.Ordinal))
                {
                    commands.Enqueue(text);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        (await call()).Ok();
        return [.. commands];
    }

    private static int Count(Answer answer) => answer.Ok().Data.GetArrayLength();
}
