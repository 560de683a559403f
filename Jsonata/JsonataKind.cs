namespace Workflows.Jsonata;

/// <summary>What a <see cref="JsonataValue"/> is: the JSON kinds, plus undefined (nothing) and function.</summary>
public enum JsonataKind
{
    /// <summary>Nothing: a path that leads nowhere. Not the same as JSON null.</summary>
    Undefined,

    /// <summary>JSON null.</summary>
    Null,

    /// <summary>JSON true or false.</summary>
    Boolean,

    /// <summary>A number, an IEEE double once it is calculated with.</summary>
    Number,

    /// <summary>A string of UTF-16 code units.</summary>
    String,

    /// <summary>A JSON array or a sequence of results.</summary>
    Array,

    /// <summary>A JSON object.</summary>
    Object,

    /// <summary>A built-in function, a lambda or a regular expression; it has no JSON form.</summary>
    Function,
}
