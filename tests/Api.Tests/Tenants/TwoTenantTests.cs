using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Tenants;

/// <summary>What one tenant has or does, and what another notices of it: nothing.</summary>
public sealed class TwoTenantTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    // JSON text: the definition's own text holds the escape, and only evaluating it makes half a pair.
    private static readonly object HalfAPair = new
    {
        schema = 1,
        triggers = new object[] { new { id = "on", type = "event", eventType = "half.pair" } },
        settings = new
        {
            concurrency = new { limit = 5, key = "\"\\ud800\"" }, rateLimit = new
            {
                limit = 1_000,
                perSeconds = 1, key = "\"\\udc00\\u0000\""
            }
        },
        nodes = new object[] { new { id = "only", type = "noop" } },
        edges = Array.Empty<object>(),
    };

    [Fact]
    public async Task Starts_under_a_key_that_no_row_can_hold_are_accepted_and_so_are_those_of_others()
    {
        using var bad = api.Host.Owner();
        using var good = api.Host.Client((await api.Host.CreateTenantAsync("starts-beside")).ApiKey);
        var (ofBad, ofGood) = (await bad.CreatePublishedAsync(HalfAPair), await good.CreatePublishedAsync());

        var answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(index => index % 2 == 0
            ? bad.PostAsync($"workflows/{ofBad}/execute")
            : good.PostAsync($"workflows/{ofGood}/execute")));

        Assert.All(answers, answer => answer.Ok(HttpStatusCode.Accepted));
        Assert.Equal("\uFFFD", await api.Host.ScalarAsync<string>(
            "select min(concurrency_key) from executions where workflow_id = $1", ofBad));
    }

    [Fact]
    public async Task An_event_that_is_stored_is_accepted_whatever_its_routing_meets()
    {
        using var owner = api.Host.Owner();
        await owner.CreatePublishedAsync(HalfAPair);
        await api.Host.ScalarAsync<string>(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'
              using errcode = '22P05'; end $$;
            create trigger refused before insert on executions for each row
              when (new.trigger_type = 'event') execute function refuse();
            select '' as done
            """);
        try
        {
            (await owner.PostAsync("events", new { a = 1 }, ("ce-specversion", "1.0"), ("ce-id", "e"),
                ("ce-source", "/b"), ("ce-type", "half.pair")))
                .Ok(HttpStatusCode.Accepted);
            Assert.Equal(1, await api.Host.ScalarAsync<long>(
                "select count(*) from events_to_route r join events e on e.id = r.id where e.type = 'half.pair'"));
        }
        finally
        {
            await api.Host.ScalarAsync<string>(
                "drop trigger refused on executions; drop function refuse(); delete from events_to_route; select "
                    + "'' as done");
        }
    }

    [Fact]
    public async Task A_schedule_that_was_switched_off_says_why_until_it_is_switched_on_again()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var made = (await owner.PostAsync("schedules", new
        {
            name = Samples.Name("s"), workflowId,
            timing = new { cron = "0 0 * * *" }
        })).Ok(HttpStatusCode.Created);
        await api.Host.ExecuteAsync(
            "update schedules set enabled = false, disabled_reason = '22P05: no', failures = 5, retry_at = now() "
                + "+ interval '1 minute' where id = $1", made.Id);

        var shown = (await owner.GetAsync("schedules?enabled=false")).Ok().Data.EnumerateArray().Single(row =>
            row.GetProperty("id").GetGuid() == made.Id);
        Assert.Equal("22P05: no", shown.GetProperty("disabledReason").GetString());

        (await owner.PatchAsync($"schedules/{made.Id}", made.ETag, new { enabled = true })).Ok();
        Assert.True(await api.Host.ScalarAsync<bool>(
            "select enabled and disabled_reason is null and failures = 0 and retry_at is null from schedules "
                + "where id = $1", made.Id));
    }

    [Theory]
    [InlineData("Owner")]
    [InlineData(" OWNER ")]
    [InlineData("owner\u200b")]
    [InlineData("ow\u00adner")]
    [InlineData("\uff4fwner")]
    [InlineData("own\u2060er")]
    public async Task A_role_that_looks_like_another_is_not_made(string name)
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync("roles", new
        {
            name,
            permissions = new[] { "executions.read" }
        })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
    }

    [Fact]
    public async Task Names_of_roles_and_groups_are_kept_clean()
    {
        using var owner = api.Host.Owner();
        var role = (await owner.PostAsync("roles", new
        {
            name = "  Night\u00a0 shift\u200d ",
            permissions = new[] { "executions.read" }
        })).Ok(HttpStatusCode.Created);
        Assert.Equal("Night shift", role.Data.GetProperty("name").GetString());
        (await owner.PostAsync("roles", new
        {
            name = "\u200b",
            permissions = new[] { "executions.read" }
        })).Fails(HttpStatusCode.BadRequest,
            "VALIDATION_FAILED");

        (await owner.PostAsync("groups", new { name = "Buyers" })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("groups", new { name = "buyers\ufeff" })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
    }

    [Fact]
    public async Task A_username_is_one_persons_and_one_that_nobody_chose_gets_a_number()
    {
        using var owner = api.Host.Owner();
        using var other = api.Host.Client((await api.Host.CreateTenantAsync("names-beside")).ApiKey);
        foreach (var (client, email, username) in new[] { (owner, "kim@a.example", (string?)null), (owner,
            "Kim@b.example", null), (other, "kim@a.example", null), (owner, "c@c.example", "Robin") })
        {
            (await client.PostAsync("users", new
            {
                email, name = "K", username, password = "correct horse battery",
                roles = new[] { "viewer" }
            })).Ok(HttpStatusCode.Created);
        }

        Assert.Equal("Kim-2,kim", await api.Host.ScalarAsync<string>(
            "select string_agg(username, ',' order by username collate \"C\") from users where tenant_id = $1 "
                + "and username ilike 'kim%'", api.Host.First.TenantId));
        (await owner.PostAsync("users", new
        {
            email = "d@d.example", name = "K", username = "ROBIN",
            password = "correct horse battery", roles = new[] { "viewer" }
        }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
    }

    [Fact]
    public async Task A_repeated_start_is_answered_with_what_became_of_the_first()
    {
        using var owner = api.Host.Owner();
        var id = await owner.CreatePublishedAsync();
        (string, string) key = ("Idempotency-Key", $"key-{id}");
        var first = (await owner.PostAsync($"workflows/{id}/execute", new { input = new { n = 1 } },
            key)).Ok(HttpStatusCode.Accepted);
        await api.Host.ExecuteAsync(
            "update executions set status = 'completed', finished_at = now() where id = $1", first.Id);
        var workflow = (await owner.GetAsync($"workflows/{id}")).Ok();
        (await owner.PatchAsync($"workflows/{id}", workflow.ETag, new { enabled = false })).Ok();

        var again = (await owner.PostAsync($"workflows/{id}/execute", new { input = new { n = 1 } },
            key)).Ok(HttpStatusCode.Accepted);

        Assert.Equal((first.Id, "completed", first.Data.GetProperty("version").GetInt32()), (again.Id,
            again.Data.GetProperty("status").GetString(), again.Data.GetProperty("version").GetInt32()));
        (await owner.PostAsync($"workflows/{id}/execute", new { input = new { n = 2 } },
            key)).Fails(HttpStatusCode.Conflict, "WORKFLOW_DISABLED");
    }
}
