namespace Workflows.AiSearch.Indexing;

/// <summary>Cuts a text into pieces that overlap, at the end of a paragraph, a sentence or at least a word.</summary>
internal static class TextSplitter
{
    /// <summary>Pieces of at most <paramref name="maxLength"/> characters; each begins with the last words of the one before.</summary>
    public static IEnumerable<string> Split(string text, int maxLength, int overlap)
    {
        var start = 0;
        while (text.Length - start > maxLength)
        {
            var end = Boundary(text, start + (maxLength / 2), start + maxLength);
            yield return text[start..end].Trim();
            start = WordStart(text, Math.Max(start + 1, end - overlap), end);
        }

        if (text.AsSpan(start).Trim() is { Length: > 0 } rest)
        {
            yield return rest.ToString();
        }
    }

    private static int Boundary(string text, int min, int max)
    {
        var window = text.AsSpan(min, max - min);
        var paragraph = window.LastIndexOf("\n\n");
        if (paragraph >= 0)
        {
            return min + paragraph + 2;
        }

        var sentence = Math.Max(window.LastIndexOf(". "), Math.Max(window.LastIndexOf("? "), window.LastIndexOf('\n')));
        if (sentence >= 0)
        {
            return min + sentence + 1;
        }

        var space = window.LastIndexOf(' ');
        var end = space >= 0 ? min + space + 1 : max;
        return char.IsLowSurrogate(text[end]) ? end - 1 : end;
    }

    /// <summary>The first word that begins at or after <paramref name="from"/>; <paramref name="end"/> when there is none.</summary>
    private static int WordStart(string text, int from, int end)
    {
        for (var i = from; i < end; i++)
        {
            if (char.IsWhiteSpace(text[i - 1]) && !char.IsWhiteSpace(text[i]))
            {
                return i;
            }
        }

        return end;
    }
}
