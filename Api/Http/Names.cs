using System.Globalization;
using System.Text;
using Workflows.Data;

namespace Workflows.Api.Http;

/// <summary>Names that people tell apart by looking at them, such as those of roles and groups.</summary>
internal static class Names
{
    /// <summary>
    /// The name as it is stored: one form for each character (NFKC), no characters without width, one space between
    /// words and none around.
    /// The database refuses a second name that differs in case only (<c>folded_name</c>).
    /// </summary>
    public static string Clean(string name)
    {
        // Half a surrogate pair has no normal form; Checks.Name refuses it.
        var cleaned = new StringBuilder(name.Length);
        foreach (var rune in (StorableText.IsStorable(name) ? name.Normalize(NormalizationForm.FormKC)
            : name).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format || IsBlank(rune))
            {
                continue;
            }

            if (!Rune.IsWhiteSpace(rune))
            {
                cleaned.Append(rune.ToString());
            }
            else if (cleaned.Length > 0 && cleaned[^1] != ' ')
            {
                cleaned.Append(' ');
            }
        }

        return cleaned.ToString().TrimEnd(' ');
    }

    // Letters and marks that are drawn as nothing: fillers, variation selectors, the grapheme joiner.
    private static bool IsBlank(Rune rune) => rune.Value
        is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x3164 or 0xFFA0
        or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F);
}
