using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>The part of a text that has most of the query's words, and where they are.</summary>
internal static class Highlighter
{
    /// <param name="text">A chunk's text.</param>
    /// <param name="wanted">Terms that are marked, in whatever language they are.</param>
    /// <returns>A snippet, the marks in it, and the words of the whole text that are wanted.</returns>
    public static (string Snippet, IReadOnlyList<Highlight> Highlights, IReadOnlyList<string> Words) Highlight(
        string text, IReadOnlySet<uint> wanted)
    {
        var matches = Matches(text, wanted);
        var begin = matches.Count == 0 ? 0 : WordStart(text, BestWindow(matches));
        var end = WordEnd(text, Math.Min(text.Length, begin + Limits.SnippetLength));
        var highlights = Merge(matches
            .Where(match => match.Start >= begin && match.Start + match.Length <= end)
            .Select(match => new Highlight(match.Start - begin, match.Length)));
        return (text[begin..end], highlights, WordsOf(text, matches));
    }

    /// <summary>The marks in a whole text, such as a title, and the words that are marked.</summary>
    public static (IReadOnlyList<Highlight> Highlights, IReadOnlyList<string> Words) Mark(
        string text, IReadOnlySet<uint> wanted)
    {
        var matches = Matches(text, wanted);
        return (Merge(matches.Select(match => new Highlight(match.Start, match.Length))), WordsOf(text, matches));
    }

    private static List<(uint Term, int Start, int Length)> Matches(string text, IReadOnlySet<uint> wanted)
    {
        var matches = new List<(uint Term, int Start, int Length)>();
        Analyzer.ReadWords(text, (word, start, length) =>
        {
            foreach (var language in (ReadOnlySpan<Language>)[Language.English, Language.German])
            {
                if (Analyzer.TryGetTerm(word, language, out var term) && wanted.Contains(term))
                {
                    matches.Add((term, start, length));
                    break;
                }
            }
        });
        return matches;
    }

    /// <summary>Pairs of characters overlap: what touches is one mark.</summary>
    private static List<Highlight> Merge(IEnumerable<Highlight> marks)
    {
        var merged = new List<Highlight>();
        foreach (var mark in marks)
        {
            if (merged.Count > 0 && merged[^1] is var last && mark.Start < last.Start + last.Length)
            {
                merged[^1] = last with { Length = mark.Start + mark.Length - last.Start };
            }
            else if (merged.Count < Limits.HighlightsPerHit)
            {
                merged.Add(mark);
            }
        }

        return merged;
    }

    private static List<string> WordsOf(string text, List<(uint Term, int Start, int Length)> matches) =>
        [.. matches.DistinctBy(match => match.Term)
            .Select(match => text.Substring(match.Start, match.Length).ToLowerInvariant())];

    /// <summary>The match from which a snippet's length shows the most different words.</summary>
    private static int BestWindow(List<(uint Term, int Start, int Length)> matches)
    {
        var counts = new Dictionary<uint, int>();
        var (best, bestDistinct) = (matches[0].Start, 0);
        for (int first = 0, next = 0; first < matches.Count; first++)
        {
            while (next < matches.Count
                && matches[next].Start + matches[next].Length <= matches[first].Start + Limits.SnippetLength)
            {
                counts[matches[next].Term] = counts.GetValueOrDefault(matches[next].Term) + 1;
                next++;
            }

            if (counts.Count > bestDistinct)
            {
                (best, bestDistinct) = (matches[first].Start, counts.Count);
            }

            if (--counts[matches[first].Term] == 0)
            {
                counts.Remove(matches[first].Term);
            }
        }

        return best;
    }

    /// <summary>A few words before the match, from the beginning of one; the very beginning when the text is
    /// short.</summary>
    private static int WordStart(string text, int match)
    {
        if (text.Length <= Limits.SnippetLength)
        {
            return 0;
        }

        var start = Math.Max(0, match - 30);
        while (start > 0 && start < match && !char.IsWhiteSpace(text[start - 1]))
        {
            start++;
        }

        return start;
    }

    private static int WordEnd(string text, int end)
    {
        var cut = end;
        while (cut < text.Length && cut > end - 20 && !char.IsWhiteSpace(text[cut]))
        {
            cut--;
        }

        cut = cut == end - 20 ? end : cut;
        return cut > 0 && cut < text.Length && char.IsLowSurrogate(text[cut]) ? cut - 1 : cut;
    }
}
