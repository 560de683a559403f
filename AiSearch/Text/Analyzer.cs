using System.Globalization;

namespace Workflows.AiSearch.Text;

/// <summary>
/// Turns text into terms: runs of letters and digits, split where an identifier's words meet (refundOrder, refund_order), folded
/// (<see cref="Folding"/>), without function words, stemmed. Scripts without spaces become pairs of characters. The same for
/// documents and queries; a change of it changes what is stored, hence <see cref="Version"/>.
/// </summary>
internal static class Analyzer
{
    /// <summary>Part of the stored content hash: a new version makes every document be analysed again.</summary>
    public const int Version = 2;

    // Terms of different languages never meet by chance: "die" is no English word's stem.
    private const uint GermanSeed = 0x9e3779b9;

    public delegate void WordHandler(ReadOnlySpan<char> word, int start, int length);

    /// <summary>Calls <paramref name="onWord"/> for each folded word in order, with its place in the text.</summary>
    /// <returns>Number of words; at most <see cref="Limits.TermsPerText"/> are read.</returns>
    public static int ReadWords(ReadOnlySpan<char> text, WordHandler onWord)
    {
        Span<char> buffer = stackalloc char[Limits.TermMaxLength + Folding.MaxGrowth];
        var words = 0;
        var position = 0;
        while (words < Limits.TermsPerText && NextWord(text, ref position, out var start, out var length))
        {
            var folded = 0;
            for (var i = 0; i < length && folded < Limits.TermMaxLength; i++)
            {
                folded += Folding.Fold(text[start + i], buffer[folded..]);
            }

            if (folded > 0)
            {
                onWord(buffer[..Math.Min(folded, Limits.TermMaxLength)], start, length);
                words++;
            }
        }

        return words;
    }

    /// <summary>The term of a folded word.</summary>
    /// <returns>False for a function word, which has none.</returns>
    public static bool TryGetTerm(ReadOnlySpan<char> word, Language language, out uint term)
    {
        if (Languages.IsFunctionWord(language, word))
        {
            term = 0;
            return false;
        }

        Span<char> stem = stackalloc char[Limits.TermMaxLength + 1]; // the English stemmer may add an "e"
        word.CopyTo(stem);
        term = language == Language.German
            ? TermVector.Hash(stem[..GermanStemmer.Stem(stem, word.Length)]) ^ GermanSeed
            : TermVector.Hash(stem[..PorterStemmer.Stem(stem, word.Length)]);
        return true;
    }

    /// <summary>Whether the word is of a script without spaces.</summary>
    public static bool IsUnspaced(ReadOnlySpan<char> word) => word.Length > 0 && IsUnspaced(word[0]);

    private static bool NextWord(ReadOnlySpan<char> text, ref int position, out int start, out int length)
    {
        while (position < text.Length && !IsWordCharacter(text[position]))
        {
            position++;
        }

        start = position;
        if (position < text.Length && IsUnspaced(text[position]))
        {
            // The next pair begins at this one's second character, unless that ends the run.
            var hasNext = position + 1 < text.Length && IsUnspaced(text[position + 1]);
            length = hasNext ? 2 : 1;
            position += hasNext && position + 2 < text.Length && IsUnspaced(text[position + 2]) ? 1 : length;
            return true;
        }

        while (position < text.Length && IsWordCharacter(text[position]) && !IsUnspaced(text[position]))
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

    /// <summary>Kana, Han and Hangul.</summary>
    private static bool IsUnspaced(char character) => character
        is (>= '\u3040' and <= '\u30FF') or (>= '\u3400' and <= '\u4DBF') or (>= '\u4E00' and <= '\u9FFF')
        or (>= '\uAC00' and <= '\uD7AF') or (>= '\uF900' and <= '\uFAFF');
}
