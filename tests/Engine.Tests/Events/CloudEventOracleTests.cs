using System.Net.Mime;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CloudNative.CloudEvents.SystemTextJson;
using CsCheck;
using Oracle = CloudNative.CloudEvents.CloudEvent;

namespace Workflows.Engine.Tests.Events;

/// <summary>
/// Generated events, read by us and by the SDK of the CloudEvents project: the same are accepted, with the same
/// attributes and data.
/// </summary>
/// <remarks>
/// Left out: times with a dot and no digits, which the SDK takes and RFC 3339 has not; lower-case <c>t</c> and <c>z</c>
/// and leap seconds, which are the other way round; content types that are none, which only the SDK refuses; control
/// characters and what exceeds our limits, which only we refuse.
/// </remarks>
public sealed class CloudEventOracleTests
{
    private static readonly JsonEventFormatter Formatter = new();
    private static readonly ContentType Structured = new("application/cloudevents+json");

    private static readonly Gen<string> Word = Gen.OneOf("a", "order.placed", "ö", "a b", "1", "", "/", "é\U0001F600");
    private static readonly Gen<string> Reference = Gen.OneOf(
        "/shop", "urn:x:y", "https://example.com/a?b#c", "a", "//h/x", "http://[", "mailto:a@b", "");

    // Of times both read: a fraction of any length, offsets of any sign; and what neither reads.
    private static readonly Gen<string> Time = Gen.OneOf(
        Gen.Select(Gen.Int[1, 9998], Gen.Int[1, 12], Gen.Int[1, 31], Gen.Int[0, 24], Gen.Int[0, 59], Gen.Int[0, 59])
            .Select((year, month, day, hour, minute, second) =>
                $"{year:0000}-{month:00}-{day:00}T{hour:00}:{minute:00}:{second:00}")
            .Select(
                Gen.OneOf(Gen.Const(""), Gen.Char['0', '9'].Array[1, 12].Select(digits => "." + new string(digits))),
                Gen.OneOf("Z", "+00:00", "-00:00", "+01:00", "-11:30", "+14:00", "", "+1:00", "+01"))
            .Select((time, fraction, offset) => time + fraction + offset),
        Gen.OneOf("yesterday", "", "2026-01-31", "2026-01-31T12:00Z", "20260131T120000Z"));

    private static readonly Gen<JsonNode?> Member = Gen.OneOf(
        Word.Select(text => (JsonNode?)text),
        Gen.Int.Select(number => (JsonNode?)number),
        Gen.Bool.Select(flag => (JsonNode?)flag),
        Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonNode?> Data = Gen.OneOf(
        Member, Gen.Double[-1000, 1000].Select(number => (JsonNode?)number),
        Member.Array[0, 3].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])));

    private static readonly Gen<(string Name, JsonNode? Value)> DataMember = Gen.OneOf(
        Data.Select(data => ("data", data)),
        Gen.OneOf("AQID", "AQI=", "", "?", "AQ").Select(text => ("data_base64", (JsonNode?)text)),
        Gen.OneOf("data", "data_base64").Select(name => (name, (JsonNode?)null)));

    private static readonly Gen<JsonObject> Event =
        from version in Gen.Frequency((20, Gen.Const("1.0")), (1, Gen.OneOf("0.3", "1", "")))
        from required in Gen.Select(Maybe(Word, 20), Maybe(Reference, 20), Maybe(Word, 20))
        from subject in Maybe(Word.Where(text => text.Length > 0), 2)
        from time in Maybe(Time, 4)
        from content in Maybe(Gen.OneOf("application/json", "text/json", "application/vnd.x+json"), 1)
        from schema in Maybe(Gen.OneOf("https://example.com/s", "urn:s", "/relative", "s"), 1)
        from extension in Gen.Select(Gen.OneOf("ext", "e1", "traceparent", "Upper", "under_score"), Member)
        from data in DataMember
        select Build(
            ("specversion", version), ("id", required.Item1), ("source", required.Item2), ("type", required.Item3),
            ("subject", subject), ("time", time), ("datacontenttype", content), ("dataschema", schema),
            extension, data);

    [Fact]
    public void The_SDK_reads_what_we_read() => Event.Sample(
        json =>
        {
            var utf8 = Encoding.UTF8.GetBytes(json.ToJsonString());
            var isOurs = Engine.Events.CloudEvent.TryParse(utf8, out var ours, out var problems);
            var theirs = Read(utf8, out var refusal);

            Assert.True(
                isOurs == theirs is not null,
                $"{json.ToJsonString()}: {string.Join(", ", problems)} against {refusal}");
            if (theirs is not null)
            {
                AssertSame(ours!, theirs);
            }
        },
        iter: 5_000);

    private static void AssertSame(Engine.Events.CloudEvent ours, Oracle theirs)
    {
        Assert.Equal(
            (theirs.Id, theirs.Source!.OriginalString, theirs.Type, theirs.Subject, theirs.DataSchema?.OriginalString),
            (ours.Id, ours.Source, ours.Type, ours.Subject, ours.DataSchema));

        // The SDK writes down what a missing content type means; ours stays missing.
        Assert.Equal(
            theirs.DataContentType,
            ours.DataContentType ?? (theirs.Data is null or byte[]? null : "application/json"));
        Assert.Equal(theirs.Time, ours.Time);
        Assert.Equal(
            theirs.GetPopulatedAttributes().Where(entry => entry.Key.IsExtension)
                .Select(entry => (entry.Key.Name, entry.Key.Format(entry.Value))),
            ours.Extensions.Select(entry => (entry.Key, entry.Value.ValueKind is JsonValueKind.String
                ? entry.Value.GetString()!
                : entry.Value.GetRawText())));
        var data = Encoding.UTF8.GetString(ours.Data.Span);
        switch (theirs.Data)
        {
            case byte[] bytes:
                Assert.Equal(bytes, ours.BinaryData?.ToArray());
                break;
            case JsonElement json:
                Assert.Equal(json.GetRawText(), data);
                break;
            case string text:
                Assert.Equal(text, JsonElement.Parse(data).GetString());
                break;
            default:
                Assert.Null(theirs.Data);
                Assert.Contains(data, new[] { "", "null" }); // the SDK does not tell data that is null from no data
                break;
        }
    }

    private static Oracle? Read(byte[] utf8, out string? refusal)
    {
        refusal = null;
        try
        {
            return Formatter.DecodeStructuredModeMessage(utf8, Structured, extensionAttributes: null);
        }
        catch (Exception exception) when (exception
            is ArgumentException or FormatException or InvalidOperationException or OverflowException)
        {
            refusal = exception.Message;
            return null;
        }
    }

    private static Gen<JsonNode?> Maybe(Gen<string> gen, int often) =>
        Gen.Frequency((1, Gen.Const((JsonNode?)null)), (often, gen.Select(value => (JsonNode?)value)));

    private static JsonObject Build(params (string Name, JsonNode? Value)[] members)
    {
        var json = new JsonObject();
        foreach (var (name, value) in members)
        {
            json[name] = value?.DeepClone();
        }

        return json;
    }
}
