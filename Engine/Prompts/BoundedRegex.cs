using System.Text.RegularExpressions;

namespace Workflows.Engine.Prompts;

/// <summary>Regular expressions that tenants write: linear in the text, and bounded in time besides.</summary>
internal static class BoundedRegex
{
    /// <returns>The expression; or why it is none.</returns>
    public static (Regex? Regex, string? Problem) Read(string pattern)
    {
        if (pattern.Length > PromptLimits.PatternLength)
        {
            return (null, $"A pattern has at most {PromptLimits.PatternLength} characters.");
        }

        try
        {
            return (new Regex(
                pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PromptLimits.PatternTime), null);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return (null, $"The pattern cannot be used: {exception.Message}");
        }
    }

    /// <returns>Null when the time was not enough.</returns>
    public static bool? Matches(Regex regex, string text)
    {
        try
        {
            return regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }
}
