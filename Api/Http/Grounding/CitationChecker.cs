using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Api.Http.Grounding;

/// <summary>
/// Takes an answer with marks (<c>[1]</c>, <c>[2, 3]</c>) apart: sentences, each with the passages that it names. A
/// mark of a passage that there is not is taken out, and the sentence says so. Whether a passage says what a sentence
/// says is not judged. Works in time that grows with the answer's length only.
/// </summary>
internal static partial class CitationChecker
{
    private static readonly string[] Abbreviations =
    [
        "e.g.", "i.e.", "etc.", "cf.", "vs.", "no.", "nr.", "dr.", "mr.", "mrs.", "ms.", "st.", "approx.", "z.b.",
        "d.h.", "bzw.", "ca.", "usw.", "fig.", "p.", "pp.", "art.",
    ];

    private static readonly SearchValues<char> Signs = SearchValues.Create(" \t.,;:!?*-#>|");

    /// <param name="answer">As a model wrote it.</param>
    /// <param name="passages">How many passages it was given; their numbers begin at 1.</param>
    public static IReadOnlyList<SentenceView> Check(string answer, int passages)
    {
        var sentences = new List<SentenceView>();
        foreach (var (whole, beginsLine) in Sentences(answer))
        {
            // Marks after the full stop belong to what stands before them.
            var after = beginsLine || sentences.Count == 0 ? "" : LeadingMarks().Match(whole).Value;
            if (after.Length > 0)
            {
                sentences[^1] = Joined(sentences[^1], after, passages);
            }

            var text = whole[after.Length..];
            if (Marks().Replace(text, "").AsSpan().IndexOfAnyExcept(Signs) >= 0)
            {
                sentences.Add(Sentence(text, passages));
            }
        }

        return sentences;
    }

    /// <summary>The answer without the marks that name nothing.</summary>
    public static string Text(IReadOnlyList<SentenceView> sentences) =>
        string.Join(' ', sentences.Select(sentence => sentence.Text));

    private static SentenceView Sentence(string text, int passages)
    {
        var (shown, sources, unknown) = Read(text, passages);
        return new SentenceView(shown, sources, sources.Length > 0, unknown.Length > 0 ? unknown : null);
    }

    private static SentenceView Joined(SentenceView sentence, string marks, int passages)
    {
        var (shown, sources, unknown) = Read(marks, passages);
        int[] all = [.. sentence.Sources.Union(sources)];
        int[] unknownToo = [.. (sentence.UnknownSources ?? []).Union(unknown)];
        return new SentenceView(
            $"{sentence.Text} {shown}".TrimEnd(), all, all.Length > 0, unknownToo.Length > 0 ? unknownToo : null);
    }

    /// <summary>The text without marks that name nothing, what the others name, and what these did.</summary>
    private static (string Shown, int[] Sources, int[] Unknown) Read(string text, int passages)
    {
        var named = Marks().Matches(text).SelectMany(Numbers).ToList();
        int[] unknown = [.. named.Where(number => number < 1 || number > passages).Distinct()];
        var shown = unknown.Length == 0
            ? text
            : BeforeSign().Replace(Marks().Replace(text, mark => Known(mark, passages)), "$1");
        return (
            shown.Trim(), [.. named.Where(number => number >= 1 && number <= passages).Distinct()], unknown);
    }

    private static string Known(Match mark, int passages)
    {
        int[] known = [.. Numbers(mark).Where(number => number >= 1 && number <= passages)];
        return known.Length == 0 ? "" : $"[{string.Join(", ", known)}]";
    }

    // A number that no passage can have stands for itself: it is unknown, whatever its length.
    private static IEnumerable<int> Numbers(Match mark) =>
        mark.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries).Select(number =>
            int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : int.MaxValue);

    // At the ends of lines, and after . ! ? that a space follows and no abbreviation or single letter comes before.
    private static IEnumerable<(string Text, bool BeginsLine)> Sentences(string answer)
    {
        foreach (var line in answer.ReplaceLineEndings("\n").Split('\n'))
        {
            var sentence = new StringBuilder();
            var beginsLine = true;
            for (var i = 0; i < line.Length; i++)
            {
                sentence.Append(line[i]);
                if (line[i] is '.' or '!' or '?' && (i + 1 == line.Length || char.IsWhiteSpace(line[i + 1]))
                    && !IsAbbreviated(sentence))
                {
                    yield return (sentence.ToString(), beginsLine);
                    sentence.Clear();
                    beginsLine = false;
                }
            }

            if (sentence.Length > 0)
            {
                yield return (sentence.ToString(), beginsLine);
            }
        }
    }

    private static bool IsAbbreviated(StringBuilder sentence)
    {
        var start = sentence.Length - 1;
        while (start > 0 && sentence.Length - start < 12 && !char.IsWhiteSpace(sentence[start - 1]))
        {
            start--;
        }

        var word = sentence.ToString(start, sentence.Length - start).TrimStart('(', '"', '\'');
        return (word.Length == 2 && char.IsLetter(word[0]) && word[0] != 'I')
            || (word.Length > 1 && word[..^1].All(char.IsAsciiDigit) && start == 0)
            || Abbreviations.Contains(word, StringComparer.OrdinalIgnoreCase);
    }

    [GeneratedRegex(@"\[([0-9]+(?: ?, ?[0-9]+)*)\]", RegexOptions.NonBacktracking)]
    private static partial Regex Marks();

    [GeneratedRegex(@"^\s*(?:\[[0-9]+(?: ?, ?[0-9]+)*\]\s*)+", RegexOptions.NonBacktracking)]
    private static partial Regex LeadingMarks();

    // What a mark that was taken out leaves: a gap before a sign, or between two words.
    [GeneratedRegex(@" {1,4}([.!?,;: ]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex BeforeSign();
}
