using System.Text;

namespace Workflows.Data;

/// <summary>Text as PostgreSQL can hold it.</summary>
public static class StorableText
{
    /// <summary>The text with U+FFFD for U+0000 and for each half of a surrogate pair that stands alone; itself when
    /// it has none.</summary>
    public static string Of(string text)
    {
        var first = FirstUnstorable(text);
        if (first < 0)
        {
            return text;
        }

        var storable = new StringBuilder(text.Length).Append(text, 0, first);
        foreach (var rune in text.AsSpan(first).EnumerateRunes()) // which answers U+FFFD for a lone half
        {
            storable.Append(rune.Value == 0 ? "\uFFFD" : rune.ToString());
        }

        return storable.ToString();
    }

    /// <summary>Whether the text has nothing that PostgreSQL refuses.</summary>
    public static bool IsStorable(string text) => FirstUnstorable(text) < 0;

    private static int FirstUnstorable(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            if (character == '\0')
            {
                return index;
            }

            if (char.IsSurrogate(character))
            {
                if (!char.IsHighSurrogate(character) || index + 1 == text.Length
                    || !char.IsLowSurrogate(text[index + 1]))
                {
                    return index;
                }

                index++;
            }
        }

        return -1;
    }
}
