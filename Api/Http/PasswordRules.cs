using System.Text.RegularExpressions;

namespace Workflows.Api.Http;

/// <summary>
/// What a password must be, beside its length: nothing that is guessed within the few tries that a login allows. No
/// rule on classes of characters, which make passwords harder to remember and not harder to guess.
/// </summary>
internal static partial class PasswordRules
{
    /// <summary>Different characters that a password has at least.</summary>
    private const int Distinct = 5;

    /// <summary>Longest unit whose repetition makes no password, in characters.</summary>
    private const int Unit = 6;

    /// <summary>Letters that must be left where the e-mail address or well-known words are taken out.</summary>
    private const int OfItsOwn = 6;

    private const string Rows =
        "abcdefghijklmnopqrstuvwxyzabc 01234567890123456789 qwertyuiopasdfghjklzxcvbnm qwertzuiopasdfghjklyxcvbnm";

    /// <summary>Why it cannot be used; null when it can.</summary>
    /// <param name="email">Address of the account, when it is known.</param>
    public static string? Problem(string password, string? email)
    {
        if (password.Length is < Limits.PasswordMinLength or > Limits.PasswordMaxLength)
        {
            return $"A password has {Limits.PasswordMinLength} to {Limits.PasswordMaxLength} characters.";
        }

        var plain = password.Trim().ToLowerInvariant();
        return plain.Distinct().Count() < Distinct ? $"A password has at least {Distinct} different characters."
            : IsRepetition(plain) ? "A password must not be a few characters repeated."
            : IsRow(plain) ? "A password must not be a row of the alphabet, of digits or of the keyboard."
            : IsHabit(plain, email)
                ? "A password must be more than the e-mail address, or a well-known word with a number."
            : null;
    }

    private static bool IsRepetition(string text)
    {
        for (var unit = 1; unit <= Math.Min(Unit, text.Length / 2); unit++)
        {
            if (Enumerable.Range(unit, text.Length - unit).All(index => text[index] == text[index - unit]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsRow(string text)
    {
        var backwards = text.ToCharArray();
        Array.Reverse(backwards);
        return Rows.Contains(text, StringComparison.Ordinal)
            || Rows.Contains(new string(backwards), StringComparison.Ordinal);
    }

    private static bool IsHabit(string password, string? email)
    {
        var text = password;
        if (email is { Length: > 0 })
        {
            var address = email.ToLowerInvariant();
            text = text.Replace(address, "", StringComparison.Ordinal);
            if (address.IndexOf('@', StringComparison.Ordinal) is var at and > 2)
            {
                text = text.Replace(address[..at], "", StringComparison.Ordinal)
                    .Replace(address[(at + 1)..], "", StringComparison.Ordinal);
            }
        }

        text = WellKnown().Replace(text, "");
        return text.Length < password.Length && text.Count(char.IsLetter) < OfItsOwn;
    }

    [GeneratedRegex(
        "pass(word|wort|phrase)?|secret|welcome|letmein|admin(istrator)?|changeme|default|workflows?|owner|user|login"
        + "|qwert[yz](uiop)?")]
    private static partial Regex WellKnown();
}
