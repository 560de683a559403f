using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Workflows.AiSearch.Extraction;

/// <summary>Reads an HTML page as Markdown: headings, paragraphs, lists, tables, code; no scripts, styles, forms or
/// navigation. Walks the tree without recursion, so that its depth costs no stack.</summary>
internal sealed class HtmlText
{
    private static readonly HashSet<string> Skipped = new(StringComparer.OrdinalIgnoreCase)
    {
        "script", "style", "noscript", "template", "head", "nav", "svg", "math", "iframe", "object", "button", "select",
        "textarea", "canvas",
    };

    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "p", "div", "section", "article", "main", "header", "footer", "aside", "ul", "ol", "dl", "dt", "dd",
        "blockquote", "figure", "figcaption", "address", "details", "summary", "form", "fieldset", "table", "hr",
        "body",
    };

    private readonly MarkdownBuilder _markdown = new();
    private readonly StringBuilder _text = new();
    private readonly List<string> _cells = [];
    private int _rows;
    private int _tables;

    public static ExtractedText Read(byte[] bytes)
    {
        var document = new HtmlParser().ParseDocument(PlainText.Decode(bytes));
        var reader = new HtmlText();
        if (document.Title is { Length: > 0 } title && document.QuerySelector("h1") is null)
        {
            reader._markdown.Heading(1, title);
        }

        if (document.Body is { } body)
        {
            reader.Walk(body);
        }

        reader.EndBlock("");
        return PlainText.Of(reader._markdown.ToString());
    }

    private void Walk(INode root)
    {
        var depth = 0;
        INode? node = root;
        while (node is not null)
        {
            var isEntered = Enter(node) && node.FirstChild is not null;
            if (isEntered)
            {
                node = node.FirstChild;
                if (++depth > Limits.MarkupDepth)
                {
                    throw new ExtractionException(
                        ExtractionException.TooDeep,
                        $"The page has more than {Limits.MarkupDepth} elements within each other.");
                }

                continue;
            }

            Leave(node);
            while (node != root && node!.NextSibling is null)
            {
                node = node.Parent!;
                depth--;
                Leave(node);
            }

            node = node == root ? null : node.NextSibling;
        }
    }

    /// <returns>Whether what is in it is read.</returns>
    private bool Enter(INode node)
    {
        if (node is IText text)
        {
            _text.Append(text.Data);
            return false;
        }

        if (node is not IElement element || Skipped.Contains(element.LocalName))
        {
            return node is not IElement && node is not IComment;
        }

        switch (element.LocalName)
        {
            case "br":
                _text.Append('\n');
                break;
            case "table" when _tables == 0:
                EndBlock("");
                (_tables, _rows) = (1, 0);
                break;
            case "table":
                _tables++;
                _text.Append(' ');
                break;
            case "tr" when _tables == 1:
                EndBlock("");
                _cells.Clear();
                break;
            case "td" or "th" when _tables == 1:
                _text.Clear();
                break;
            case var name when _tables == 0 && (Blocks.Contains(name) || name is "pre" or "li" or "h1" or "h2"
                or "h3" or "h4" or "h5" or "h6"):
                EndBlock("");
                break;
            default:
                break;
        }

        return true;
    }

    private void Leave(INode node)
    {
        if (node is not IElement element || Skipped.Contains(element.LocalName))
        {
            return;
        }

        switch (element.LocalName)
        {
            case "td" or "th" when _tables == 1:
                AddCell();
                break;
            case "tr" when _tables == 1:
                EndRow();
                break;
            case "table":
                EndTable();
                break;
            case "pre" when _tables == 0:
                EndCode();
                break;
            case "li" when _tables == 0:
                EndBlock("- ");
                break;
            case ['h', >= '1' and <= '6'] when _tables == 0:
                EndHeading(element.LocalName[1] - '0');
                break;
            case var name when _tables == 0 && Blocks.Contains(name):
                EndBlock("");
                break;
            case var name when Blocks.Contains(name) || name is "td" or "th" or "tr" or "li":
                _text.Append(' ');
                break;
            default:
                break;
        }
    }

    private void AddCell()
    {
        if (_cells.Count >= Limits.ColumnsPerTable)
        {
            throw new ExtractionException(
                ExtractionException.TooLarge, $"A row has more than {Limits.ColumnsPerTable} columns.");
        }

        _cells.Add(_text.ToString());
        _text.Clear();
    }

    private void EndRow()
    {
        if (_cells.Exists(cell => !string.IsNullOrWhiteSpace(cell)))
        {
            _markdown.Row(_cells, isHead: _rows == 0);
            _rows++;
        }

        _cells.Clear();
        _text.Clear();
    }

    private void EndTable()
    {
        _tables--;
        if (_tables == 0)
        {
            EndBlock("");
            _markdown.Append("\n");
        }
    }

    private void EndCode()
    {
        var code = _text.ToString().Trim('\n', '\r').Replace("```", "'''", StringComparison.Ordinal);
        _text.Clear();
        if (code.Length > 0)
        {
            _markdown.Append("```\n").Append(code).Append("\n```\n\n");
        }
    }

    private void EndHeading(int level)
    {
        _markdown.Heading(level, _text.ToString());
        _text.Clear();
    }

    private void EndBlock(string prefix)
    {
        var lines = _text.ToString().Split('\n').Select(MarkdownBuilder.OneLine).Where(line => line.Length > 0);
        _markdown.Block(prefix, string.Join(prefix.Length > 0 ? " " : "\n", lines));
        _text.Clear();
    }
}
