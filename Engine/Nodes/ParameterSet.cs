using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>
/// What a parameter record says about itself, and the way from JSON into it. A property's type says what is accepted:
/// text, numbers, booleans and enums are literal; a <see cref="JsonataExpression"/> is evaluated by the node when it wants to;
/// a <see cref="JsonTemplate"/> is JSON with <c>{{ }}</c>; a list of records is a list of objects.
/// </summary>
internal sealed class ParameterSet
{
    private static readonly ConcurrentDictionary<Type, ParameterSet> Known = new();

    private readonly Type _record;
    private readonly ParameterProperty[] _properties;

    private ParameterSet(Type record)
    {
        _record = record;
        var defaults = Activator.CreateInstance(record)!;
        _properties = record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.IsDefined(typeof(ParameterAttribute)))
            .Select(property => new ParameterProperty(property, defaults))
            .ToArray();
        Parameters = Array.ConvertAll(_properties, property => property.Description);
        Names = Array.ConvertAll(_properties, property => property.Description.Name);
    }

    public IReadOnlyList<NodeParameter> Parameters { get; }

    private string[] Names { get; }

    public static ParameterSet Of(Type record) => Known.GetOrAdd(record, type => new ParameterSet(type));

    /// <summary>The record of one node; null when something is wrong, which is then reported.</summary>
    public object? Read(NodeCompilation node) => Read(node.Parameters, node.ParametersPointer, node);

    internal object? Read(JsonElement json, string pointer, NodeCompilation node)
    {
        var isObject = json.ValueKind == JsonValueKind.Object;
        var result = Activator.CreateInstance(_record)!;
        var valid = !isObject || RejectUnknown(json, pointer, node);
        foreach (var property in _properties)
        {
            var name = property.Description.Name;
            if (isObject && json.TryGetProperty(name, out var value)
                && (value.ValueKind != JsonValueKind.Null || property.AcceptsNull))
            {
                valid &= property.Read(value, ProblemList.Append(pointer, name), node, result);
            }
            else if (property.Description.Required)
            {
                node.Problems.Add(
                    ProblemList.Append(pointer, name),
                    DefinitionProblemCodes.ParameterMissing,
                    $"The parameter '{name}' is missing.",
                    property.Description.Summary);
                valid = false;
            }
        }

        return valid ? result : null;
    }

    private bool RejectUnknown(JsonElement json, string pointer, NodeCompilation node)
    {
        var valid = true;
        foreach (var member in json.EnumerateObject())
        {
            if (Array.IndexOf(Names, member.Name) < 0)
            {
                node.Problems.Add(
                    ProblemList.Append(pointer, member.Name),
                    DefinitionProblemCodes.ParameterUnknown,
                    $"Nodes of the type '{node.Definition.Type}' have no parameter '{member.Name}' here.",
                    Names.Length == 0 ? "It has no parameters." : Nearest.Hint(member.Name, Names));
                valid = false;
            }
        }

        return valid;
    }
}
