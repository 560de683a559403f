namespace Workflows.Jsonata;

/// <summary>What an author may want to know of one built-in function.</summary>
/// <param name="Name">Name without the dollar sign.</param>
/// <param name="Signature">Parameters for people, e.g. <c>$substring(str, start[, length])</c>.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="MinArguments">Fewest arguments, counted without one that defaults to the context value.</param>
/// <param name="MaxArguments">Most arguments.</param>
public sealed record JsonataFunction(string Name, string Signature, string Summary, int MinArguments, int MaxArguments);
