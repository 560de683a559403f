namespace Workflows.Attack;

/// <summary>Parts of definitions.</summary>
internal static class Definitions
{
    /// <summary>An expression that stays within its budget and takes a good part of a second.</summary>
    public const string Heavy = "$count([1..190000].{\"a\":$,\"b\":[$,$]})";

    public static object Set(string id, object value) => Node(id, "set", new { value });

    public static object Node(string id, string type, object parameters) => new { id, type, parameters };

    public static object Edge(string from, string to) => new { from, to };

    /// <summary>One after the other.</summary>
    public static object Chain(params string[] nodes) =>
        nodes.Zip(nodes.Skip(1), Edge).ToArray();
}
