using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Workflows.Data;
using Workflows.Engine;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Workflows.Api.Http;

/// <summary>Of a route: its body may also be YAML, which then counts as the JSON that it says.</summary>
internal sealed record ReadsYaml;

/// <summary>
/// Reads the part of YAML 1.2 that says the same as JSON. Guarantees: what has several meanings, or costs more to read
/// than to send (anchors, aliases, tags, several documents, numbers in another form than JSON's), is refused with its
/// line and column; never taken for something.
/// </summary>
internal sealed partial class YamlBody
{
    private readonly YamlEvents _parser;
    private readonly Utf8JsonWriter _json;

    private YamlBody(string text, Utf8JsonWriter json) => (_parser, _json) = (new YamlEvents(text), json);

    /// <summary>The JSON that a body says.</summary>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="ProblemException">It says none.</exception>
    public static ReadOnlyMemory<byte> ToJson(ReadOnlySpan<byte> utf8, int most)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw new ProblemException(new Problem(Errors.InvalidYaml, "The body is not valid UTF-8."));
        }

        var json = new ArrayBufferWriter<byte>(Math.Max(256, utf8.Length));
        using (var writer = new Utf8JsonWriter(
            json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Read(Encoding.UTF8.GetString(utf8), writer);
        }

        return json.WrittenCount <= most
            ? json.WrittenMemory
            : throw new ProblemException(new Problem(
                Errors.PayloadTooLarge, $"What a body says has, as JSON, at most {most} bytes here."));
    }

    private static void Read(string text, Utf8JsonWriter writer)
    {
        try
        {
            new YamlBody(text, writer).ReadDocument();
        }
        catch (YamlException exception)
        {
            throw Refusal(exception.Start, exception.Message.TrimEnd('.'));
        }
    }

    private void ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            throw new ProblemException(new Problem(Errors.InvalidYaml, "The request needs a body."));
        }

        _parser.Consume<DocumentStart>();
        ReadValue(depth: 1);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            throw Refusal(second.Start, "a second document begins, and a body is one");
        }

        _parser.Consume<StreamEnd>();
    }

    private void ReadValue(int depth)
    {
        var value = _parser.Consume<ParsingEvent>();
        Check(value, depth);
        switch (value)
        {
            case YamlScalar scalar:
                WriteScalar(scalar);
                break;
            case SequenceStart:
                _json.WriteStartArray();
                while (!_parser.TryConsume<SequenceEnd>(out _))
                {
                    ReadValue(depth + 1);
                }

                _json.WriteEndArray();
                break;
            case MappingStart:
                _json.WriteStartObject();
                ReadMembers(depth);
                _json.WriteEndObject();
                break;
            default:
                throw Refusal(value.Start, "a value is missing");
        }
    }

    private void ReadMembers(int depth)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Consume<ParsingEvent>();
            Check(key, depth);
            if (key is not YamlScalar name)
            {
                throw Refusal(key.Start, "the name of a member must be text");
            }

            if (!names.Add(name.Value))
            {
                throw Refusal(name.Start, $"the member '{Shown(name.Value)}' is there twice");
            }

            CheckText(name);
            _json.WritePropertyName(name.Value);
            ReadValue(depth + 1);
        }
    }

    private static void Check(ParsingEvent value, int depth)
    {
        if (value is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
        {
            throw Refusal(value.Start, "anchors and aliases are not read; write the value where it belongs");
        }

        if (value is NodeEvent { Tag.IsEmpty: false } tagged)
        {
            throw Refusal(value.Start, $"the tag {Shown(tagged.Tag.Value)} is not read; quote what is text");
        }

        if (depth > Limits.JsonDepth && value is not YamlScalar)
        {
            throw Refusal(value.Start, $"values are nested deeper than {Limits.JsonDepth}");
        }
    }

    private void WriteScalar(YamlScalar scalar)
    {
        if (scalar.Style != ScalarStyle.Plain)
        {
            CheckText(scalar);
            _json.WriteStringValue(scalar.Value);
            return;
        }

        switch (scalar.Value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                _json.WriteNullValue();
                break;
            case "true" or "True" or "TRUE":
                _json.WriteBooleanValue(true);
                break;
            case "false" or "False" or "FALSE":
                _json.WriteBooleanValue(false);
                break;
            default:
                WritePlain(scalar);
                break;
        }
    }

    private void WritePlain(YamlScalar scalar)
    {
        if (JsonNumber().IsMatch(scalar.Value))
        {
            if (JsonText.FindProblem(Encoding.UTF8.GetBytes(scalar.Value)) is { } problem)
            {
                throw Refusal(scalar.Start, problem);
            }

            _json.WriteRawValue(scalar.Value, skipInputValidation: true);
        }
        else if (OtherNumber().IsMatch(scalar.Value))
        {
            throw Refusal(
                scalar.Start, $"'{Shown(scalar.Value)}' is a number of YAML and none of JSON; quote it if it is text");
        }
        else
        {
            CheckText(scalar);
            _json.WriteStringValue(scalar.Value);
        }
    }

    private static void CheckText(YamlScalar scalar)
    {
        if (!StorableText.IsStorable(scalar.Value))
        {
            throw Refusal(scalar.Start, "the text holds U+0000 or half of a surrogate pair");
        }
    }

    private static ProblemException Refusal(Mark at, string why) => new(new Problem(
        Errors.InvalidYaml,
        string.Create(CultureInfo.InvariantCulture, $"Line {at.Line}, column {at.Column}: {why}.")));

    private static string Shown(string text) => text.Length > 60 ? $"{text[..60]}..." : text;

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();

    // Of the core schema of YAML 1.2.
    [GeneratedRegex(
        @"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
            + @"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex OtherNumber();
}
