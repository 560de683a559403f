namespace Workflows.Jsonata;

/// <summary>A field of the top-level input that an expression reads, as far as its path is literal.</summary>
/// <param name="Path">Member names from the root, e.g. <c>steps, charge, output, id</c>; empty when the whole input is read.</param>
/// <param name="Position">UTF-16 offset just after the first name of the path in the source.</param>
public sealed record JsonataReference(IReadOnlyList<string> Path, int Position)
{
    /// <summary>JSON pointer of the string within a template, when the expression stands in one.</summary>
    public string? Pointer { get; init; }

    /// <summary>The path with dots, for messages.</summary>
    public override string ToString() => Path.Count == 0 ? "$" : string.Join('.', Path);
}

/// <summary>Something in an expression that parses but cannot be right: an unknown function, a wrong number of arguments.</summary>
/// <param name="Code">Stable code, e.g. <c>unknown_function</c>.</param>
/// <param name="Message">A complete sentence for the author.</param>
/// <param name="Position">UTF-16 offset just after the token.</param>
/// <param name="Suggestion">The nearest thing that exists.</param>
public sealed record JsonataProblem(string Code, string Message, int Position, string? Suggestion = null)
{
    /// <summary>JSON pointer of the string within a template, when the expression stands in one.</summary>
    public string? Pointer { get; init; }
}
