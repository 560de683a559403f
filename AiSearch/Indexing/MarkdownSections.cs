using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.AiSearch.Indexing;

/// <summary>What stands under one heading on one page of a Markdown text.</summary>
/// <param name="Label">The headings that lead there and the page, for people.</param>
/// <param name="Blocks">Paragraphs, lists, code and tables, in their order.</param>
internal sealed record MarkdownSection(string Label, IReadOnlyList<MarkdownBlock> Blocks)
{
    public int Length => Blocks.Sum(block => block.Text.Length + 2);
}

/// <param name="IsTable">Its first two lines are the head, which each part of it repeats.</param>
internal sealed record MarkdownBlock(string Text, bool IsTable);

/// <summary>
/// Reads the structure of a Markdown text that its chunks follow: headings (<c>#</c> to <c>######</c>), page marks
/// (<c>&lt;!-- page 3 --&gt;</c>), tables, code between fences, and paragraphs between empty lines. Reads each line
/// once, whatever the text is.
/// </summary>
internal sealed partial class MarkdownSections
{
    private const int Levels = 6;

    private readonly List<MarkdownSection> _sections = [];
    private readonly List<MarkdownBlock> _blocks = [];
    private readonly StringBuilder _block = new();
    private readonly string?[] _headings = new string?[Levels];
    private bool _isTable;
    private string? _fence;
    private int? _page;

    private MarkdownSections()
    {
    }

    public static IReadOnlyList<MarkdownSection> Of(string markdown)
    {
        var reader = new MarkdownSections();
        foreach (var line in markdown.ReplaceLineEndings("\n").Split('\n'))
        {
            reader.Read(line);
        }

        reader.EndSection();
        return reader._sections;
    }

    private void Read(string line)
    {
        if (_fence is not null || line.TrimStart() is ['`', '`', '`', ..] or ['~', '~', '~', ..])
        {
            ReadCode(line);
        }
        else if (PageMark().Match(line) is { Success: true } mark)
        {
            EndSection();
            _page = int.Parse(mark.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }
        else if (Heading().Match(line) is { Success: true } heading)
        {
            EndSection();
            var level = heading.Groups[1].Length - 1;
            _headings[level] = heading.Groups[2].Value;
            Array.Clear(_headings, level + 1, Levels - level - 1);
        }
        else if (string.IsNullOrWhiteSpace(line))
        {
            EndBlock();
        }
        else
        {
            var isRow = line.TrimStart().StartsWith('|');
            if (isRow != _isTable)
            {
                EndBlock();
                _isTable = isRow;
            }

            _block.Append(line).Append('\n');
        }
    }

    private void ReadCode(string line)
    {
        var text = line.Trim();
        if (_fence is null)
        {
            EndBlock();
            _fence = text[..3];
        }
        else if (text == _fence)
        {
            _fence = null;
        }

        _block.Append(line).Append('\n');
    }

    private void EndBlock()
    {
        if (_block.ToString().Trim() is { Length: > 0 } text)
        {
            _blocks.Add(new MarkdownBlock(text, _isTable));
        }

        _block.Clear();
        _isTable = false;
    }

    private void EndSection()
    {
        EndBlock();
        if (_blocks.Count > 0)
        {
            _sections.Add(new MarkdownSection(Label(), [.. _blocks]));
        }

        _blocks.Clear();
    }

    private string Label()
    {
        var path = string.Join(" > ", _headings.OfType<string>());
        var page = _page is { } number ? string.Create(CultureInfo.InvariantCulture, $"page {number}") : "";
        return JsonDescriber.Clip(
            path.Length == 0 ? (page.Length == 0 ? "text" : page) : page.Length == 0 ? path : $"{path} ({page})",
            Limits.LabelMaxLength);
    }

    [GeneratedRegex(@"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$", RegexOptions.NonBacktracking)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^<!-- page ([0-9]{1,6}) -->\s*$", RegexOptions.NonBacktracking)]
    private static partial Regex PageMark();
}
