using System.Text.Json;

namespace Workflows.Jsonata;

/// <summary>A path that an expression can read from a sample, for completion.</summary>
/// <param name="Path">As it is written in an expression: names joined by dots, quoted by backticks where they are no plain names.</param>
/// <param name="Kind">What the sample has there; of an array, what its first item is.</param>
/// <param name="IsArray">True when the sample has an array there: the path yields a sequence.</param>
public sealed record JsonataPath(string Path, JsonataKind Kind, bool IsArray);

/// <summary>Completion data out of sample data, such as the last execution's.</summary>
public static class JsonataPaths
{
    /// <summary>Paths listed at the most; the shallow ones come first.</summary>
    public const int Most = 1_000;

    private const int ItemsLookedAt = 20;

    /// <summary>
    /// All member paths of the sample, the shallow ones first. Arrays are looked through as JSONata does: <c>orders.id</c> for an array of
    /// objects; items beyond the first 20 are not looked at.
    /// </summary>
    public static IReadOnlyList<JsonataPath> Of(JsonElement sample)
    {
        var found = new Dictionary<string, JsonataPath>(StringComparer.Ordinal);
        var level = new Queue<(string Path, JsonElement Element)>();
        level.Enqueue(("", sample));
        while (level.TryDequeue(out var next) && found.Count < Most)
        {
            foreach (var item in ObjectsOf(next.Element))
            {
                foreach (var member in item.EnumerateObject().Where(member => CanBeWritten(member.Name)))
                {
                    var path = next.Path.Length == 0 ? Quoted(member.Name) : $"{next.Path}.{Quoted(member.Name)}";
                    if (found.Count < Most)
                    {
                        found.TryAdd(path, new JsonataPath(path, KindOf(member.Value), member.Value.ValueKind == JsonValueKind.Array));
                        level.Enqueue((path, member.Value));
                    }
                }
            }
        }

        return [.. found.Values];
    }

    private static IEnumerable<JsonElement> ObjectsOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => [element],
        JsonValueKind.Array => element.EnumerateArray().Take(ItemsLookedAt).SelectMany(ObjectsOf),
        _ => [],
    };

    private static JsonataKind KindOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array && element.GetArrayLength() > 0 ? KindOf(element[0]) : JsonataValue.FromElement(element).Kind;

    // The language has no way to write an empty name, or a backtick within backticks.
    private static bool CanBeWritten(string name) => name.Length > 0 && !name.Contains('`', StringComparison.Ordinal);

    private static string Quoted(string name) =>
        (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_')
            && name is not ("and" or "or" or "in" or "true" or "false" or "null" or "function")
            ? name
            : $"`{name}`";
}
