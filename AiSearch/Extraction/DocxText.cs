using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;

namespace Workflows.AiSearch.Extraction;

/// <summary>
/// Reads a DOCX (ECMA-376, WordprocessingML) as Markdown: headings by their styles or outline levels, paragraphs,
/// lists, tables. Reads the two parts that it needs as streams of bounded length, without a tree, without declarations
/// of types or entities.
/// </summary>
internal sealed class DocxText
{
    private const string Word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    private const string StrictWord = "http://purl.oclc.org/ooxml/wordprocessingml/main";
    private const int Levels = 6;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    private readonly IReadOnlyDictionary<string, int> _levels;
    private readonly MarkdownBuilder _markdown = new();
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _cell = new();
    private readonly List<string> _cells = [];
    private int _tables;
    private int _rows;
    private int? _level;
    private bool _isItem;

    private DocxText(IReadOnlyDictionary<string, int> levels) => _levels = levels;

    public static ExtractedText Read(byte[] bytes)
    {
        try
        {
            using var archive = new ZipArchive(new MemoryStream(bytes), ZipArchiveMode.Read);
            using var styles = Open(archive, "word/styles.xml");
            var reader = new DocxText(styles is null ? new Dictionary<string, int>() : HeadingStyles(styles));
            using var document = Open(archive, "word/document.xml") ?? throw new ExtractionException(
                ExtractionException.Malformed, "The document has no main part.");
            reader.Walk(document);
            return PlainText.Of(reader._markdown.ToString());
        }
        catch (Exception exception) when (exception is XmlException or InvalidDataException)
        {
            throw new ExtractionException(
                ExtractionException.Malformed, $"The document cannot be read: {exception.Message}");
        }
    }

    private static XmlReader? Open(ZipArchive archive, string part) =>
        archive.GetEntry(part) is { } entry
            ? XmlReader.Create(new BoundedStream(entry.Open(), Limits.UnfoldedBytes), Settings)
            : null;

    private static Dictionary<string, int> HeadingStyles(XmlReader reader)
    {
        var levels = new Dictionary<string, int>(StringComparer.Ordinal);
        var style = "";
        while (reader.Read())
        {
            CheckDepth(reader);
            if (reader.NodeType != XmlNodeType.Element || !IsWord(reader))
            {
                continue;
            }

            switch (reader.LocalName)
            {
                case "style":
                    style = Attribute(reader, "styleId") ?? "";
                    break;
                case "name" when Attribute(reader, "val") is { } name
                    && name.StartsWith("heading ", StringComparison.OrdinalIgnoreCase)
                    && int.TryParse(name.AsSpan(8), NumberStyles.None, CultureInfo.InvariantCulture, out var level):
                    levels[style] = level;
                    break;
                case "name" when string.Equals(Attribute(reader, "val"), "title", StringComparison.OrdinalIgnoreCase):
                    levels[style] = 1;
                    break;
                case "outlineLvl" when Outline(reader) is { } outline:
                    levels.TryAdd(style, outline);
                    break;
                default:
                    break;
            }
        }

        return levels;
    }

    private void Walk(XmlReader reader)
    {
        while (reader.Read())
        {
            CheckDepth(reader);
            switch (reader.NodeType)
            {
                // A fallback says again what stands before it; what was deleted is not said any more.
                case XmlNodeType.Element when reader.LocalName is "Fallback" or "del" or "moveFrom" or "instrText":
                    Skip(reader);
                    break;
                case XmlNodeType.Element when IsWord(reader):
                    Enter(reader);
                    break;
                case XmlNodeType.EndElement when IsWord(reader):
                    Leave(reader.LocalName);
                    break;
                default:
                    break;
            }
        }
    }

    // Its end is passed with the next reading, which must not pass over what follows.
    private static void Skip(XmlReader reader)
    {
        var depth = reader.Depth;
        while (!reader.IsEmptyElement && reader.Read() && reader.Depth > depth)
        {
            CheckDepth(reader);
        }
    }

    private void Enter(XmlReader reader)
    {
        switch (reader.LocalName)
        {
            case "p" when !reader.IsEmptyElement:
                (_level, _isItem) = (null, false);
                break;
            case "pStyle" when Attribute(reader, "val") is { } style && _levels.TryGetValue(style, out var level):
                _level = level;
                break;
            case "outlineLvl" when Outline(reader) is { } outline:
                _level = outline;
                break;
            case "numPr":
                _isItem = true;
                break;
            case "t" when !reader.IsEmptyElement:
                reader.Read();
                _text.Append(reader.NodeType is XmlNodeType.Text or XmlNodeType.SignificantWhitespace
                    or XmlNodeType.Whitespace or XmlNodeType.CDATA ? reader.Value : "");
                break;
            case "tab":
                _text.Append(' ');
                break;
            case "br" or "cr":
                _text.Append('\n');
                break;
            case "tbl":
                _tables++;
                _rows = _tables == 1 ? 0 : _rows;
                break;
            default:
                break;
        }
    }

    private void Leave(string name)
    {
        switch (name)
        {
            case "p":
                EndParagraph();
                break;
            case "tc" when _tables == 1:
                AddCell();
                break;
            case "tr" when _tables == 1:
                EndRow();
                break;
            case "tbl":
                _tables--;
                _markdown.Append(_tables == 0 ? "\n" : "");
                break;
            default:
                break;
        }
    }

    private void EndParagraph()
    {
        var text = _text.ToString();
        _text.Clear();
        if (_tables > 0)
        {
            _cell.Append(text).Append(' ');
        }
        else if (_level is >= 1 and var level)
        {
            _markdown.Heading(Math.Min(level, Levels), text);
        }
        else
        {
            _markdown.Block(_isItem ? "- " : "", _isItem ? MarkdownBuilder.OneLine(text) : text);
        }
    }

    private void AddCell()
    {
        if (_cells.Count >= Limits.ColumnsPerTable)
        {
            throw new ExtractionException(
                ExtractionException.TooLarge, $"A row has more than {Limits.ColumnsPerTable} columns.");
        }

        _cells.Add(_cell.ToString());
        _cell.Clear();
    }

    private void EndRow()
    {
        if (_cells.Exists(cell => !string.IsNullOrWhiteSpace(cell)))
        {
            _markdown.Row(_cells, isHead: _rows == 0);
            _rows++;
        }

        _cells.Clear();
    }

    private static void CheckDepth(XmlReader reader)
    {
        if (reader.Depth > Limits.MarkupDepth)
        {
            throw new ExtractionException(
                ExtractionException.TooDeep,
                $"The document has more than {Limits.MarkupDepth} elements within each other.");
        }
    }

    private static bool IsWord(XmlReader reader) => reader.NamespaceURI is Word or StrictWord;

    private static string? Attribute(XmlReader reader, string name) =>
        reader.GetAttribute(name, Word) ?? reader.GetAttribute(name, StrictWord);

    // Counted from 0; 9 is the level of the body.
    private static int? Outline(XmlReader reader) =>
        int.TryParse(Attribute(reader, "val"), NumberStyles.None, CultureInfo.InvariantCulture, out var level)
            && level < 9
            ? level + 1
            : null;
}
