using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Workflows.Api.Http;

/// <summary>
/// JSON as YAML for people and version control: blocks, one member a line, text of several lines as it is written.
/// Guarantees: <see cref="YamlBody"/> reads the same JSON from it, and no reader of YAML 1.1 or 1.2 takes text for a
/// number, truth, time or nothing: what could be taken so is quoted.
/// </summary>
internal static class YamlText
{
    public const string MediaType = "application/yaml";

    private const int LongestPlain = 200;

    private static readonly EmitterSettings Settings = new EmitterSettings()
        .WithBestWidth(int.MaxValue).WithMaxSimpleKeyLength(1024).WithIndentedSequences().WithNewLine("\n");

    // Of YAML 1.1, whose readers are still the most.
    private static readonly HashSet<string> Reserved = new(
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null"], StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> PlainMarks = SearchValues.Create(" _-./@+$()=");

    public static byte[] Write(JsonElement json)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, Settings);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, json);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(Emitter emitter, JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                emitter.Emit(new MappingStart(
                    AnchorName.Empty, TagName.Empty, isImplicit: true,
                    json.GetPropertyCount() == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var member in json.EnumerateObject())
                {
                    Write(emitter, member.Name, StyleOf(member.Name, isName: true));
                    Write(emitter, member.Value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(
                    AnchorName.Empty, TagName.Empty, isImplicit: true,
                    json.GetArrayLength() == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in json.EnumerateArray())
                {
                    Write(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                var value = json.GetString()!;
                Write(emitter, value, StyleOf(value, isName: false));
                break;
            default:
                Write(emitter, json.GetRawText(), ScalarStyle.Plain);
                break;
        }
    }

    private static void Write(Emitter emitter, string text, ScalarStyle style) => emitter.Emit(new YamlScalar(
        AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: true, isQuotedImplicit: true));

    private static ScalarStyle StyleOf(string text, bool isName) =>
        IsPlain(text) ? ScalarStyle.Plain
        : !isName && IsLiteral(text) ? ScalarStyle.Literal
        : IsPrintable(text) && !text.Contains('\n', StringComparison.Ordinal) ? ScalarStyle.SingleQuoted
        : ScalarStyle.DoubleQuoted;

    // Begins with a letter and holds nothing that means something anywhere in YAML.
    private static bool IsPlain(string text) =>
        text.Length is > 0 and <= LongestPlain && (char.IsAsciiLetter(text[0]) || text[0] == '_') && text[^1] != ' '
        && !Reserved.Contains(text) && text.All(character =>
            char.IsAsciiLetterOrDigit(character) || PlainMarks.Contains(character));

    // A line that ends in a blank, or a text that begins with one, could not be told from the indentation by eye.
    private static bool IsLiteral(string text) =>
        text.Contains('\n', StringComparison.Ordinal) && text[0] is not (' ' or '\n')
        && !text.EndsWith("\n\n", StringComparison.Ordinal) && !text.EndsWith(' ')
        && !text.Contains(" \n", StringComparison.Ordinal) && IsPrintable(text);

    private static bool IsPrintable(string text) => text.All(character =>
        character is '\n' or (>= ' ' and <= '~')
        || (character > '\u00A0' && !char.IsControl(character) && !char.IsSurrogate(character)
            && character is not ('\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF')));
}
