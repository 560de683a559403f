using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Api.Http.Grounding;

/// <summary>Where a passage stands: in the console's page of the article, at its heading, or in the file, at its
/// page.</summary>
internal static partial class ArticleLinks
{
    /// <param name="label">Of a chunk, as the search service writes it: <c>Install &gt; Linux (page 3)</c>.</param>
    public static string Of(Guid articleId, string label, bool hasFile)
    {
        var page = Page().Match(label);
        if (hasFile && page.Success)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"/api/v1/knowledge/{articleId}/file#page={page.Groups[1].ValueSpan}");
        }

        var path = PageInPath().Replace(label, "");
        var heading = path.Split(" > ")[^1];
        return path is "" or "text" or "title" || page.Success && page.Length == label.Length
            ? $"/knowledge/{articleId}"
            : $"/knowledge/{articleId}#{Slug(heading)}";
    }

    /// <summary>A heading as part of an address, as the console writes it: letters and digits in small letters, and
    /// one hyphen for whatever stands between them.</summary>
    public static string Slug(string heading)
    {
        var slug = new StringBuilder(heading.Length);
        foreach (var rune in heading.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                slug.Append(Rune.ToLowerInvariant(rune).ToString());
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }

        return slug.ToString().TrimEnd('-');
    }

    [GeneratedRegex(@"(?:^|\()page ([0-9]{1,6})\)?$")]
    private static partial Regex Page();

    [GeneratedRegex(@" \(page [0-9]{1,6}\)$|^page [0-9]{1,6}$")]
    private static partial Regex PageInPath();
}
