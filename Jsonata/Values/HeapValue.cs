namespace Workflows.Jsonata.Values;

/// <summary>What the reference of a <see cref="JsonataValue"/> may point to besides a string.</summary>
internal abstract class HeapValue(JsonataKind kind)
{
    public readonly JsonataKind Kind = kind;
}

/// <summary>Marks what the other fields of a <see cref="JsonataValue"/> hold; compared by reference, never allocated again.</summary>
internal sealed class Tag(JsonataKind kind) : HeapValue(kind)
{
    public static readonly Tag Null = new(JsonataKind.Null);
    public static readonly Tag True = new(JsonataKind.Boolean);
    public static readonly Tag False = new(JsonataKind.Boolean);

    /// <summary>The number field holds the value.</summary>
    public static readonly Tag Number = new(JsonataKind.Number);

    /// <summary>The element field holds the value; its text is kept as it came.</summary>
    public static readonly Tag ElementNumber = new(JsonataKind.Number);
    public static readonly Tag ElementString = new(JsonataKind.String);
    public static readonly Tag ElementArray = new(JsonataKind.Array);
    public static readonly Tag ElementObject = new(JsonataKind.Object);

    /// <summary>A variable that was bound to nothing, which hides outer variables of its name; never leaves a frame.</summary>
    public static readonly Tag BoundUndefined = new(JsonataKind.Undefined);
}
