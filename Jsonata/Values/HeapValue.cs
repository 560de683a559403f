namespace Workflows.Jsonata.Values;

/// <summary>What the reference of a <see cref="JsonataValue"/> may point to besides a string or a JSON text.</summary>
internal abstract class HeapValue(JsonataKind kind)
{
    public readonly JsonataKind Kind = kind;
}

/// <summary>Marks what the bits of a <see cref="JsonataValue"/> are; compared by reference, never allocated again.</summary>
internal sealed class Tag(JsonataKind kind) : HeapValue(kind)
{
    public static readonly Tag Null = new(JsonataKind.Null);
    public static readonly Tag True = new(JsonataKind.Boolean);
    public static readonly Tag False = new(JsonataKind.Boolean);

    /// <summary>The bits of the value are a double.</summary>
    public static readonly Tag Number = new(JsonataKind.Number);

    /// <summary>A variable that was bound to nothing, which hides outer variables of its name; never leaves a frame.</summary>
    public static readonly Tag BoundUndefined = new(JsonataKind.Undefined);
}
