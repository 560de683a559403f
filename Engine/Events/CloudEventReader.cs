using System.Runtime.InteropServices;
using System.Text.Json;

namespace Workflows.Engine.Events;

/// <summary>Reads and checks one event, collecting every problem.</summary>
internal sealed class CloudEventReader
{
    private readonly List<EventProblem> _problems = [];

    public IReadOnlyList<EventProblem> Problems => _problems;

    public CloudEvent? Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            Report("", "an event is a JSON object");
            return null;
        }

        var extensions = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        var attributes = new CloudEventAttributes { SpecVersion = null };
        foreach (var member in json.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "data":
                    attributes = attributes with { Data = JsonMarshal.GetRawUtf8Value(value).ToArray() };
                    break;
                case var _ when value.ValueKind == JsonValueKind.Null:
                    break; // the JSON format: what is null counts as absent, but for data, which is any JSON
                case "data_base64":
                    attributes = attributes with { BinaryData = ReadBase64(value) };
                    break;
                case "specversion":
                    attributes = attributes with { SpecVersion = ReadText(member) };
                    break;
                case "id":
                    attributes = attributes with { Id = ReadText(member) };
                    break;
                case "source":
                    attributes = attributes with { Source = ReadText(member) };
                    break;
                case "type":
                    attributes = attributes with { Type = ReadText(member) };
                    break;
                case "subject":
                    attributes = attributes with { Subject = ReadText(member) };
                    break;
                case "time":
                    attributes = attributes with { Time = ReadText(member) };
                    break;
                case "datacontenttype":
                    attributes = attributes with { DataContentType = ReadText(member) };
                    break;
                case "dataschema":
                    attributes = attributes with { DataSchema = ReadText(member) };
                    break;
                default:
                    extensions[member.Name] = value.Clone();
                    break;
            }
        }

        return Check(attributes with { Extensions = extensions.Count == 0 ? CloudEvent.NoExtensions : extensions });
    }

    public CloudEvent? Check(CloudEventAttributes attributes)
    {
        if (attributes.SpecVersion != "1.0")
        {
            Report("specversion", "must be \"1.0\"");
        }

        CheckText("id", attributes.Id, Limits.EventIdLength, required: true);
        CheckText("source", attributes.Source, Limits.EventSourceLength, required: true);
        CheckText("type", attributes.Type, Limits.EventTypeLength, required: true);
        CheckText("subject", attributes.Subject, Limits.EventSubjectLength, required: false);
        CheckText("datacontenttype", attributes.DataContentType, Limits.EventTypeLength, required: false);
        CheckText("dataschema", attributes.DataSchema, Limits.EventSourceLength, required: false);
        if (!string.IsNullOrEmpty(attributes.Source) && !Uri.TryCreate(attributes.Source, UriKind.RelativeOrAbsolute, out _))
        {
            Report("source", "must be a URI reference");
        }

        if (!string.IsNullOrEmpty(attributes.DataSchema) && !IsAbsolute(attributes.DataSchema))
        {
            Report("dataschema", "must be an absolute URI");
        }

        if (!attributes.Data.IsEmpty && attributes.BinaryData is not null)
        {
            Report("data", "an event has either data or data_base64, not both");
        }

        if (attributes.Data.Length + (attributes.BinaryData?.Length ?? 0) > Limits.EventBytes)
        {
            Report("data", $"an event has at most {Limits.EventBytes} bytes of data");
        }

        var time = CheckTime(attributes.Time);
        CheckExtensions(attributes.Extensions);
        if (_problems.Count > 0)
        {
            return null;
        }

        return new CloudEvent
        {
            Id = attributes.Id!,
            Source = attributes.Source!,
            Type = attributes.Type!,
            Subject = attributes.Subject,
            Time = time,
            DataContentType = attributes.DataContentType,
            DataSchema = attributes.DataSchema,
            Extensions = attributes.Extensions,
            Data = attributes.Data,
            BinaryData = attributes.BinaryData,
        };
    }

    private void CheckText(string attribute, string? value, int maxLength, bool required)
    {
        if (value is null)
        {
            if (required)
            {
                Report(attribute, "is required");
            }

            return;
        }

        if (value.Length == 0)
        {
            Report(attribute, "must not be empty");
        }
        else if (value.Length > maxLength)
        {
            Report(attribute, $"has at most {maxLength} characters");
        }
        else if (value.AsSpan().IndexOfAnyInRange('\0', '\u001f') >= 0)
        {
            Report(attribute, "must not hold control characters");
        }
    }

    private DateTimeOffset? CheckTime(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (Rfc3339.TryParse(text, out var time))
        {
            return time;
        }

        Report("time", "must be an RFC 3339 timestamp such as 2026-01-31T12:00:00Z");
        return null;
    }

    private void CheckExtensions(IReadOnlyDictionary<string, JsonElement> extensions)
    {
        if (extensions.Count > Limits.EventExtensions)
        {
            Report("", $"an event has at most {Limits.EventExtensions} extension attributes");
            return;
        }

        foreach (var (name, value) in extensions)
        {
            if (name.Length is 0 or > Limits.EventExtensionNameLength
                || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)))
            {
                Report(name, "an extension attribute is named with a-z and 0-9 only");
            }
            else if (!IsExtensionValue(value))
            {
                Report(name, "an extension attribute is a string, a boolean or a 32-bit integer");
            }
        }
    }

    private static bool IsExtensionValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetInt32(out _),
        JsonValueKind.String => value.GetString()!.Length <= Limits.EventExtensionValueLength,
        _ => false,
    };

    private string? ReadText(JsonProperty member)
    {
        if (member.Value.ValueKind == JsonValueKind.String)
        {
            return member.Value.GetString();
        }

        Report(member.Name, "must be a string");
        return null;
    }

    private ReadOnlyMemory<byte>? ReadBase64(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes))
        {
            return bytes;
        }

        Report("data_base64", "must be a string in base64");
        return null;
    }

    // With a scheme: on Unix .NET also takes a path such as /x for an absolute URI, of a file. Nobody resolves it, so
    // what .NET escapes by itself will do.
    private static bool IsAbsolute(string uri) =>
        char.IsAsciiLetter(uri[0]) && Uri.TryCreate(uri, UriKind.Absolute, out _);

    /// <summary>One problem for each attribute: what follows from it would only repeat it.</summary>
    private void Report(string attribute, string message)
    {
        if (!_problems.Exists(problem => problem.Attribute == attribute))
        {
            _problems.Add(new EventProblem(attribute, message));
        }
    }
}
