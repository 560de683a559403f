using System.Diagnostics;
using System.Text.Json;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata;

/// <summary>
/// A value an expression reads or yields. A struct over JSON text, a number, a string or a built array or object: making
/// one from a <see cref="JsonElement"/> copies and allocates nothing, and numbers that are only passed on keep their text.
/// </summary>
[DebuggerDisplay("{Kind}: {ToString()}")]
public readonly partial struct JsonataValue
{
    // null: undefined; a string; or a HeapValue, which is a Tag when the other two fields hold the value.
    private readonly object? _reference;
    private readonly double _number;
    private readonly JsonElement _element;

    private JsonataValue(object? reference) => _reference = reference;

    private JsonataValue(double number)
    {
        _reference = Tag.Number;
        _number = number;
    }

    private JsonataValue(Tag tag, JsonElement element)
    {
        _reference = tag;
        _element = element;
    }

    /// <summary>Nothing: what a path yields that leads nowhere.</summary>
    public static JsonataValue Undefined => default;

    /// <summary>JSON null.</summary>
    public static JsonataValue Null => new(Tag.Null);

    internal static JsonataValue True => new(Tag.True);

    internal static JsonataValue False => new(Tag.False);

    internal static JsonataValue BoundUndefined => new(Tag.BoundUndefined);

    /// <summary>True when there is no value at all; JSON null is a value.</summary>
    public bool IsUndefined => _reference is null;

    /// <summary>What this value is.</summary>
    public JsonataKind Kind => _reference switch
    {
        null => JsonataKind.Undefined,
        string => JsonataKind.String,
        _ => ((HeapValue)_reference).Kind,
    };

    internal object? Reference => _reference;

    internal bool IsElement => _element.ValueKind != JsonValueKind.Undefined;

    /// <summary>True when a Constructed-with-number value: the number field can be read without parsing.</summary>
    internal bool IsPlainNumber => ReferenceEquals(_reference, Tag.Number);

    /// <summary>The double behind a value for which <see cref="IsPlainNumber"/> holds.</summary>
    internal double PlainNumber => _number;

    internal bool IsElementString => ReferenceEquals(_reference, Tag.ElementString);

    internal bool IsElementObject => ReferenceEquals(_reference, Tag.ElementObject);

    internal bool IsElementArray => ReferenceEquals(_reference, Tag.ElementArray);

    internal bool IsElementNumber => ReferenceEquals(_reference, Tag.ElementNumber);

    internal JsonElement Element => _element;

    /// <summary>True or false.</summary>
    public static JsonataValue FromBoolean(bool value) => new(value ? Tag.True : Tag.False);

    /// <summary>A number; infinities and NaN end an evaluation when it calculates with them (D1001).</summary>
    public static JsonataValue FromNumber(double value) => new(value);

    /// <summary>A string.</summary>
    public static JsonataValue FromString(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(value);
    }

    /// <summary>Wraps an element without copying it; its document must not be disposed while the value is in use.</summary>
    public static JsonataValue FromElement(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new(Tag.ElementObject, element),
        JsonValueKind.Array => new(Tag.ElementArray, element),
        JsonValueKind.String => new(Tag.ElementString, element),
        JsonValueKind.Number => new(Tag.ElementNumber, element),
        JsonValueKind.True => True,
        JsonValueKind.False => False,
        JsonValueKind.Null => Null,
        _ => default,
    };

    /// <summary>
    /// JSON text (UTF-8) that is parsed when an expression first looks inside. The memory must stay as it is. Empty text is
    /// undefined; text that is not JSON ends the evaluation that reads it with U1010.
    /// </summary>
    public static JsonataValue FromJson(ReadOnlyMemory<byte> utf8)
    {
        var kind = LazyJson.KindOf(utf8.Span);
        if (kind is JsonataKind.Undefined)
        {
            return default;
        }

        var lazy = new LazyJson(utf8, kind);
        return kind is JsonataKind.Object or JsonataKind.Array ? new(lazy) : FromElement(lazy.Element);
    }

    /// <summary>A virtual object: members are looked up when an expression names them and never copied.</summary>
    public static JsonataValue FromObject(IReadOnlyDictionary<string, JsonataValue> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        return new(new VirtualObject(members));
    }

    /// <summary>A virtual array: items are read when an expression reaches them and never copied.</summary>
    public static JsonataValue FromArray(IReadOnlyList<JsonataValue> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new(new VirtualArray(items));
    }

    internal static JsonataValue FromHeap(HeapValue value) => new(value);

    /// <summary>The boolean; an <see cref="InvalidOperationException"/> when this is none.</summary>
    public bool AsBoolean() =>
        ReferenceEquals(_reference, Tag.True)
        || (ReferenceEquals(_reference, Tag.False)
            ? false
            : throw new InvalidOperationException($"The value is {Kind}, not a boolean."));

    /// <summary>The number as a double.</summary>
    public bool TryGetNumber(out double number)
    {
        if (ReferenceEquals(_reference, Tag.Number))
        {
            number = _number;
            return true;
        }

        if (ReferenceEquals(_reference, Tag.ElementNumber))
        {
            number = _element.GetDouble();
            return true;
        }

        number = 0;
        return false;
    }

    /// <summary>The string; decoded on every call when it comes from a JSON element.</summary>
    public bool TryGetString(out string? text)
    {
        text = _reference as string ?? (ReferenceEquals(_reference, Tag.ElementString) ? ElementText.Get(_element) : null);
        return text is not null;
    }

    /// <summary>
    /// Truthiness as $boolean() has it: false for undefined, null, false, 0, "", {}, functions, and arrays without a true item.
    /// </summary>
    public bool ToBoolean() => Truth.Of(this);

    /// <summary>The value as compact JSON, for messages and the debugger; undefined is empty text.</summary>
    public override string ToString() => IsUndefined ? "" : System.Text.Encoding.UTF8.GetString(ToUtf8Json());
}
