namespace Workflows.Jsonata.Evaluation;

/// <summary>Variables of one block, function body or path as the compiler sees them: each name has a slot.</summary>
internal sealed class Scope(Scope? parent, IEnumerable<string> names, bool isTuple = false)
{
    /// <summary>No variables at all, around everything.</summary>
    public static readonly Scope Empty = new(null, []);

    private readonly List<string> _names = [.. names];
    private Dictionary<string, int>? _slots;

    public Scope? Parent => parent;

    /// <summary>The bindings of a path, where <c>:=</c> does not bind.</summary>
    public bool IsTuple => isTuple;

    public IReadOnlyList<string> Names => _names;

    public int Count => _names.Count;

    public int SlotOf(string name)
    {
        if (_names.Count <= 8)
        {
            return _names.IndexOf(name);
        }

        _slots ??= _names.Select((known, slot) => (known, slot)).ToDictionary(pair => pair.known, pair => pair.slot, StringComparer.Ordinal);
        return _slots.GetValueOrDefault(name, -1);
    }
}

/// <summary>
/// The variables of one run through a scope. A slot that is undefined has not been bound yet, and its name means what it
/// means further out. In a path that carries bindings each tuple is a frame whose slot 0 holds the context value.
/// </summary>
internal sealed class Frame(EvaluationContext context, Frame? parent, Scope scope, JsonataValue[] slots)
{
    public readonly EvaluationContext Context = context;
    public readonly Frame? Parent = parent;
    public readonly Scope Scope = scope;
    public readonly JsonataValue[] Slots = slots;

    public Frame(EvaluationContext context, Frame? parent, Scope scope)
        : this(context, parent, scope, scope.Count == 0 ? [] : new JsonataValue[scope.Count])
    {
    }

    public void Bind(int slot, in JsonataValue value) =>
        Slots[slot] = value.IsUndefined ? JsonataValue.BoundUndefined : value;

    /// <summary>What a slot holds, where being bound to nothing counts as nothing.</summary>
    public JsonataValue Read(int slot)
    {
        ref readonly var value = ref Slots[slot];
        return ReferenceEquals(value.Reference, Values.Tag.BoundUndefined) ? default : value;
    }

    public Frame Copy()
    {
        Context.Step(Slots.Length);
        Context.BuildItems(Slots.Length);
        return new Frame(Context, Parent, Scope, (JsonataValue[])Slots.Clone());
    }
}
