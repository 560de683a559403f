namespace Workflows.AiSearch.Text;

/// <summary>
/// The German stemming algorithm of Snowball (M. F. Porter, R. Boulton), for lower-case words whose accents are
/// folded already (ä is a, ß is ss); other words stay as they are. Works in place and allocates nothing.
/// </summary>
internal static class GermanStemmer
{
    private const int LettersBeforeRegion = 3;

    private static readonly string[] Plural = ["em", "ern", "er"];
    private static readonly string[] PluralInE = ["e", "en", "es"];

    /// <summary>Stems the first <paramref name="length"/> characters of <paramref name="word"/>.</summary>
    /// <returns>The length of the stem.</returns>
    public static int Stem(Span<char> word, int length)
    {
        if (length <= LettersBeforeRegion || word[..length].ContainsAnyExceptInRange('a', 'z'))
        {
            return length;
        }

        MarkConsonants(word[..length]);
        var first = Math.Max(LettersBeforeRegion, RegionAfter(word[..length], 0));
        var second = RegionAfter(word[..length], RegionAfter(word[..length], 0));
        length = StripPlural(word, length, first);
        length = StripComparison(word, length, first);
        length = StripDerivation(word, length, first, second);
        for (var i = 0; i < length; i++)
        {
            word[i] = char.ToLowerInvariant(word[i]);
        }

        return length;
    }

    /// <summary>A "u" or "y" between vowels is a consonant.</summary>
    private static void MarkConsonants(Span<char> word)
    {
        for (var i = 1; i < word.Length - 1; i++)
        {
            if (word[i] is 'u' or 'y' && IsVowel(word[i - 1]) && IsVowel(word[i + 1]))
            {
                word[i] = char.ToUpperInvariant(word[i]);
            }
        }
    }

    /// <summary>Where the part begins that follows the first consonant after a vowel; the end when there is
    /// none.</summary>
    private static int RegionAfter(ReadOnlySpan<char> word, int start)
    {
        for (var i = start + 1; i < word.Length; i++)
        {
            if (!IsVowel(word[i]) && IsVowel(word[i - 1]))
            {
                return i + 1;
            }
        }

        return word.Length;
    }

    private static int StripPlural(ReadOnlySpan<char> word, int length, int region)
    {
        var stem = word[..length];
        if (LongestOf(stem, Plural) is { Length: > 0 } suffix)
        {
            return IsIn(stem, suffix, region) ? length - suffix.Length : length;
        }

        if (LongestOf(stem, PluralInE) is { Length: > 0 } inE)
        {
            if (!IsIn(stem, inE, region))
            {
                return length;
            }

            length -= inE.Length;
            return word[..length].EndsWith("niss") ? length - 1 : length;
        }

        return stem[^1] == 's' && length - 1 >= region
            && stem[^2] is 'b' or 'd' or 'f' or 'g' or 'h' or 'k' or 'l' or 'm' or 'n' or 'r' or 't'
            ? length - 1
            : length;
    }

    private static int StripComparison(ReadOnlySpan<char> word, int length, int region)
    {
        var stem = word[..length];
        foreach (var suffix in (ReadOnlySpan<string>)["est", "en", "er"])
        {
            if (stem.EndsWith(suffix))
            {
                return IsIn(stem, suffix, region) ? length - suffix.Length : length;
            }
        }

        return stem.EndsWith("st") && length >= 6 && IsIn(stem, "st", region)
            && stem[^3] is 'b' or 'd' or 'f' or 'g' or 'h' or 'k' or 'l' or 'm' or 'n' or 't'
            ? length - 2
            : length;
    }

    private static int StripDerivation(ReadOnlySpan<char> word, int length, int first, int second)
    {
        var stem = word[..length];
        switch (LongestOf(stem, ["end", "ung", "isch", "ig", "ik", "lich", "heit", "keit"]))
        {
            case "end" or "ung" when length - 3 >= second:
                length -= 3;
                stem = word[..length];
                return stem.EndsWith("ig") && length - 2 >= second && !stem.EndsWith("eig") ? length - 2 : length;
            case ("ig" or "ik" or "isch") and var suffix when IsIn(stem, suffix, second):
                return length > suffix.Length && stem[length - suffix.Length - 1] == 'e' ? length
                    : length - suffix.Length;
            case "lich" or "heit" when length - 4 >= second:
                length -= 4;
                stem = word[..length];
                return (stem.EndsWith("er") || stem.EndsWith("en")) && length - 2 >= first ? length - 2 : length;
            case "keit" when length - 4 >= second:
                length -= 4;
                stem = word[..length];
                return stem.EndsWith("lich") && length - 4 >= second ? length - 4
                    : stem.EndsWith("ig") && length - 2 >= second ? length - 2 : length;
            default:
                return length;
        }
    }

    private static string LongestOf(ReadOnlySpan<char> word, ReadOnlySpan<string> suffixes)
    {
        var longest = "";
        foreach (var suffix in suffixes)
        {
            if (suffix.Length > longest.Length && word.EndsWith(suffix))
            {
                longest = suffix;
            }
        }

        return longest;
    }

    private static bool IsIn(ReadOnlySpan<char> word, string suffix, int region) =>
        word.Length - suffix.Length >= region;

    private static bool IsVowel(char letter) => letter is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';
}
