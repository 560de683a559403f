using System.Collections;
using System.Reflection;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Nodes;

/// <summary>One property of a parameter record: its description, and how it is read from JSON.</summary>
internal sealed class ParameterProperty
{
    private readonly PropertyInfo _property;
    private readonly Type _type;
    private readonly ParameterSet? _items;
    private readonly bool _perItem;

    public ParameterProperty(PropertyInfo property, object defaults)
    {
        _property = property;
        _type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var attribute = property.GetCustomAttribute<ParameterAttribute>()!;
        var kind = KindOf(_type, attribute);
        _perItem = attribute.PerItem;
        _items = kind == ParameterKind.List ? ParameterSet.Of(_type.GetGenericArguments()[0]) : null;
        Description = new NodeParameter(
            ObjectReader.CamelCase(property.Name),
            kind,
            attribute.Required,
            Templated: _type == typeof(JsonTemplate),
            attribute.Summary,
            DefaultOf(property.GetValue(defaults)),
            attribute.Example,
            _type.IsEnum ? Array.ConvertAll(Enum.GetNames(_type), ObjectReader.CamelCase) : [],
            double.IsNaN(attribute.Min) ? null : attribute.Min,
            double.IsNaN(attribute.Max) ? null : attribute.Max,
            attribute.MaxLength == 0 ? null : attribute.MaxLength,
            _items?.Parameters ?? [],
            attribute.Secret)
        {
            PerItem = attribute.PerItem,
        };
    }

    public NodeParameter Description { get; }

    /// <summary>A template of any JSON may be null; for everything else null means left out.</summary>
    public bool AcceptsNull => Description is { Templated: true, Kind: ParameterKind.Json };

    /// <summary>
    /// Reads the value into the property of <paramref name="record"/>; false when it is wrong, which is then reported.
    /// </summary>
    public bool Read(JsonElement value, string pointer, NodeCompilation node, object record)
    {
        var read = Description switch
        {
            { Templated: true } => ReadTemplate(value, pointer, node),
            { Kind: ParameterKind.Expression } => ReadExpression(value, pointer, node),
            { Kind: ParameterKind.List } => ReadList(value, pointer, node),
            { Kind: ParameterKind.Json } => value,
            _ => ReadLiteral(value, pointer, node),
        };
        if (read is null)
        {
            return false;
        }

        _property.SetValue(record, read);
        return true;
    }

    private JsonTemplate? ReadTemplate(JsonElement value, string pointer, NodeCompilation node)
    {
        // A text with an expression in it is checked when it is rendered: only then its value exists.
        var mayRender = value.ValueKind == JsonValueKind.String && value.GetString()!.Contains("{{", StringComparison.Ordinal);
        return mayRender || CheckLiteral(value, pointer, node) ? node.CompileTemplate(value, pointer, Description.Secret) : null;
    }

