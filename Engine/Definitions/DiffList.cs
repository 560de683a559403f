using System.Globalization;
using System.Text.Json;

namespace Workflows.Engine.Definitions;

/// <summary>Collects changes up to a limit and counts the others. Values are compared down to what differs in
/// them.</summary>
internal sealed class DiffList(int limit)
{
    private readonly List<DefinitionChange> _changes = [];

    public IReadOnlyList<DefinitionChange> Changes => _changes;

    public int Count { get; private set; }

    public void Add(DefinitionChange change)
    {
        Count++;
        if (_changes.Count < limit)
        {
            _changes.Add(change);
        }
    }

    /// <summary>Numbers are equal by their value, objects whatever the order of their members.</summary>
    public static bool AreEqual(JsonElement? before, JsonElement? after) =>
        before is { } older && after is { } newer ? JsonElement.DeepEquals(older, newer) : before is null
            && after is null;

    /// <summary>Adds what differs at a place that the older definition has. As deep as JSON nests, which is bounded
    /// where it is read.</summary>
    public void Compare(DiffPart part, string? id, string pointer, JsonElement before, JsonElement? after)
    {
        if (after is not { } newer)
        {
            Add(new(part, DiffKind.Removed, id, pointer, before, null));
        }
        else if (before.ValueKind == JsonValueKind.Object && newer.ValueKind == JsonValueKind.Object)
        {
            CompareObjects(part, id, pointer, before, newer);
        }
        else if (before.ValueKind == JsonValueKind.Array && newer.ValueKind == JsonValueKind.Array)
        {
            CompareLists(part, id, pointer, before, newer);
        }
        else if (!JsonElement.DeepEquals(before, newer))
        {
            Add(new(part, DiffKind.Changed, id, pointer, before, newer));
        }
    }

    public static string Append(string pointer, string member) =>
        $"{pointer}/{member.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    private void CompareObjects(DiffPart part, string? id, string pointer, JsonElement before, JsonElement after)
    {
        foreach (var member in before.EnumerateObject())
        {
            Compare(
                part, id, Append(pointer, member.Name), member.Value,
                    after.TryGetProperty(member.Name, out var other) ? other : null);
        }

        foreach (var member in after.EnumerateObject())
        {
            if (!before.TryGetProperty(member.Name, out _))
            {
                Add(new(part, DiffKind.Added, id, Append(pointer, member.Name), null, member.Value));
            }
        }
    }

    // What both have at the beginning and at the end is left out; what lies between is compared one by one.
    private void CompareLists(DiffPart part, string? id, string pointer, JsonElement before, JsonElement after)
    {
        JsonElement[] older = [.. before.EnumerateArray()], newer = [.. after.EnumerateArray()];
        var shorter = Math.Min(older.Length, newer.Length);
        var first = 0;
        while (first < shorter && JsonElement.DeepEquals(older[first], newer[first]))
        {
            first++;
        }

        var last = 0;
        while (last < shorter - first && JsonElement.DeepEquals(older[^(last + 1)], newer[^(last + 1)]))
        {
            last++;
        }

        for (var index = first; index < older.Length - last; index++)
        {
            Compare(part, id, At(pointer, index), older[index], index < newer.Length - last ? newer[index] : null);
        }

        for (var index = Math.Max(first, older.Length - last); index < newer.Length - last; index++)
        {
            Add(new(part, DiffKind.Added, id, At(pointer, index), null, newer[index]));
        }
    }

    private static string At(string pointer, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index}");
}
