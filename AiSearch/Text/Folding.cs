namespace Workflows.AiSearch.Text;

/// <summary>
/// Letters as they are compared: lower-case and without accents, so that "Größe" is found by "grosse". A table of our
/// own, since the service runs without the data of cultures, where normalisation leaves every text as it is.
/// </summary>
internal static class Folding
{
    /// <summary>Characters that one character becomes at most.</summary>
    public const int MaxGrowth = 2;

    private const char FirstLatin = '\u00C0';
    private const char FirstLatinAdditional = '\u1E00';
    private const int FromFullwidth = 0xFEE0;

    // A place for each character from U+00C0 to U+017F, and from U+1E00 to U+1EFF; a blank one is no single letter.
    private const string Latin =
        "aaaaaa ceeeeiiiidnooooo ouuuuy  aaaaaa ceeeeiiiidnooooo ouuuuy yaaaaaaccccccccddddeeeeeeeeeegggg"
        + "gggghhhhiiiiiiiiii  jjkkkllllll  llnnnnnnnnnoooooo  rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

    private const string LatinAdditional =
        "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrr"
        + "ssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy      aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
        + "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy      ";

    /// <summary>Writes what a character is compared by.</summary>
    /// <returns>Characters written: none for an accent that stands alone, two for a ligature.</returns>
    public static int Fold(char character, Span<char> target)
    {
        if (character < FirstLatin)
        {
            target[0] = char.ToLowerInvariant(character);
            return 1;
        }

        if (IsMark(character))
        {
            return 0;
        }

        var letter = Lookup(character);
        if (letter != ' ')
        {
            target[0] = letter;
            return 1;
        }

        var lower = char.ToLowerInvariant(character);
        var (first, second) = lower switch
        {
            'ß' or 'ẞ' => ('s', 's'),
            'æ' => ('a', 'e'),
            'œ' => ('o', 'e'),
            'þ' => ('t', 'h'),
            'ĳ' => ('i', 'j'),
            _ => (Plain(lower), '\0'),
        };
        target[0] = first;
        if (second == '\0')
        {
            return 1;
        }

        target[1] = second;
        return 2;
    }

    /// <summary>The text without the accents of its letters, which else stay as they are.</summary>
    public static string FoldAccents(string text)
    {
        if (System.Text.Ascii.IsValid(text))
        {
            return text;
        }

        var folded = new System.Text.StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (!IsMark(character))
            {
                folded.Append(Lookup(character) is var letter and not ' ' ? letter : character);
            }
        }

        return folded.ToString();
    }

    private static char Lookup(char character)
    {
        var latin = character - FirstLatin;
        if (latin >= 0 && latin < Latin.Length)
        {
            return Latin[latin];
        }

        var additional = character - FirstLatinAdditional;
        return additional >= 0 && additional < LatinAdditional.Length ? LatinAdditional[additional] : ' ';
    }

    /// <summary>Combining accents; the vowel signs of other scripts are no accents and stay.</summary>
    private static bool IsMark(char character) =>
        character is (>= '\u0300' and <= '\u036F') or (>= '\u1DC0' and <= '\u1DFF');

    private static char Plain(char lower) => lower switch
    {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' or 'ϊ' or 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' or 'ϋ' or 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'е',
        >= '\uFF10' and <= '\uFF5A' => (char)(lower - FromFullwidth),
        _ => lower,
    };
}
