namespace Workflows.AiSearch.Text;

/// <summary>
/// The stemming algorithm of M. F. Porter, "An algorithm for suffix stripping" (1980), for lower-case ASCII words; other
/// words stay as they are. Works in place and allocates nothing.
/// </summary>
internal static class PorterStemmer
{
    private static readonly (string Suffix, string Replacement)[] DerivationalSuffixes =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"),
        ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
        ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
        ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
    ];

    private static readonly (string Suffix, string Replacement)[] FullSuffixes =
    [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
    ];

    /// <summary>Longest first, so that "ement" is tried before "ment" and "ent".</summary>
    private static readonly string[] ResidualSuffixes =
    [
        "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "al",
        "er", "ic", "ou",
    ];

    /// <summary>Stems the first <paramref name="length"/> characters of <paramref name="word"/>, which may grow by one.</summary>
    /// <returns>The length of the stem.</returns>
    public static int Stem(Span<char> word, int length)
    {
        if (length <= 2 || word[..length].ContainsAnyExceptInRange('a', 'z'))
        {
            return length;
        }

        length = StripPlural(word, length);
        length = StripPastAndProgressive(word, length);
        if (word[length - 1] == 'y' && HasVowel(word[..(length - 1)]))
        {
            word[length - 1] = 'i';
        }

        length = Replace(word, length, DerivationalSuffixes);
        length = Replace(word, length, FullSuffixes);
        length = StripResidual(word, length);
        return StripFinalE(word, length);
    }

    private static int StripPlural(ReadOnlySpan<char> word, int length)
    {
        word = word[..length];
        if (word.EndsWith("sses") || word.EndsWith("ies"))
        {
            return length - 2;
        }

        return word[^1] == 's' && !word.EndsWith("ss") ? length - 1 : length;
    }

    private static int StripPastAndProgressive(Span<char> word, int length)
    {
        ReadOnlySpan<char> whole = word[..length];
        if (whole.EndsWith("eed"))
        {
            return Measure(whole[..^3]) > 0 ? length - 1 : length;
        }

        var suffix = whole.EndsWith("ed") ? 2 : whole.EndsWith("ing") ? 3 : 0;
        if (suffix == 0 || !HasVowel(whole[..^suffix]))
        {
            return length;
        }

        var stem = whole[..^suffix];
        if (stem.EndsWith("at") || stem.EndsWith("bl") || stem.EndsWith("iz") || (Measure(stem) == 1 && EndsShort(stem)))
        {
            word[stem.Length] = 'e';
            return stem.Length + 1;
        }

        var doubled = stem.Length > 1 && stem[^1] == stem[^2] && IsConsonant(stem, stem.Length - 1);
        return doubled && stem[^1] is not ('l' or 's' or 'z') ? stem.Length - 1 : stem.Length;
    }

    private static int Replace(Span<char> word, int length, (string Suffix, string Replacement)[] rules)
    {
        foreach (var (suffix, replacement) in rules)
        {
            ReadOnlySpan<char> whole = word[..length];
            if (whole.EndsWith(suffix))
            {
                var stem = length - suffix.Length;
                if (Measure(whole[..stem]) > 0)
                {
                    replacement.CopyTo(word[stem..]);
                    return stem + replacement.Length;
                }

                return length;
            }
        }

        return length;
    }

    private static int StripResidual(ReadOnlySpan<char> word, int length)
    {
        word = word[..length];
        foreach (var suffix in ResidualSuffixes)
        {
            if (word.EndsWith(suffix))
            {
                return Measure(word[..^suffix.Length]) > 1 ? length - suffix.Length : length;
            }
        }

        return length > 3 && word.EndsWith("ion") && word[^4] is 's' or 't' && Measure(word[..^3]) > 1 ? length - 3 : length;
    }

    private static int StripFinalE(ReadOnlySpan<char> word, int length)
    {
        word = word[..length];
        if (word[^1] == 'e')
        {
            var measure = Measure(word[..^1]);
            if (measure > 1 || (measure == 1 && !EndsShort(word[..^1])))
            {
                length--;
                word = word[..length];
            }
        }

        return word.EndsWith("ll") && Measure(word) > 1 ? length - 1 : length;
    }

    /// <summary>Porter's m: how often a vowel sequence is followed by a consonant sequence.</summary>
    private static int Measure(ReadOnlySpan<char> stem)
    {
        var measure = 0;
        var afterVowel = false;
        for (var i = 0; i < stem.Length; i++)
        {
            var vowel = !IsConsonant(stem, i);
            measure += afterVowel && !vowel ? 1 : 0;
            afterVowel = vowel;
        }

        return measure;
    }

    private static bool HasVowel(ReadOnlySpan<char> stem)
    {
        for (var i = 0; i < stem.Length; i++)
        {
            if (!IsConsonant(stem, i))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Porter's *o: consonant, vowel, consonant at the end, the last not w, x or y.</summary>
    private static bool EndsShort(ReadOnlySpan<char> stem) =>
        stem.Length >= 3 && IsConsonant(stem, stem.Length - 3) && !IsConsonant(stem, stem.Length - 2)
        && IsConsonant(stem, stem.Length - 1) && stem[^1] is not ('w' or 'x' or 'y');

    private static bool IsConsonant(ReadOnlySpan<char> word, int index) => word[index] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => index == 0 || !IsConsonant(word, index - 1),
        _ => true,
    };
}
