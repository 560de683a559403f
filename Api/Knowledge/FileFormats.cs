using System.Text;

namespace Workflows.Api.Knowledge;

/// <summary>What a file is, by its content. The name decides only between kinds of text, which look alike; a name that
/// says something else than the content is refused.</summary>
internal static class FileFormats
{
    private const int Beginning = 1_024;

    private static readonly (string Ending, string Format)[] Endings =
    [
        (".pdf", "pdf"), (".docx", "docx"), (".html", "html"), (".htm", "html"), (".xhtml", "html"),
        (".md", "markdown"), (".markdown", "markdown"), (".csv", "csv"), (".tsv", "csv"), (".txt", "text"),
        (".log", "text"),
    ];

    /// <returns>pdf, docx, html, markdown, csv or text; null and why not.</returns>
    public static (string? Format, string? Refusal) Find(string name, ReadOnlySpan<byte> bytes)
    {
        var named = Array.Find(
            Endings, known => name.EndsWith(known.Ending, StringComparison.OrdinalIgnoreCase)).Format;
        if (bytes.IsEmpty)
        {
            return (null, "The file is empty.");
        }

        var beginning = bytes[..Math.Min(bytes.Length, Beginning)];
        if (beginning.IndexOf("%PDF-"u8) >= 0)
        {
            return ("pdf", null);
        }

        if (bytes.StartsWith("PK\x03\x04"u8))
        {
            return bytes.IndexOf("word/document.xml"u8) >= 0
                ? ("docx", null)
                : (null, "The file is a ZIP archive, and not a document of a word processor (DOCX).");
        }

        if (named is "pdf" or "docx")
        {
            return (null, $"The file's name ends like a {named.ToUpperInvariant()}, and its content is none.");
        }

        if (!IsText(bytes))
        {
            return (null, null);
        }

        return (IsHtml(beginning) ? "html" : named ?? "text", null);
    }

    /// <summary>What browsers and programs call the format.</summary>
    public static string MediaType(string format) => format switch
    {
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "html" => "text/html; charset=utf-8",
        "markdown" => "text/markdown; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };

    // No control characters but white space and the form feed; UTF-8, or one byte a character, is found out on reading.
    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (value < 0x20 && value is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsHtml(ReadOnlySpan<byte> beginning)
    {
        var text = Encoding.UTF8.GetString(beginning).TrimStart('\uFEFF').TrimStart();
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            || (text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase)
                && text.Contains("<html", StringComparison.OrdinalIgnoreCase));
    }
}
