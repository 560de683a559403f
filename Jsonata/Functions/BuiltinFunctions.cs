using System.Collections.Frozen;

namespace Workflows.Jsonata.Functions;

/// <summary>The list of all built-in functions.</summary>
internal static partial class BuiltinFunctions
{
    private static readonly Entry[] Entries =
    [
        .. StringEntries, .. NumberEntries, .. ArrayEntries, .. ObjectEntries, .. DateTimeEntries, .. GeneralEntries,
    ];

    public static FrozenDictionary<string, BuiltinFunction> ByName { get; } = Entries.ToFrozenDictionary(
        entry => entry.Name,
        entry => new BuiltinFunction(entry.Name, entry.Signature, entry.Body, entry.Arity),
        StringComparer.Ordinal);

    public static IReadOnlyList<JsonataFunction> Descriptions { get; } =
        [.. Entries.OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(Describe)];

    private static JsonataFunction Describe(Entry entry)
    {
        var parameters = ByName[entry.Name].Signature.Parameters;
        return new JsonataFunction(
            entry.Name,
            $"${entry.Name}({entry.Parameters})",
            entry.Summary,
            parameters.Count(parameter => !parameter.IsOptional),
            parameters.Any(parameter => parameter.IsRepeated) ? int.MaxValue : parameters.Count);
    }

    /// <param name="Name">Without the dollar sign.</param>
    /// <param name="Signature">Types of the arguments, as the language writes them.</param>
    /// <param name="Parameters">The arguments for people.</param>
    /// <param name="Summary">One sentence.</param>
    /// <param name="Body">What it does.</param>
    /// <param name="Arity">How many arguments $map and the like pass to it, when not all of its parameters.</param>
    private sealed record Entry(
        string Name, string Signature, string Parameters, string Summary, FunctionBody Body, int? Arity = null);
}
