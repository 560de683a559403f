using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Jsonata.Functions;

/// <summary>
/// ECMAScript regular expressions in the words of .NET: the classes \d \w \s and the dot mean other sets there, $ matches
/// before a last line break, and lines end at line feeds only.
/// </summary>
public static class RegexTranslator
{
    private const string Space = @"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

    // A line ends at any of four characters, of which .NET's multiline mode knows one.
    private const string LineStart = @"(?<=\A|[\n\r\u2028\u2029])";
    private const string LineEnd = @"(?=[\n\r\u2028\u2029]|\z)";

    // The complements, for within a class, where a class cannot be negated by itself.
    private const string NoDigit = @"\0-/:-\uffff";
    private const string NoWord = @"\0-/:-@\[-^`{-\uffff";

    private const string NoSpace =
        @"\0-\b\x0e-\x1f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027"
        + @"\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\uffff";

    /// <summary>
    /// Compiles a pattern. One that repeats something that itself repeats or chooses can take exponential time with
    /// backtracking, so it is matched without (linear in the text) whenever that is possible; for the others
    /// backtracking is several times faster. The time limit bounds both.
    /// </summary>
    /// <exception cref="JsonataException">S0303: not a regular expression.</exception>
    internal static Regex Compile(string pattern, string flags, int position, TimeSpan timeout)
    {
        var options = RegexOptions.CultureInvariant;
        options |= flags.Contains('i', StringComparison.Ordinal) ? RegexOptions.IgnoreCase : RegexOptions.None;
        try
        {
            var translated = Translate(pattern, flags.Contains('m', StringComparison.Ordinal));
            if (!RepeatsNested(pattern))
            {
                return new Regex(translated, options, timeout);
            }

            try
            {
                return new Regex(translated, options | RegexOptions.NonBacktracking, timeout);
            }
            catch (NotSupportedException)
            {
                // Look-around, back-references and line anchors need backtracking, which the time limit bounds.
                return new Regex(translated, options, timeout);
            }
        }
        catch (ArgumentException invalid)
        {
            throw Errors.At(position, "S0303", invalid.Message, "/" + pattern + "/");
        }
    }

    /// <summary>True when a group with a repetition or an alternative in it is repeated, such as (a+)+ or (a|ab)*.</summary>
    private static bool RepeatsNested(string pattern)
    {
        var groups = new Stack<bool>();
        var holdsChoice = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    for (i++; i < pattern.Length && pattern[i] != ']'; i++)
                    {
                        i += pattern[i] == '\\' ? 1 : 0;
                    }

                    break;
                case '(':
                    groups.Push(holdsChoice);
                    holdsChoice = false;
                    i += i + 1 < pattern.Length && pattern[i + 1] == '?' ? 1 : 0;
                    break;
                case ')':
                    if (holdsChoice && i + 1 < pattern.Length && pattern[i + 1] is '*' or '+' or '{')
                    {
                        return true;
                    }

                    holdsChoice |= groups.TryPop(out var outer) && outer;
                    break;
                case '*' or '+' or '{' or '?' or '|':
                    holdsChoice = true;
                    break;
            }
        }

        return false;
    }

    /// <summary>
    /// A pattern as .NET writes it; both engines of .NET take the result where they take the pattern's own constructs.
    /// </summary>
    /// <param name="pattern">
    /// Without slashes and flags. What is no regular expression is carried over, for the engine to refuse.
    /// </param>
    /// <param name="multiline">Whether <c>^</c> and <c>$</c> also match at line breaks.</param>
    public static string Translate(string pattern, bool multiline = false)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var current = pattern[i];
            switch (current)
            {
                case '\\' when i + 1 < pattern.Length:
                    i = TranslateEscape(pattern, i, inClass, result);
                    break;
                case '[' when !inClass:
                    i = OpenClass(pattern, i, result, ref inClass);
                    break;
                case '[':
                    result.Append("\\[");
                    break;
                case ']' when inClass:
                    inClass = false;
                    result.Append(']');
                    break;
                case '.' when !inClass:
                    result.Append(@"[^\n\r\u2028\u2029]");
                    break;
                case '^' when !inClass && multiline:
                    result.Append(LineStart);
                    break;
                case '$' when !inClass:
                    result.Append(multiline ? LineEnd : @"\z");
                    break;
                default:
                    result.Append(current);
                    break;
            }
        }

        return result.ToString();
    }

    // [] matches nothing and [^] everything, where .NET would read on to the next bracket.
    private static int OpenClass(string pattern, int i, StringBuilder result, ref bool inClass)
    {
        if (string.CompareOrdinal(pattern, i, "[]", 0, 2) == 0)
        {
            result.Append(@"[^\s\S]");
            return i + 1;
        }

        if (string.CompareOrdinal(pattern, i, "[^]", 0, 3) == 0)
        {
            result.Append(@"[\s\S]");
            return i + 2;
        }

        inClass = true;
        result.Append('[');
        return i;
    }

    private static int TranslateEscape(string pattern, int i, bool inClass, StringBuilder result)
    {
        var escaped = pattern[i + 1];
        switch (escaped)
        {
            case 'd':
                result.Append(inClass ? "0-9" : "[0-9]");
                break;
            case 'D':
                result.Append(inClass ? NoDigit : "[^0-9]");
                break;
            case 'w':
                result.Append(inClass ? "A-Za-z0-9_" : "[A-Za-z0-9_]");
                break;
            case 'W':
                result.Append(inClass ? NoWord : "[^A-Za-z0-9_]");
                break;
            case 's':
                result.Append(inClass ? Space : "[" + Space + "]");
                break;
            case 'S':
                result.Append(inClass ? NoSpace : "[^" + Space + "]");
                break;
            case '/':
                result.Append('/');
                break;
            default:
                result.Append('\\').Append(escaped);
                break;
        }

        return i + 1;
    }
}
