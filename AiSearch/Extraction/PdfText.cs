using UglyToad.PdfPig;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.DocumentLayoutAnalysis.TextExtractor;
using UglyToad.PdfPig.Exceptions;

namespace Workflows.AiSearch.Extraction;

/// <summary>Reads the text of a PDF, page by page, in the order in which it is read.</summary>
internal static class PdfText
{
    public static ExtractedText Read(byte[] bytes)
    {
        try
        {
            using var document = PdfDocument.Open(bytes, new ParsingOptions { UseLenientParsing = true });
            return Read(document);
        }
        catch (PdfDocumentEncryptedException)
        {
            throw new ExtractionException(
                ExtractionException.Encrypted, "The PDF is protected by a password; save it without one.");
        }
        catch (Exception exception) when (exception is not ExtractionException and not OutOfMemoryException)
        {
            throw new ExtractionException(
                ExtractionException.Malformed, $"The PDF cannot be read: {exception.Message}");
        }
    }

    private static ExtractedText Read(PdfDocument document)
    {
        var pages = document.NumberOfPages;
        if (pages > Limits.PagesPerFile)
        {
            throw new ExtractionException(
                ExtractionException.TooLarge, $"The PDF has {pages} pages; at most {Limits.PagesPerFile} are read.");
        }

        var markdown = new MarkdownBuilder();
        var hasText = false;
        for (var number = 1; number <= pages; number++)
        {
            var text = TextOf(document.GetPage(number));
            if (!string.IsNullOrWhiteSpace(text))
            {
                markdown.Page(number);
                markdown.Block("", text);
                hasText = true;
            }
        }

        return hasText
            ? PlainText.Of(markdown.ToString(), pages)
            : throw new ExtractionException(
                ExtractionException.WithoutText,
                "There is no text in the PDF: its pages are pictures. Run it through text recognition first.");
    }

    private static string TextOf(Page page) =>
        ContentOrderTextExtractor.GetText(page, addDoubleNewline: true).ReplaceLineEndings("\n");
}
