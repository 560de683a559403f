namespace Workflows.Jsonata;

/// <summary>What an author may want to know of one built-in function.</summary>
/// <param name="Name">Name without the dollar sign.</param>
/// <param name="Signature">Parameters for people, e.g. <c>$substring(str, start[, length])</c>.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="MinArguments">Fewest arguments, counted without one that defaults to the context value.</param>
/// <param name="MaxArguments">Most arguments.</param>
public sealed record JsonataFunction(string Name, string Signature, string Summary, int MinArguments, int MaxArguments);

/// <summary>The built-in functions, for completion and help.</summary>
public static class JsonataFunctions
{
    /// <summary>All of them by name.</summary>
    public static IReadOnlyList<JsonataFunction> All => Functions.BuiltinFunctions.Descriptions;

    /// <summary>The function with this name, without dollar sign.</summary>
    public static JsonataFunction? Find(string name) =>
        All.FirstOrDefault(function => string.Equals(function.Name, name, StringComparison.Ordinal));
}
