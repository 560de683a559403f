using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Rules;

public sealed class RuleTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_rule_counts_from_its_creation_and_not_after_its_deletion()
    {
        using var owner = api.Host.Owner();
        var (type, workflow) = (Type(), await owner.CreatePublishedAsync());
        var rule = (await owner.PostAsync("rules", Rule(type, workflow, "event.data.net > 10"))).Ok(HttpStatusCode.Created);

        var started = await SendAsync(owner, type, 50);
        Assert.Empty((await SendAsync(owner, type, 5)).GetProperty("executions").EnumerateArray());

        var execution = (await owner.GetAsync($"executions/{Assert.Single(started.GetProperty("executions").EnumerateArray()).GetGuid()}")).Ok();
        Assert.Equal("rule", execution.Data.GetProperty("triggerType").GetString());
        Assert.Equal(50, execution.Data.GetProperty("input").GetProperty("net").GetInt32());
        var match = Assert.Single((await owner.GetAsync($"rules/{rule.Id}/matches")).Ok().Data.EnumerateArray());
        Assert.Equal(started.GetProperty("id").GetString(), match.GetProperty("eventId").GetString());

        (await owner.DeleteAsync($"rules/{rule.Id}", rule.ETag)).Ok();
        (await owner.GetAsync($"rules/{rule.Id}")).Fails(HttpStatusCode.NotFound, "RULE_NOT_FOUND");
        Assert.Empty((await SendAsync(owner, type, 50)).GetProperty("executions").EnumerateArray());
    }

    [Fact]
    public async Task A_change_needs_the_present_version_and_keeps_what_it_leaves_out()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var rule = (await owner.PostAsync("rules", Rule("a.b", workflow, "event.data.x"))).Ok(HttpStatusCode.Created);

        var changed = (await owner.PatchAsync($"rules/{rule.Id}", rule.ETag, new { priority = 7, activeFrom = "2026-01-31T12:00:00Z" })).Ok();

        Assert.Equal(7, changed.Data.GetProperty("priority").GetInt32());
        Assert.Equal("event.data.x", changed.Data.GetProperty("definition").GetProperty("condition").GetString());
        (await owner.PatchAsync($"rules/{rule.Id}", rule.ETag, new { priority = 8 })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var replaced = (await owner.PatchAsync($"rules/{rule.Id}", changed.ETag, new { eventType = "c.*", always = true })).Ok();
        Assert.False(replaced.Data.GetProperty("definition").TryGetProperty("condition", out _));
        Assert.Equal(JsonValueKind.Null, replaced.Data.GetProperty("activeFrom").ValueKind);
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from user_activity where action = 'rule.create' and object_id = $1", rule.Id));
    }

    [Fact]
    public async Task Everything_wrong_with_a_rule_is_said_at_once()
    {
        using var owner = api.Host.Owner();

        var answer = (await owner.PostAsync("rules", """
            {"name": "", "eventType": "a..*b", "condition": "steps.x", "activeFrom": "2026-02-01T00:00:00Z", "activeTo": "2026-01-01T00:00:00Z",
             "actions": [{"type": "startWorkflow", "workflow": "x", "input": "{{ nothing }}"}, {"type": "emitEvnt"}, {"type": "emitEvent", "eventType": "a.*"}]}
            """)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Equal(
            ["/actions/0/input", "/actions/0/workflow", "/actions/1/type", "/actions/2/eventType", "/activeTo", "/condition", "/eventType", "/name"],
            answer.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()).Order());
    }

    [Theory]
    [InlineData("""{"events": [{"type": "a", "as": "a"}], "within": 60, "correlateBy": "event.subject"}""", "/join/events")]
    [InlineData("""{"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "a"}], "within": 60, "correlateBy": "event.subject"}""", "/join/events/1/as")]
    [InlineData("""{"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}], "within": 0, "correlateBy": "event.subject"}""", "/join/within")]
    [InlineData("""{"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}], "within": 60}""", "/join/correlateBy")]
    [InlineData("""{"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}], "within": 60, "correlateBy": "event.subject", "order": "some"}""", "/join/order")]
    public async Task A_join_that_cannot_be_says_why(string join, string at)
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();

        var answer = (await owner.PostAsync("rules", $$"""{"name": "j", "join": {{join}}, "actions": [{"type": "startWorkflow", "workflow": "{{workflow}}"}]}"""))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Contains(at, answer.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()));
    }

    [Fact]
    public async Task A_rule_starts_only_workflows_that_are_there()
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync("rules", Rule("t", Guid.CreateVersion7(), null))).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_test_shows_what_would_be_done_or_why_not_and_does_nothing()
    {
        using var owner = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        var rule = (await owner.PostAsync("rules", Rule("order.*", workflow, "event.data.net > 10"))).Ok(HttpStatusCode.Created);

        var matched = (await owner.PostAsync($"rules/{rule.Id}/test", new { @event = Event("order.paid", 50) })).Ok().Data;
        var refused = (await owner.PostAsync($"rules/{rule.Id}/test", new { @event = Event("order.paid", 5) })).Ok().Data;
        var other = (await owner.PostAsync($"rules/{rule.Id}/test", new { @event = Event("invoice.paid", 50) })).Ok().Data;

        Assert.True(matched.GetProperty("matched").GetBoolean());
        Assert.Equal(50, matched.GetProperty("actions")[0].GetProperty("input").GetProperty("net").GetInt32());
        Assert.Equal("CONDITION_FALSE", refused.GetProperty("code").GetString());
        Assert.Equal("event.data.net = 5", refused.GetProperty("values")[0].GetString());
        Assert.Equal("TYPE_DIFFERS", other.GetProperty("code").GetString());
        (await owner.PostAsync($"rules/{rule.Id}/test", new { })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from event_matches where rule_id = $1", rule.Id));
    }

    [Fact]
    public async Task An_event_explains_what_it_matched_and_what_it_did_not()
    {
        using var owner = api.Host.Owner();
        var (type, workflow) = (Type(), await owner.CreatePublishedAsync());
        var hit = (await owner.PostAsync("rules", Rule(type, workflow, null))).Ok(HttpStatusCode.Created);
        var low = (await owner.PostAsync("rules", Rule(type, workflow, "event.data.net > 100"))).Ok(HttpStatusCode.Created);
        var off = (await owner.PostAsync("rules", Rule(type, workflow, null, enabled: false))).Ok(HttpStatusCode.Created);
        var trigger = await owner.CreatePublishedAsync(Samples.Definition(eventType: $"{type}.more"));
        var id = (await SendAsync(owner, type, 5)).GetProperty("id").GetString();

        var explained = (await owner.GetAsync($"events/{id}/explain")).Ok().Data;
        var all = (await owner.GetAsync($"events/{id}/explain?others=true")).Ok().Data;

        Assert.Equal("routed", explained.GetProperty("routing").GetString());
        Assert.Equal($"rule:{hit.Id}", Assert.Single(explained.GetProperty("matches").EnumerateArray()).GetProperty("target").GetString());
        Assert.Equal("queued", Assert.Single(explained.GetProperty("executions").EnumerateArray()).GetProperty("status").GetString());
        var misses = explained.GetProperty("nearMisses").EnumerateArray().ToDictionary(miss => miss.GetProperty("target").GetString()!, miss => miss.GetProperty("code").GetString());
        Assert.Equal("CONDITION_FALSE", misses[$"rule:{low.Id}"]);
        Assert.Equal("DISABLED", misses[$"rule:{off.Id}"]);
        Assert.DoesNotContain(misses.Keys, target => target.Contains(trigger.ToString(), StringComparison.Ordinal));
        Assert.Contains(all.GetProperty("nearMisses").EnumerateArray(), miss =>
            miss.GetProperty("target").GetString() == $"trigger:{trigger}/on" && miss.GetProperty("code").GetString() == "TYPE_DIFFERS");
    }

    [Fact]
    public async Task Only_an_event_that_is_set_aside_can_be_routed_again()
    {
        using var owner = api.Host.Owner();
        var id = (await SendAsync(owner, Type(), 1)).GetProperty("id").GetGuid();
        (await owner.PostAsync($"events/{id}/route")).Fails(HttpStatusCode.Conflict, "EVENT_NOT_SET_ASIDE");
        await api.Host.ScalarAsync<int>(
            "insert into events_to_route (tenant_id, id, failures, error, set_aside_at) values ($1, $2, 5, 'out of order', now()) returning 1", api.Host.First.TenantId, id);
        var explained = (await owner.GetAsync($"events/{id}/explain")).Ok().Data;
        Assert.Equal(("set_aside", "out of order"), (explained.GetProperty("routing").GetString(), explained.GetProperty("error").GetString()));

        (await owner.PostAsync($"events/{id}/route")).Ok();

        Assert.Equal("queued", (await owner.GetAsync($"events/{id}/explain")).Ok().Data.GetProperty("routing").GetString());
    }

    private static object Rule(string type, Guid workflow, string? condition, bool enabled = true) => new
    {
        name = Samples.Name("rule"),
        eventType = type,
        condition,
        enabled,
        actions = new object[] { new { type = "startWorkflow", workflow } },
    };

    private static string Type() => $"t{Guid.CreateVersion7():N}.made";

    private static object Event(string type, int net) => new { specversion = "1.0", id = Guid.CreateVersion7().ToString(), source = "/tests", type, data = new { net } };

    private static async Task<JsonElement> SendAsync(ApiClient client, string type, int net) =>
        (await client.PostAsync("events", Event(type, net))).Ok(HttpStatusCode.Accepted).Data.GetProperty("events")[0];
}
