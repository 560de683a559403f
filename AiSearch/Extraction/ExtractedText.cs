using System.Globalization;
using System.Text;

namespace Workflows.AiSearch.Extraction;

/// <summary>A file cannot be read, for a reason that its owner understands.</summary>
/// <param name="code">What programs compare; see docs/knowledge.md.</param>
internal sealed class ExtractionException(string code, string message) : Exception(message)
{
    public const string Malformed = "FILE_MALFORMED";
    public const string Encrypted = "FILE_ENCRYPTED";
    public const string TooLarge = "FILE_TOO_LARGE";
    public const string TooDeep = "FILE_TOO_DEEP";
    public const string TooCostly = "FILE_TOO_COSTLY";
    public const string WithoutText = "FILE_WITHOUT_TEXT";

    public string Code => code;
}

/// <summary>What was read out of a file.</summary>
/// <param name="Markdown">At most <see cref="Limits.ArticleLength"/> characters.</param>
/// <param name="Pages">Null where the format has none.</param>
internal sealed record ExtractedText(string Markdown, int? Pages);

/// <summary>Markdown that grows up to a bound.</summary>
internal sealed class MarkdownBuilder
{
    private readonly StringBuilder _text = new();

    public int Length => _text.Length;

    public MarkdownBuilder Append(string text)
    {
        if (_text.Length + text.Length > Limits.ArticleLength)
        {
            throw new ExtractionException(
                ExtractionException.TooLarge,
                string.Create(CultureInfo.InvariantCulture,
                    $"The text has more than {Limits.ArticleLength:N0} characters; split the file."));
        }

        _text.Append(text);
        return this;
    }

    /// <summary>A paragraph, a heading: with an empty line after it; nothing when there is no text.</summary>
    public void Block(string prefix, string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length > 0)
        {
            Append(prefix).Append(prefix.Length > 0 ? trimmed : Escape(trimmed)).Append("\n\n");
        }
    }

    /// <summary>A heading of level 1 to 6.</summary>
    public void Heading(int level, string text) => Block(new string('#', level) + " ", OneLine(text));

    public void Page(int number) => Append(string.Create(CultureInfo.InvariantCulture, $"<!-- page {number} -->\n\n"));

    /// <summary>A row of a table; after the first one of a table the line that makes it its head.</summary>
    public void Row(IReadOnlyList<string> cells, bool isHead)
    {
        Append("| ").Append(string.Join(" | ", cells.Select(Cell))).Append(" |\n");
        if (isHead)
        {
            Append("|").Append(string.Concat(Enumerable.Repeat(" --- |", cells.Count))).Append("\n");
        }
    }

    public static string OneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public override string ToString() => _text.ToString();

    private static string Cell(string text) => OneLine(text).Replace("|", "\\|", StringComparison.Ordinal);

    // What begins a line and would be read as structure that the file does not have.
    private static string Escape(string text) => string.Join(
        '\n',
        text.Split('\n').Select(line => line.TrimStart() is ['#' or '|' or '<', ..] ? "\\" + line.TrimStart() : line));
}
