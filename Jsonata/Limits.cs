namespace Workflows.Jsonata;

/// <summary>What one evaluation may use up. Crossing a limit ends it with that limit's own error code.</summary>
/// <param name="MaxSteps">Function calls, items visited and comparisons together (U1002).</param>
/// <param name="MaxDepth">Nested function calls, and nesting of the data walked through (U1001).</param>
/// <param name="MaxSequenceLength">Items of one array or sequence that is built (U1003).</param>
/// <param name="MaxStringLength">UTF-16 code units of one string that is built (U1004).</param>
/// <param name="MaxOutputBytes">UTF-8 bytes of a result written as JSON (U1005).</param>
/// <param name="RegexTimeoutMilliseconds">
/// Time one regular expression may take over one string, and ten times that all matches of an evaluation together
/// (U1006).
/// </param>
/// <param name="MaxBytes">
/// Bytes of all that the evaluation builds on its way, whether or not it is part of the result: two for each UTF-16
/// code unit
/// of a string, 32 for each item of an array or member of an object, 64 for an object or function itself (U1009).
/// </param>
public sealed record JsonataLimits(
    long MaxSteps = 10_000_000,
    int MaxDepth = 1_000,
    int MaxSequenceLength = 1_000_000,
    int MaxStringLength = 10_000_000,
    int MaxOutputBytes = 50_000_000,
    int RegexTimeoutMilliseconds = 250,
    long MaxBytes = 1024L * 1024 * 1024)
{
    /// <summary>The limits used when none are given.</summary>
    public static JsonataLimits Default { get; } = new();
}

/// <summary>Limits of the parser and of the language itself, the same for everybody.</summary>
internal static class Limits
{
    /// <summary>UTF-16 code units of one expression (S0901).</summary>
    public const int MaxSourceLength = 200_000;

    /// <summary>Levels of one syntax tree (S0902): also what keeps parsing and compiling within the stack.</summary>
    public const int MaxSyntaxDepth = 1_000;

    /// <summary>Items of one range, as the reference has it (D2014).</summary>
    public const int MaxRangeLength = 10_000_000;

    /// <summary>Nesting of JSON text taken in.</summary>
    public const int MaxJsonDepth = 1_000;

    /// <summary>UTF-16 code units of a picture for numbers or dates (U1007).</summary>
    public const int MaxPictureLength = 1_000;

    /// <summary>
    /// Bytes that an item of an array or a member of an object counts: the value, and as much again for growing.
    /// </summary>
    public const int ItemBytes = 32;

    /// <summary>Bytes that an array, object or function counts besides what is in it.</summary>
    public const int ContainerBytes = 64;

    /// <summary>Bytes or UTF-16 code units of text that a function reads within the step of its call.</summary>
    public const int FreeTextLength = 1_024;

    /// <summary>
    /// Times that one match may take as long as it may, before all of them together have taken too long.
    /// </summary>
    public const int RegexTimeouts = 10;

    /// <summary>Compiled texts of $eval kept by one evaluation.</summary>
    public const int MaxCachedPrograms = 64;

    public static void CheckPicture(string picture)
    {
        if (picture.Length > MaxPictureLength)
        {
            throw Errors.Of("U1007", value: MaxPictureLength.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
