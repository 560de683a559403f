using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>What somebody who types may mean.</summary>
/// <param name="Text">The title of a document, or the line with its last word completed.</param>
/// <param name="Type">Of the document; null for a completed line.</param>
/// <param name="Id">Of the document; null for a completed line.</param>
internal sealed record Suggestion(string Text, string? Type, Guid? Id);

/// <summary>
/// Suggestions as somebody types: titles that have the words, the last one as the beginning of a word, then titles
/// that look like the line, then completions of the last word. Only what the filter allows is suggested, words too.
/// Called with the corpus locked.
/// </summary>
internal sealed class Suggester(CorpusEntries entries)
{
    public IReadOnlyList<Suggestion> Suggest(string text, SearchFilter filter, int limit)
    {
        var words = new List<string>();
        Analyzer.ReadWords(text, (word, _, _) => words.Add(word.ToString()));
        if (words.Count == 0)
        {
            return [];
        }

        var isAllowed = new bool[entries.Documents.Count];
        entries.Allow(filter, isAllowed);
        var suggestions = Titles(words, text, filter, isAllowed).Take(limit).ToList();
        suggestions.AddRange(Completions(words[^1], text, isAllowed).Take(limit - suggestions.Count));
        return suggestions;
    }

    private IEnumerable<Suggestion> Titles(List<string> words, string text, SearchFilter filter, bool[] isAllowed)
    {
        var likeness = new float[entries.Documents.Count];
        entries.TitleIndex.ScoreShared(TermVector.TrigramsOf(text), likeness);
        var found = new List<(CorpusDocument Document, bool HasWords, float Likeness)>();
        for (var i = 0; i < likeness.Length; i++)
        {
            // Without a trigram in common no word of it can begin like a word of three letters; shorter ones are
            // looked for in all.
            if (isAllowed[i] && entries.Documents[i] is { } document && filter.AllowsType(document.ContentType)
                && (likeness[i] > 0 || words[^1].Length < Limits.PrefixLettersMin))
            {
                var hasWords = HasWords(document.Title, words);
                if (hasWords || likeness[i] >= Limits.NameSimilarityMin)
                {
                    found.Add((document, hasWords, likeness[i]));
                }
            }
        }

        return found
            .OrderByDescending(title => title.HasWords).ThenByDescending(title => title.Likeness)
            .ThenBy(title => title.Document.Title.Length).ThenByDescending(title => title.Document.ContentAt)
            .DistinctBy(title => (title.Document.ContentType, title.Document.Title))
            .Select(title => new Suggestion(title.Document.Title, title.Document.ContentType,
                title.Document.ContentId));
    }

    /// <summary>Whether the title has all words, the last one as the beginning of one.</summary>
    private static bool HasWords(string title, List<string> words)
    {
        var has = new bool[words.Count];
        Analyzer.ReadWords(title, (word, _, _) =>
        {
            for (var i = 0; i < has.Length; i++)
            {
                has[i] |= i == has.Length - 1 ? word.StartsWith(words[i]) : word.SequenceEqual(words[i]);
            }
        });
        return Array.TrueForAll(has, found => found);
    }

    private IEnumerable<Suggestion> Completions(string beginning, string text, bool[] isAllowed)
    {
        // The line is kept as it was typed, up to its last word.
        var kept = text[..LastWordStart(text)];
        foreach (var (word, term) in entries.Words.Completions(beginning, entries.ChunkIndex.FrequencyOf))
        {
            if (word != beginning && IsInAllowed(term, isAllowed))
            {
                yield return new Suggestion(kept + word, null, null);
            }
        }
    }

    private static int LastWordStart(string text)
    {
        var last = 0;
        Analyzer.ReadWords(text, (_, start, _) => last = start);
        return last;
    }

    /// <summary>A word that only hidden documents have must not be told.</summary>
    private bool IsInAllowed(uint term, bool[] isAllowed)
    {
        foreach (var chunk in entries.ChunkIndex.EntriesOf(term))
        {
            if (isAllowed[entries.Chunks[chunk].Document])
            {
                return true;
            }
        }

        return false;
    }
}
