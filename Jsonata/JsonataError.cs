namespace Workflows.Jsonata;

/// <summary>One error of parsing or evaluation, with the code the JSONata reference uses (S0201, T2001, D3030, ...).</summary>
/// <param name="Code">S = syntax, T = type, D = data, U = a limit of <see cref="JsonataLimits"/>.</param>
/// <param name="Message">A complete sentence for the author of the expression.</param>
/// <param name="Position">UTF-16 offset just after the offending token (as in the reference), 0 when not known.</param>
/// <param name="Token">The offending token, operator or function name.</param>
/// <param name="Value">The offending value as text, shortened.</param>
/// <param name="Suggestion">What the author probably meant.</param>
public sealed record JsonataError(
    string Code,
    string Message,
    int Position,
    string? Token = null,
    string? Value = null,
    string? Suggestion = null)
{
    /// <summary>UTF-16 offset of the first character of the offending token; with <see cref="Position"/> the range to mark.</summary>
    public int Start { get; init; } = Position;

    /// <summary>JSON pointer of the string within a template, when the expression stands in one.</summary>
    public string? Pointer { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"{Code} at {Position}: {Message}";
}

/// <summary>Parsing or evaluation ended in <see cref="Error"/>.</summary>
public sealed class JsonataException : Exception
{
    /// <summary>Wraps one error.</summary>
    public JsonataException(JsonataError error)
        : this(error, null)
    {
    }

    /// <summary>Wraps one error and what caused it.</summary>
    public JsonataException(JsonataError error, Exception? innerException)
        : base(error?.Message, innerException)
    {
        ArgumentNullException.ThrowIfNull(error);
        Error = error;
    }

    /// <summary>The code, message and place.</summary>
    public JsonataError Error { get; internal set; }
}