    private JsonataExpression? ReadExpression(JsonElement value, string pointer, NodeCompilation node)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return node.CompileExpression(value.GetString()!, pointer, Description.Secret, _perItem);
            case JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number:
                return node.CompileExpression(value.GetRawText(), pointer);
            default:
                Mistyped(value, pointer, node);
                return null;
        }
    }

    private IList? ReadList(JsonElement value, string pointer, NodeCompilation node)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Mistyped(value, pointer, node);
            return null;
        }

        if (Description.MaxLength is { } max && value.GetArrayLength() > max)
        {
            node.Problems.Add(
                pointer,
                TooManyItems,
                $"'{Description.Name}' has {value.GetArrayLength()} items.",
                $"At most {max} are allowed.");
            return null;
        }

        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(_type.GetGenericArguments()[0]))!;
        var valid = true;
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            var itemPointer = ProblemList.Append(pointer, index++);
            if (item.ValueKind != JsonValueKind.Object)
            {
                node.Problems.Add(
                    itemPointer, ParameterType, $"An item of '{Description.Name}' is an object.", Description.Summary);
                valid = false;
            }
            else if (_items!.Read(item, itemPointer, node) is { } read)
            {
                list.Add(read);
            }
            else
            {
                valid = false;
            }
        }

        return valid ? list : null;
    }

    private object? ReadLiteral(JsonElement value, string pointer, NodeCompilation node)
    {
        if (!CheckLiteral(value, pointer, node))
        {
            return null;
        }

        return Description.Kind switch
        {
            ParameterKind.Text => value.GetString(),
            ParameterKind.Integer => value.GetInt32(),
            ParameterKind.Number => value.GetDouble(),
            ParameterKind.Boolean => value.GetBoolean(),
            ParameterKind.Choice => Enum.GetValues(_type).GetValue(IndexOfChoice(value.GetString()!)),
            _ => throw new InvalidOperationException($"{_property} is of a kind that is not read as a literal."),
        };
    }

    private bool CheckLiteral(JsonElement value, string pointer, NodeCompilation node)
    {
        var fits = Description.Kind switch
        {
            ParameterKind.Text or ParameterKind.Choice => value.ValueKind == JsonValueKind.String,
            ParameterKind.Integer => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
            ParameterKind.Number => value.ValueKind == JsonValueKind.Number,
            ParameterKind.Boolean => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            ParameterKind.Object => value.ValueKind == JsonValueKind.Object,
            ParameterKind.Json => true,
            ParameterKind.Expression or ParameterKind.List =>
                throw new InvalidOperationException($"{_property} cannot be a literal."),
        };
        if (!fits)
        {
            Mistyped(value, pointer, node);
            return false;
        }

        return Description.Kind switch
        {
            ParameterKind.Choice => CheckChoice(value.GetString()!, pointer, node),
            ParameterKind.Text => CheckLength(value.GetString()!, pointer, node),
            ParameterKind.Integer or ParameterKind.Number => CheckRange(value.GetDouble(), pointer, node),
            _ => true,
        };
    }

    private bool CheckChoice(string text, string pointer, NodeCompilation node)
    {
        if (IndexOfChoice(text) >= 0)
        {
            return true;
        }

        node.Problems.Add(
            pointer,
            ParameterValue,
            $"'{Description.Name}' cannot be '{text}'.",
            Nearest.Hint(text, Description.Choices.ToArray()));
        return false;
    }

    private bool CheckLength(string text, string pointer, NodeCompilation node)
    {
        var max = Description.MaxLength ?? Limits.ExpressionLength;
        if (text.Length <= max && (text.Length > 0 || !Description.Required))
        {
            return true;
        }

        node.Problems.Add(
            pointer,
            ParameterValue,
            $"'{Description.Name}' has {text.Length} characters.",
            $"It has between 1 and {max} characters.");
        return false;
    }

    private bool CheckRange(double number, string pointer, NodeCompilation node)
    {
        if (number >= (Description.Min ?? double.MinValue) && number <= (Description.Max ?? double.MaxValue))
        {
            return true;
        }

        node.Problems.Add(
            pointer,
            ParameterValue,
            $"'{Description.Name}' is out of range.",
            ObjectReader.Range(Description.Min ?? double.MinValue, Description.Max ?? double.MaxValue));
        return false;
    }

    private int IndexOfChoice(string text)
    {
        for (var index = 0; index < Description.Choices.Count; index++)
        {
            if (Description.Choices[index] == text)
            {
                return index;
            }
        }

        return -1;
    }

    private void Mistyped(JsonElement value, string pointer, NodeCompilation node)
    {
        var expected = Name(Description.Kind);
        node.Problems.Add(
            pointer,
            ParameterType,
            $"'{Description.Name}' must be {expected}, not {ObjectReader.Name(value.ValueKind)}.",
            Description.Templated ? $"Write {expected}, or text that is one {{{{ expression }}}}." : $"Write {expected}.");
    }

    private static string Name(ParameterKind kind) => kind switch
    {
        ParameterKind.Json => "JSON",
        ParameterKind.Text => "text",
        ParameterKind.Integer => "a whole number",
        ParameterKind.Number => "a number",
        ParameterKind.Boolean => "true or false",
        ParameterKind.Choice => "one of the choices, as text",
        ParameterKind.Expression => "an expression, as text",
        ParameterKind.Object => "an object",
        ParameterKind.List => "a list",
    };

    private static ParameterKind KindOf(Type type, ParameterAttribute attribute)
    {
        if (type == typeof(JsonTemplate))
        {
            return attribute.Kind;
        }

        if (type == typeof(JsonataExpression))
        {
            return ParameterKind.Expression;
        }

        return type.IsEnum ? ParameterKind.Choice
            : type == typeof(string) ? ParameterKind.Text
            : type == typeof(int) ? ParameterKind.Integer
            : type == typeof(double) ? ParameterKind.Number
            : type == typeof(bool) ? ParameterKind.Boolean
            : type == typeof(JsonElement) ? ParameterKind.Json
            : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? ParameterKind.List
            : throw new InvalidOperationException($"A parameter cannot be a {type}.");
    }

    private static string? DefaultOf(object? value) => value switch
    {
        null => null,
        IList => null,
        Enum choice => $"\"{ObjectReader.CamelCase(choice.ToString())}\"",
        _ => JsonSerializer.Serialize(value),
    };
}
