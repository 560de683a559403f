using System.Globalization;

namespace Workflows.Engine.Executions;

/// <summary>
/// A text as it reads once the escapes of JSON in it are resolved, and where each of its characters lies in the text it
/// came from: so that a value is found in JSON within text, whichever way its characters are escaped.
/// </summary>
internal sealed class EscapedText
{
    private readonly int[]? _starts;
    private readonly int _end;

    private EscapedText(string text, int[]? starts, int end) => (Text, _starts, _end) = (text, starts, end);

    public string Text { get; }

    public static EscapedText Of(string text) => new(text, null, text.Length);

    /// <summary>Where the part lies in the text that <see cref="Of"/> was given.</summary>
    public (int Start, int End) SourceOf(int start, int end) => (SourceOf(start), SourceOf(end));

    /// <summary>The text with one level of escapes resolved; null when it has none.</summary>
    public EscapedText? Unescaped()
    {
        var at = Text.IndexOf('\\', StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        var characters = new char[Text.Length];
        var starts = new int[Text.Length];
        var (length, found) = (0, false);
        for (var index = 0; index < Text.Length; length++)
        {
            starts[length] = SourceOf(index);
            var (character, taken) = Read(index);
            characters[length] = character;
            found |= taken > 1;
            index += taken;
        }

        return found ? new EscapedText(new string(characters, 0, length), starts[..length], _end) : null;
    }

    private int SourceOf(int index) => _starts is null ? index : index < _starts.Length ? _starts[index] : _end;

    private (char Character, int Taken) Read(int index)
    {
        if (Text[index] != '\\' || index + 1 == Text.Length)
        {
            return (Text[index], 1);
        }

        return Text[index + 1] switch
        {
            '"' => ('"', 2),
            '\\' => ('\\', 2),
            '/' => ('/', 2),
            'b' => ('\b', 2),
            'f' => ('\f', 2),
            'n' => ('\n', 2),
            'r' => ('\r', 2),
            't' => ('\t', 2),
            'u' when index + 6 <= Text.Length && TryReadUnit(Text.AsSpan(index + 2, 4), out var unit) =>
            ((char)unit, 6),
            _ => ('\\', 1),
        };
    }

    private static bool TryReadUnit(ReadOnlySpan<char> digits, out ushort unit) =>
        ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit);
}
