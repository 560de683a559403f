using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Engine.Prompts;

/// <summary>
/// A text with places for variables. It is read once and filled once: what a value holds is never read as a template,
/// whatever it looks like.
/// </summary>
public sealed partial class PromptTemplate
{
    private readonly IReadOnlyList<(string Text, bool IsName)> _parts;

    private PromptTemplate(IReadOnlyList<(string Text, bool IsName)> parts) => _parts = parts;

    /// <summary>Names of the variables, each once, as they come.</summary>
    public IEnumerable<string> Names => _parts.Where(part => part.IsName).Select(part => part.Text).Distinct();

    /// <summary>Reads a template.</summary>
    /// <returns>The template; or why it is none.</returns>
    public static (PromptTemplate? Template, string? Problem) Read(string text)
    {
        var parts = new List<(string, bool)>();
        var literal = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            if (text.AsSpan(at).StartsWith(@"\{{", StringComparison.Ordinal))
            {
                literal.Append("{{");
                at += 3;
            }
            else if (text.AsSpan(at).StartsWith("{{", StringComparison.Ordinal))
            {
                var end = text.IndexOf("}}", at + 2, StringComparison.Ordinal);
                var name = end < 0 ? "" : text[(at + 2)..end].Trim();
                if (!IsName(name))
                {
                    return (null, $"At character {at} '{{{{' begins no place for a variable; "
                        + @"write '\{{' for the braces themselves.");
                }

                parts.Add((literal.ToString(), false));
                literal.Clear();
                parts.Add((name, true));
                at = end + 2;
            }
            else
            {
                literal.Append(text[at++]);
            }
        }

        parts.Add((literal.ToString(), false));
        return (new PromptTemplate(parts), null);
    }

    /// <summary>Whether a variable may be named so.</summary>
    public static bool IsName(string name) => NameForm().IsMatch(name);

    /// <summary>The text with the values put in; a variable without one leaves nothing.</summary>
    public string Fill(IReadOnlyDictionary<string, string> values) => string.Concat(
        _parts.Select(part => part.IsName ? values.GetValueOrDefault(part.Text, "") : part.Text));

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,63}\z", RegexOptions.NonBacktracking)]
    private static partial Regex NameForm();
}
