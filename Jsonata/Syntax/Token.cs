namespace Workflows.Jsonata.Syntax;

internal enum TokenKind
{
    End,
    Name,
    Variable,
    Operator,
    String,
    Number,

    /// <summary>true, false or null.</summary>
    Constant,
    Regex,
}

/// <param name="Kind">What it is.</param>
/// <param name="Text">Operator, name without $ or quotes, decoded string, regular expression without slashes.</param>
/// <param name="Start">Offset of the first character.</param>
/// <param name="End">Offset after the last character: the position errors carry.</param>
/// <param name="Number">Value of a number.</param>
/// <param name="Flags">Flags of a regular expression.</param>
internal readonly record struct Token(
    TokenKind Kind, string Text, int Start, int End, double Number = 0, string Flags = "")
{
    public bool Is(string operatorText) => Kind == TokenKind.Operator && string.Equals(Text, operatorText, StringComparison.Ordinal);

    /// <summary>How it is shown in a message.</summary>
    public string Shown => Kind switch
    {
        TokenKind.End => "(end)",
        TokenKind.Variable => "$" + Text,
        _ => Text,
    };
}
