using System.Text;
using nietras.SeparatedValues;

namespace Workflows.AiSearch.Extraction;

/// <summary>Reads text, Markdown and CSV.</summary>
internal static class PlainText
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>UTF-8; else one byte a character (ISO 8859-1), as older programs write.</summary>
    public static string Decode(byte[] bytes)
    {
        try
        {
            return Strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    public static ExtractedText ReadText(byte[] bytes) => Of(Decode(bytes));

    /// <summary>A table of which each line is a row, divided by commas, semicolons or tabs.</summary>
    public static ExtractedText ReadCsv(byte[] bytes)
    {
        var text = Decode(bytes);
        var markdown = new MarkdownBuilder();
        try
        {
            using var reader = Sep.Reader(options => options with
            {
                HasHeader = false,
                Unescape = true,
                DisableColCountCheck = true,
            }).FromText(text);
            var isHead = true;
            foreach (var row in reader)
            {
                if (row.ColCount > Limits.ColumnsPerTable)
                {
                    throw new ExtractionException(
                        ExtractionException.TooLarge, $"A row has more than {Limits.ColumnsPerTable} columns.");
                }

                var cells = new string[row.ColCount];
                for (var i = 0; i < cells.Length; i++)
                {
                    cells[i] = row[i].ToString();
                }

                if (Array.Exists(cells, cell => !string.IsNullOrWhiteSpace(cell)))
                {
                    markdown.Row(cells, isHead);
                    isHead = false;
                }
            }
        }
        catch (Exception exception) when (exception is not ExtractionException and not OutOfMemoryException)
        {
            throw new ExtractionException(
                ExtractionException.Malformed, $"The table cannot be read: {exception.Message}");
        }

        return Of(markdown.ToString());
    }

    public static ExtractedText Of(string text, int? pages = null) =>
        text.Length > Limits.ArticleLength
            ? throw new ExtractionException(
                ExtractionException.TooLarge,
                $"The text has more than {Limits.ArticleLength} characters; split the file.")
        : string.IsNullOrWhiteSpace(text)
            ? throw new ExtractionException(ExtractionException.WithoutText, "There is no text in the file.")
        : new ExtractedText(text.Replace('\0', ' '), pages);
}
