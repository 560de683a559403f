namespace Workflows.Engine.Nodes;

/// <summary>What a parameter holds; the console draws its field from this.</summary>
public enum ParameterKind
{
    /// <summary>Any JSON.</summary>
    Json,
    Text,
    Integer,
    Number,
    Boolean,

    /// <summary>One of <see cref="NodeParameter.Choices"/>.</summary>
    Choice,

    /// <summary>A JSONata expression, with or without <c>{{ }}</c> around it.</summary>
    Expression,

    /// <summary>A JSON object.</summary>
    Object,

    /// <summary>A list of objects with the fields <see cref="NodeParameter.Fields"/>.</summary>
    List,
}

/// <summary>One parameter of a node type, as documentation, form and JSON Schema show it.</summary>
/// <param name="Templated">True = the value, or any text within it, may be or hold <c>{{ expression }}</c>.</param>
/// <param name="Secret">True = its expressions may read <c>secrets</c>, and its value is shown and kept nowhere.</param>
/// <param name="DefaultJson">What counts when it is left out, as JSON; null = nothing.</param>
public sealed record NodeParameter(
    string Name,
    ParameterKind Kind,
    bool Required,
    bool Templated,
    string Summary,
    string? DefaultJson,
    string? Example,
    IReadOnlyList<string> Choices,
    double? Min,
    double? Max,
    int? MaxLength,
    IReadOnlyList<NodeParameter> Fields,
    bool Secret)
{
    /// <summary>True = an expression that is evaluated for each item of a list, not once for the node.</summary>
    public bool PerItem { get; init; }
}

/// <summary>Describes a property of a parameter record.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ParameterAttribute(string summary) : Attribute
{
    public string Summary { get; } = summary;

    public bool Required { get; init; }

    /// <summary>What a template must render to; other properties say it by their own type.</summary>
    public ParameterKind Kind { get; init; } = ParameterKind.Json;

    public double Min { get; init; } = double.NaN;

    public double Max { get; init; } = double.NaN;

    /// <summary>Characters of a text, items of a list; 0 = the general limit.</summary>
    public int MaxLength { get; init; }

    /// <summary>
    /// Its expressions may read <c>secrets</c>. Only for node types with an outside effect, whose rendered parameters go to their runner and
    /// into no row.
    /// </summary>
    public bool Secret { get; init; }

    /// <summary>The expression is evaluated for each item of a list, with <c>item</c> and <c>index</c> in scope.</summary>
    public bool PerItem { get; init; }

    /// <summary>A value as it would be written in a definition, as JSON.</summary>
    public string? Example { get; init; }
}
