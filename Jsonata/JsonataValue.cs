using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
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
    // null: undefined; a string; a JsonDom; or a HeapValue, which is a Tag when the bits or nothing else hold the value.
    private readonly object? _reference;

    // Of a number the double; of a value within JSON text its row, and its kind in the upper half.
    private readonly long _bits;

    private JsonataValue(object? reference) => _reference = reference;

    private JsonataValue(double number)
    {
        _reference = Tag.Number;
        _bits = BitConverter.DoubleToInt64Bits(number);
    }

    private JsonataValue(JsonDom dom, int row, JsonataKind kind)
    {
        _reference = dom;
        _bits = ((long)kind << 32) | (uint)row;
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
        JsonDom => (JsonataKind)(_bits >> 32),
        string => JsonataKind.String,
        _ => ((HeapValue)_reference).Kind,
    };

    internal object? Reference => _reference;

    /// <summary>A value within JSON text, whose text is kept as it came.</summary>
    internal bool IsJson => _reference is JsonDom;

    /// <summary>The row of a value for which <see cref="IsJson"/> holds.</summary>
    internal int Row => (int)_bits;

    /// <summary>True for a number that needs no parsing.</summary>
    internal bool IsPlainNumber => ReferenceEquals(_reference, Tag.Number);

    /// <summary>The double of a value for which <see cref="IsPlainNumber"/> holds.</summary>
    internal double PlainNumber => BitConverter.Int64BitsToDouble(_bits);

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

    /// <summary>
    /// Wraps an element without copying it; its document must not be disposed while the value is in use. An index of the
    /// element's text is made when an expression first looks inside, and kept with this value: keep the value, not the
    /// element, to evaluate over it again.
    /// </summary>
    public static JsonataValue FromElement(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new(new JsonDom(element), 0, JsonataKind.Object),
        JsonValueKind.Array => new(new JsonDom(element), 0, JsonataKind.Array),
        JsonValueKind.String => new(new JsonDom(element), 0, JsonataKind.String),
        JsonValueKind.Number => new(new JsonDom(element), 0, JsonataKind.Number),
        JsonValueKind.True => True,
        JsonValueKind.False => False,
        JsonValueKind.Null => Null,
        _ => default,
    };

    /// <summary>
    /// JSON text (UTF-8) that is indexed when an expression first looks inside. The memory must stay as it is. Empty text
    /// is undefined; text that is not JSON ends the evaluation that reads it with U1010.
    /// </summary>
    public static JsonataValue FromJson(ReadOnlyMemory<byte> utf8)
    {
        var kind = JsonDom.KindOf(utf8.Span);
        return kind switch
        {
            JsonataKind.Undefined => default,
            JsonataKind.Object or JsonataKind.Array => new(new JsonDom(utf8), 0, kind),
            _ => new JsonDom(utf8).At(0),
        };
    }

    internal static JsonataValue FromDom(JsonDom dom, int row, JsonataKind kind) => new(dom, row, kind);

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
            number = PlainNumber;
            return true;
        }

        if (_reference is JsonDom dom && Kind == JsonataKind.Number)
        {
            number = dom.Number(Row);
            return true;
        }

        number = 0;
        return false;
    }

    /// <summary>The string; decoded on every call when it stands in JSON text.</summary>
    public bool TryGetString(out string? text)
    {
        text = _reference as string
            ?? (_reference is JsonDom dom && Kind == JsonataKind.String ? dom.Text(Row) : null);
        return text is not null;
    }

    /// <summary>
    /// The text of a string, a number or a boolean, as <c>&amp;</c> joins it; numbers that only passed through keep
    /// all of
    /// their digits.
    /// </summary>
    /// <returns>False for anything else.</returns>
    /// <exception cref="JsonataException">D3001: the number is not finite.</exception>
    public bool TryGetText([NotNullWhen(true)] out string? text)
    {
        text = Kind switch
        {
            JsonataKind.String => TryGetString(out var own) ? own : null,
            JsonataKind.Number or JsonataKind.Boolean => JsonText.OfScalar(this),
            _ => null,
        };
        return text is not null;
    }

    /// <summary>Equality with a string, without decoding.</summary>
    internal bool IsText(string text, ReadOnlySpan<byte> utf8) => _reference is JsonDom dom
        ? Kind == JsonataKind.String && dom.TextEquals(Row, text, utf8)
        : _reference is string own && string.Equals(own, text, StringComparison.Ordinal);

    /// <summary>The items of an array, found in one pass; of any other value itself alone, of undefined none.</summary>
    public IReadOnlyList<JsonataValue> ToList()
    {
        if (!IsArray)
        {
            return IsUndefined ? [] : [this];
        }

        var items = new List<JsonataValue>(ItemCount());
        foreach (var item in Items())
        {
            items.Add(item);
        }

        return items;
    }

    /// <summary>
    /// Truthiness as $boolean() has it: false for undefined, null, false, 0, "", {}, functions, and arrays without a true item.
    /// </summary>
    public bool ToBoolean() => Truth.Of(this);

    /// <summary>The value as compact JSON, for messages and the debugger; undefined is empty text.</summary>
    public override string ToString() => IsUndefined ? "" : System.Text.Encoding.UTF8.GetString(ToUtf8Json());
}
