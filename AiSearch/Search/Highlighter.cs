using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>The part of a text that has most of the query's words, and where they are.</summary>
internal static class Highlighter
{
    public static (string Snippet, IReadOnlyList<Highlight> Highlights, IReadOnlyList<string> Terms) Highlight(string text, TermVector query)
    {
        var wanted = query.Terms.Select(term => term.Term).ToHashSet();
        var matches = new List<(uint Term, int Start, int Length)>();
        Analyzer.Analyze(text, (term, start, length) =>
        {
            var hash = TermVector.Hash(term);
            if (wanted.Contains(hash))
            {
                matches.Add((hash, start, length));
            }
        });
        var begin = matches.Count == 0 ? 0 : WordStart(text, BestWindow(matches));
        var end = WordEnd(text, Math.Min(text.Length, begin + Limits.SnippetLength));
        var highlights = matches
            .Where(match => match.Start >= begin && match.Start + match.Length <= end)
            .Take(Limits.HighlightsPerHit)
            .Select(match => new Highlight(match.Start - begin, match.Length))
            .ToList();
        var terms = matches.DistinctBy(match => match.Term)
            .Select(match => text.Substring(match.Start, match.Length).ToLowerInvariant())
            .ToList();
        return (text[begin..end], highlights, terms);
    }

    /// <summary>The match from which a snippet's length shows the most different words.</summary>
    private static int BestWindow(List<(uint Term, int Start, int Length)> matches)
    {
        var counts = new Dictionary<uint, int>();
        var (best, bestDistinct) = (matches[0].Start, 0);
        for (int first = 0, next = 0; first < matches.Count; first++)
        {
            while (next < matches.Count && matches[next].Start + matches[next].Length <= matches[first].Start + Limits.SnippetLength)
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

    /// <summary>A few words before the match, from the beginning of one; the very beginning when the text is short.</summary>
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
