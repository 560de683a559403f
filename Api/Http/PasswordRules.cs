using System.Text.RegularExpressions;
using Zxcvbn;
using Zxcvbn.Matcher;

namespace Workflows.Api.Http;

/// <summary>
/// What a password must be: long enough, and more than is guessed within the tries that logins allow, as zxcvbn
/// estimates it, to which whatever names the person and the tenant is a word of its dictionary. No rule on classes of
/// characters, which make passwords harder to remember and not harder to guess.
/// </summary>
internal static partial class PasswordRules
{
    /// <summary>Of 0 to 4: some 10^10 guesses.</summary>
    private const int LeastScore = 3;

    /// <summary>Characters that are assessed, since the time for it grows faster than they do: what is strong so far
    /// stays so.</summary>
    private const int Assessed = 64;

    /// <summary>Different characters that a password has at least.</summary>
    private const int Distinct = 5;

    /// <summary>Shorter parts of names are in every password.</summary>
    private const int ShortestWord = 3;

    private const int Words = 50;

    private const string Advice = "Add another word or two; rare ones are better.";

    // It reads its dictionaries once, and is changed by nothing that is asked of it.
    private static readonly Zxcvbn.Zxcvbn Estimate = new();

    /// <summary>Why it cannot be used; null when it can.</summary>
    /// <param name="about">What names the person and the tenant: addresses, names, as far as they are known.</param>
    public static string? Problem(string password, params IEnumerable<string?> about)
    {
        if (password.Length is < Limits.PasswordMinLength or > Limits.PasswordMaxLength)
        {
            return $"A password has {Limits.PasswordMinLength} to {Limits.PasswordMaxLength} characters.";
        }

        // The estimate sees one character that is repeated, and not two.
        if (password.ToLowerInvariant().Distinct().Count() < Distinct)
        {
            return $"A password has at least {Distinct} different characters.";
        }

        var result = Estimate.EvaluatePassword(password[..Math.Min(password.Length, Assessed)], WordsOf(about));
        return result.Score >= LeastScore ? null : Explain(result);
    }

    private static string Explain(Result result)
    {
        string[] found = [.. result.MatchSequence.Select(Part).OfType<string>().Distinct()];
        var parts = found.Length == 0 ? "" : $" It holds {string.Join(", ", found)}.";
        return $"The password is too easy to guess.{parts} {Advice}";
    }

    // Never the part itself: an answer holds no password.
    private static string? Part(Zxcvbn.Match match) => match switch
    {
        DictionaryMatch { DictionaryName: "user_inputs" } => "a name or an address of yours or of the tenant",
        DictionaryMatch { DictionaryName: "passwords" } => "a password that many people use",
        DictionaryMatch { DictionaryName: "male_names" or "female_names" or "surnames" } => "a common name",
        DictionaryMatch => "a common word",
        _ => match.Pattern switch
        {
            "spatial" => "a row of the keyboard",
            "sequence" => "a sequence such as abc or 321",
            "repeat" => "a character that repeats",
            "digits" => "a number",
            "year" or "date" => "a date or a year",
            _ => null,
        },
    };

    private static List<string> WordsOf(IEnumerable<string?> about) =>
        [.. about.OfType<string>().SelectMany(text => Separators().Split(text).Prepend(text))
            .Where(word => word.Length is >= ShortestWord and <= Assessed)
            .Select(word => word.ToLowerInvariant()).Distinct().Take(Words)];

    [GeneratedRegex(@"[^\p{L}\p{N}]+")]
    private static partial Regex Separators();
}
