using System.Text;
using System.Text.Json;
using Workflows.Engine.Events;

namespace Workflows.Engine.Tests.Events;

public sealed class CloudEventTests
{
    [Fact]
    public void A_structured_event_is_read_with_all_its_attributes()
    {
        var parsed = Parse("""
            {"specversion": "1.0", "id": "A-1", "source": "/shop", "type": "order.placed", "subject": "o-7", "time": "2026-01-31T12:00:00.5+01:00",
             "datacontenttype": "application/json", "dataschema": "https://example.com/s", "traceparent": "00-x", "count": 3, "vip": true,
             "absent": null, "data": {"amount": 12.50}}
            """);

        Assert.Equal(("A-1", "/shop", "order.placed", "o-7"), (parsed.Id, parsed.Source, parsed.Type, parsed.Subject));
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 11, 0, 0, 500, TimeSpan.Zero), parsed.Time);
        Assert.Equal(("application/json", "https://example.com/s"), (parsed.DataContentType, parsed.DataSchema));
        Assert.Equal(["count", "traceparent", "vip"], parsed.Extensions.Keys.Order());
        Assert.Equal("{\"amount\": 12.50}", Encoding.UTF8.GetString(parsed.Data.Span));
    }

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var parsed = Parse("""{"specversion": "1.0", "id": "1", "source": "urn:x", "type": "t", "time": "2026-01-31T12:00:00Z", "ext": "ö", "data": [1, null]}""");

        var again = Parse(Encoding.UTF8.GetString(parsed.ToUtf8Json()));

        Assert.Equal(
            """{"specversion":"1.0","id":"1","source":"urn:x","type":"t","time":"2026-01-31T12:00:00Z","ext":"\u00F6","data":[1, null]}""",
            Encoding.UTF8.GetString(again.ToUtf8Json()));
    }

    [Fact]
    public void Binary_data_stays_binary()
    {
        var parsed = Parse("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data_base64": "AQID"}""");

        Assert.Equal([1, 2, 3], parsed.BinaryData!.Value.ToArray());
        Assert.Contains("\"data_base64\":\"AQID\"", Encoding.UTF8.GetString(parsed.ToUtf8Json()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_null_counts_as_absent()
    {
        var parsed = Parse("""
            {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": null,
             "data_base64": null, "data": 7}
            """);

        Assert.Null(parsed.BinaryData);
        Assert.Equal("7", Encoding.UTF8.GetString(parsed.Data.Span));
    }

    [Theory]
    [InlineData("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.1234567Z")] // as Go writes it
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")]
    [InlineData("2026-01-31T12:00:00.5+01:00", "2026-01-31T11:00:00.5Z")]
    public void The_time_of_an_event_is_an_instant_to_seven_digits(string sent, string kept)
    {
        var parsed = Parse($$"""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "{{sent}}"}""");

        Assert.Contains($"\"time\":\"{kept}\"", Encoding.UTF8.GetString(parsed.ToUtf8Json()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}""", null)]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": "o-7"}""", "o-7")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": "o-7", "correlationid": "k"}""", "k")]
    public void The_correlation_key_is_the_extension_or_the_subject(string json, string? key) => Assert.Equal(key, Parse(json).CorrelationKey);

    [Theory]
    [InlineData("[]", "")]
    [InlineData("{", "")]
    [InlineData("""{"specversion": "0.3", "id": "1", "source": "/s", "type": "t"}""", "specversion")]
    [InlineData("""{"id": "1", "source": "/s", "type": "t"}""", "specversion")]
    [InlineData("""{"specversion": "1.0", "source": "/s", "type": "t"}""", "id")]
    [InlineData("""{"specversion": "1.0", "id": "", "source": "/s", "type": "t"}""", "id")]
    [InlineData("""{"specversion": "1.0", "id": 1, "source": "/s", "type": "t"}""", "id")]
    [InlineData("""{"specversion": "1.0", "id": "1", "type": "t"}""", "source")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "http://[", "type": "t"}""", "source")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s"}""", "type")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": null}""", "type")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": ""}""", "subject")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "yesterday"}""", "time")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "2026-01-31T12:00:00"}""", "time")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "dataschema": "/relative"}""", "dataschema")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "Upper": "x"}""", "Upper")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "ext": {}}""", "ext")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "ext": 1.5}""", "ext")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "ext": 3000000000}""", "ext")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": 1, "data_base64": "AQ=="}""", "data")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data_base64": "?"}""", "data_base64")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": "\u0000"}""", "")]
    [InlineData("""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t\u0007"}""", "type")]
    public void An_event_that_is_not_valid_names_the_attribute(string json, string attribute)
    {
        Assert.False(CloudEvent.TryParse(Encoding.UTF8.GetBytes(json), out var parsed, out var problems));
        Assert.Null(parsed);
        Assert.Equal(attribute, Assert.Single(problems).Attribute);
    }

    [Fact]
    public void All_problems_of_an_event_are_reported_at_once()
    {
        Assert.False(CloudEvent.TryParse("""{"id": "", "ext": []}"""u8.ToArray(), out _, out var problems));

        Assert.Equal(["ext", "id", "source", "specversion", "type"], problems.Select(problem => problem.Attribute).Order());
    }

    [Theory]
    [InlineData("id", Limits.EventIdLength)]
    [InlineData("source", Limits.EventSourceLength)]
    [InlineData("type", Limits.EventTypeLength)]
    [InlineData("subject", Limits.EventSubjectLength)]
    public void The_limits_of_length_hold(string attribute, int limit)
    {
        bool IsValid(int length)
        {
            var attributes = new Dictionary<string, string>
            {
                ["specversion"] = "1.0", ["id"] = "1", ["source"] = "/s", ["type"] = "t", [attribute] = new string('a', length),
            };
            return CloudEvent.TryParse(JsonSerializer.SerializeToUtf8Bytes(attributes), out _, out _);
        }

        Assert.True(IsValid(limit));
        Assert.False(IsValid(limit + 1));
    }

    [Fact]
    public void The_limits_of_size_and_extensions_hold()
    {
        var tooLarge = Encoding.UTF8.GetBytes($$"""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": "{{new string('x', Limits.EventBytes)}}"}""");
        Assert.False(CloudEvent.TryParse(tooLarge, out _, out _));

        var extensions = string.Join(", ", Enumerable.Range(0, Limits.EventExtensions + 1).Select(index => $"\"e{index}\": \"\""));
        foreach (var (name, value, valid) in new[]
        {
            (new string('e', Limits.EventExtensionNameLength), "", true),
            (new string('e', Limits.EventExtensionNameLength + 1), "", false),
            ("e", new string('v', Limits.EventExtensionValueLength), true),
            ("e", new string('v', Limits.EventExtensionValueLength + 1), false),
        })
        {
            var json = Encoding.UTF8.GetBytes($$"""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "{{name}}": "{{value}}"}""");
            Assert.Equal(valid, CloudEvent.TryParse(json, out _, out _));
        }

        var tooMany = Encoding.UTF8.GetBytes($$"""{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", {{extensions}}}""");
        Assert.False(CloudEvent.TryParse(tooMany, out _, out _));
    }

    private static CloudEvent Parse(string json)
    {
        Assert.True(CloudEvent.TryParse(Encoding.UTF8.GetBytes(json), out var parsed, out var problems), string.Join('\n', problems));
        return parsed;
    }
}
