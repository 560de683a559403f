using System.Collections.Frozen;
using System.Globalization;

namespace Workflows.AiSearch.Text;

/// <summary>
/// Turns text into terms: runs of letters and digits, split where an identifier's words meet (refundOrder, refund_order),
/// lower-case, without function words, stemmed. The same for documents and queries; a change of it changes what is stored,
/// hence <see cref="Version"/>.
/// </summary>
internal static class Analyzer
{
    /// <summary>Part of the stored content hash: a new version makes every document be analysed again.</summary>
    public const int Version = 1;

    // Function and question words: in a corpus of statements "what" and "how" are rare, so their weight would be high.
    private static readonly FrozenSet<string> StopWords = FrozenSet.ToFrozenSet(
        ("a about all also am an and any are as at be been being between both but by can could did do does during each "
        + "either for from had has have having he her here his how i if in into is it its may me might more most must my no "
        + "nor not of on one or other our out over own same shall she should so some such than that the their them then "
        + "there these they this those through to too under until up upon us very was we were what when where which while "
        + "who whom why will with within would you your").Split(' '),
        StringComparer.Ordinal);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Stops =
        StopWords.GetAlternateLookup<ReadOnlySpan<char>>();

    public delegate void TermHandler(ReadOnlySpan<char> term, int start, int length);

    /// <summary>Calls <paramref name="onTerm"/> for each term in order, with its place in the text.</summary>
    /// <returns>Number of terms; at most <see cref="Limits.TermsPerText"/> are read.</returns>
    public static int Analyze(ReadOnlySpan<char> text, TermHandler onTerm)
    {
        Span<char> buffer = stackalloc char[Limits.TermMaxLength + 1]; // the stemmer may add an "e"
        var terms = 0;
        var position = 0;
        while (terms < Limits.TermsPerText && NextWord(text, ref position, out var start, out var length))
        {
            var kept = Math.Min(length, Limits.TermMaxLength);
            for (var i = 0; i < kept; i++)
            {
                buffer[i] = char.ToLowerInvariant(text[start + i]);
            }

            if (Stops.Contains(buffer[..kept]))
            {
                continue;
            }

            onTerm(buffer[..PorterStemmer.Stem(buffer, kept)], start, length);
            terms++;
        }

        return terms;
    }

    private static bool NextWord(ReadOnlySpan<char> text, ref int position, out int start, out int length)
    {
        while (position < text.Length && !IsWordCharacter(text[position]))
        {
            position++;
        }

        start = position;
        while (position < text.Length && IsWordCharacter(text[position]))
        {
            position++;
            if (position < text.Length && IsSeam(text, position))
            {
                break;
            }
        }

        length = position - start;
        return length > 0;
    }

    /// <summary>refund|Order and HTTP|Client; digits stay with the letters they follow (utf8, v2).</summary>
    private static bool IsSeam(ReadOnlySpan<char> text, int index) =>
        char.IsUpper(text[index]) && IsWordCharacter(text[index - 1])
        && (!char.IsUpper(text[index - 1]) || (index + 1 < text.Length && char.IsLower(text[index + 1])));

    private static bool IsWordCharacter(char character) => char.IsAsciiLetterOrDigit(character)
        || (character > 127 && (char.IsLetterOrDigit(character)
            || char.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark));
}
