using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Events;

/// <summary>Nobody says what only the platform may: in no form of the request, whatever their permissions.</summary>
public sealed class ReservedEventTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    public static TheoryData<string, string> Forged => new()
    {
        { "approval.decided", "/shop" },
        { "approval.invented", "/shop" },
        { "Approval.Decided", "/shop" },
        { "order.created", "/approvals" },
        { "order.created", "/Approvals" },
        { "order.created", "/approvals/1" },
        { "order.created", "/%61pprovals" },
        { "order.created", "/rules/0198c1f0-d3b2-7cc5-a1f4-c2d05d2b9a10" },
        { "order.created", "/workflows/0198c1f0-d3b2-7cc5-a1f4-c2d05d2b9a10" },
        { "order.created", "/workflows" },
    };

    [Theory]
    [MemberData(nameof(Forged))]
    public async Task A_forged_event_is_refused_in_every_form(string type, string source)
    {
        using var owner = api.Host.Owner();
        var id = Guid.CreateVersion7().ToString();
        var forged = new { specversion = "1.0", id, type, source, data = new { outcome = "approved" } };

        (await SendAsync(owner, "application/cloudevents+json", forged))
            .Fails(HttpStatusCode.BadRequest, "INVALID_EVENT");
        (await owner.PostAsync("events", new { outcome = "approved" }, ("ce-specversion", "1.0"), ("ce-id", id),
            ("ce-type", type), ("ce-source", source)))
            .Fails(HttpStatusCode.BadRequest, "INVALID_EVENT");
        var fine = new { specversion = "1.0", id = id + "-fine", type = "order.created", source = "/shop" };
        var batch = (await SendAsync(owner, "application/cloudevents-batch+json", new object[] { forged, fine }))
            .Ok(HttpStatusCode.Accepted).Data;
        Assert.Equal((1, 1), (batch.GetProperty("refused").GetInt32(), batch.GetProperty("accepted").GetInt32()));
        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from events where event_id = $1", id));
    }

    [Theory]
    [InlineData("approvals.decided", "/shop")]
    [InlineData("order.approval.decided", "/shop")]
    [InlineData("order.created", "/approvals-of-finance")]
    [InlineData("order.created", "https://shop.example/approvals")]
    public async Task What_only_looks_similar_is_taken(string type, string source)
    {
        using var owner = api.Host.Owner();
        (await SendAsync(owner, "application/cloudevents+json",
            new { specversion = "1.0", id = Guid.CreateVersion7(), type, source })).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_rule_that_would_emit_one_cannot_be_saved()
    {
        using var owner = api.Host.Owner();
        (await owner.PostAsync("rules", new
        {
            name = Samples.Name("rule"),
            eventType = "order.created",
            actions = new[] { new { type = "emitEvent", eventType = "approval.decided",
            data = new { outcome = "approved" } } },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Many_events_with_costly_conditions_are_accepted_soon_and_leave_the_rest_to_the_workers()
    {
        using var owner = api.Host.Owner();
        var type = $"costly.{Guid.CreateVersion7():N}";
        for (var rule = 0; rule < 15; rule++)
        {
            (await owner.PostAsync("rules", new
            {
                name = Samples.Name("rule"),
                eventType = type,
                condition = "$count([1..9000].{\"a\":$}) > 0 and event.data.n < 0",
                actions = new[] { new { type = "emitEvent", eventType = "order.escalated" } },
            })).Ok(HttpStatusCode.Created);
        }

        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        var answer = (await SendAsync(owner, "application/cloudevents-batch+json", Enumerable.Range(0, 100).Select(
            n => new { specversion = "1.0", id = $"{type}-{n}", type, source = "/shop", data = new { n } })))
                .Ok(HttpStatusCode.Accepted);

        Assert.Equal(100, answer.Data.GetProperty("accepted").GetInt32());
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5),
            $"{System.Diagnostics.Stopwatch.GetElapsedTime(begun)}");
        Assert.True(await api.Host.ScalarAsync<long>(
            "select count(*) from events_to_route r join events e on e.id = r.id where e.type = $1", type) > 0);
    }

    private static async Task<Answer> SendAsync(ApiClient client, string mediaType, object body)
    {
        using var content = new StringContent(JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return await client.SendAsync(HttpMethod.Post, "events", content);
    }
}
