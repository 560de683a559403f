using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Events;

public sealed class EventTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_structured_event_starts_the_workflow_that_waits_for_its_type()
    {
        using var owner = api.Host.Owner();
        var type = Type();
        var workflowId = await owner.CreatePublishedAsync(Samples.Definition(eventType: type));

        var answer = (await SendAsync(owner, "application/cloudevents+json", Event(type))).Ok(HttpStatusCode.Accepted);

        var item = answer.Data.GetProperty("events")[0];
        var execution = Assert.Single(item.GetProperty("executions").EnumerateArray()).GetGuid();
        var shown = (await owner.GetAsync($"executions/{execution}")).Ok();
        Assert.Equal(workflowId, shown.Data.GetProperty("workflowId").GetGuid());
        var stored = (await owner.GetAsync($"events/{item.GetProperty("id").GetString()}")).Ok();
        Assert.Equal(100, stored.Data.GetProperty("data").GetProperty("net").GetInt32());
        Assert.Contains(stored.Data.GetProperty("matches").EnumerateArray(), match => match.GetProperty("matched").GetBoolean());
    }

    [Fact]
    public async Task An_event_is_taken_once_per_source_and_id()
    {
        using var owner = api.Host.Owner();
        var text = Event(Type());
        var first = (await SendAsync(owner, "application/cloudevents+json", text)).Ok(HttpStatusCode.Accepted).Data.GetProperty("events")[0];
        var second = (await SendAsync(owner, "application/cloudevents+json", text)).Ok(HttpStatusCode.Accepted).Data.GetProperty("events")[0];

        Assert.Equal("accepted", first.GetProperty("status").GetString());
        Assert.Equal("duplicate", second.GetProperty("status").GetString());
        Assert.Equal(first.GetProperty("id").GetString(), second.GetProperty("id").GetString());
    }

    [Fact]
    public async Task In_binary_mode_the_attributes_come_in_headers()
    {
        using var owner = api.Host.Owner();
        var type = Type();
        (string, string)[] attributes = [("ce-specversion", "1.0"), ("ce-id", "b-1"), ("ce-source", "/b"), ("ce-type", type), ("ce-subject", "caf%C3%A9"), ("ce-tenantname", "x")];

        (await owner.PostAsync("events", new { a = 1 }, attributes)).Ok(HttpStatusCode.Accepted);

        var item = Assert.Single((await owner.GetAsync($"events?type={type}")).Ok().Data.EnumerateArray());
        Assert.Equal("café", item.GetProperty("subject").GetString());
        var stored = (await owner.GetAsync($"events/{item.GetProperty("id").GetString()}")).Ok();
        Assert.Equal(1, stored.Data.GetProperty("data").GetProperty("a").GetInt32());
        Assert.Equal("x", stored.Data.GetProperty("extensions").GetProperty("tenantname").GetString());
    }

    [Theory]
    [InlineData("text/plain", "hello", "\"hello\"")]
    [InlineData("application/octet-stream", "hello", "\"aGVsbG8=\"")]
    public async Task Data_that_is_not_json_is_kept_as_a_string(string contentType, string data, string expected)
    {
        using var owner = api.Host.Owner();
        var type = Type();
        var content = new StringContent(data, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);

        (await owner.SendAsync(HttpMethod.Post, "events", content, ("ce-specversion", "1.0"), ("ce-id", type), ("ce-source", "/b"), ("ce-type", type))).Ok(HttpStatusCode.Accepted);

        Assert.Equal(expected, await api.Host.ScalarAsync<string>("select data::text from events where type = $1", type));
    }

    [Fact]
    public async Task Of_a_batch_each_event_is_accepted_or_refused_by_itself()
    {
        using var owner = api.Host.Owner();
        var batch = $"[{Event(Type())},{{\"specversion\":\"0.3\",\"id\":\"\"}},{Event(Type())}]";

        var answer = (await SendAsync(owner, "application/cloudevents-batch+json", batch)).Ok(HttpStatusCode.Accepted);

        Assert.Equal(2, answer.Data.GetProperty("accepted").GetInt32());
        Assert.Equal(["accepted", "refused", "accepted"], answer.Data.GetProperty("events").EnumerateArray().Select(item => item.GetProperty("status").GetString()));
        Assert.Equal("INVALID_EVENT", answer.Data.GetProperty("events")[1].GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_thousand_events_come_in_one_call_and_one_more_does_not()
    {
        using var owner = api.Host.Owner();
        var type = Type();

        (await SendAsync(owner, "application/cloudevents-batch+json", Batch(Data.Limits.BulkEvents + 1))).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await SendAsync(owner, "application/cloudevents-batch+json", "[]")).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var answer = (await SendAsync(owner, "application/cloudevents-batch+json", Batch(Data.Limits.BulkEvents))).Ok(HttpStatusCode.Accepted);

        Assert.Equal(Data.Limits.BulkEvents, answer.Data.GetProperty("accepted").GetInt32());
        Assert.Equal(Data.Limits.BulkEvents, await api.Host.ScalarAsync<long>("select count(*) from events where type = $1", type));

        string Batch(int count) => $"[{string.Join(',', Enumerable.Range(0, count).Select(_ => Event(type)))}]";
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s"}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"yesterday"}""")]
    [InlineData("7")]
    public async Task An_event_that_breaks_the_rules_is_refused(string text)
    {
        using var owner = api.Host.Owner();
        (await SendAsync(owner, "application/cloudevents+json", text)).Fails(HttpStatusCode.BadRequest, "INVALID_EVENT");
    }

    private static Task<Answer> SendAsync(ApiClient client, string contentType, string text)
    {
        var content = new StringContent(text, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return client.SendAsync(HttpMethod.Post, "events", content);
    }

    private static string Type() => $"t{Guid.CreateVersion7():N}.created";

    private static string Event(string type) => JsonSerializer.Serialize(
        new { specversion = "1.0", id = Guid.CreateVersion7().ToString(), source = "/tests", type, data = new { net = 100 } });
}
