using System.Text.Json;

namespace Workflows.Engine.Nodes;

/// <summary>JSON Schema (2020-12) of the parameters of a node type, for editors.</summary>
internal static class ParameterSchema
{
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<NodeParameter> parameters)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        writer.WriteStartObject("properties"u8);
        foreach (var parameter in parameters)
        {
            writer.WritePropertyName(parameter.Name);
            Write(writer, parameter);
        }

        writer.WriteEndObject();
        var required = parameters.Where(parameter => parameter.Required).Select(parameter => parameter.Name).ToArray();
        if (required.Length > 0)
        {
            writer.WriteStartArray("required"u8);
            foreach (var name in required)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        writer.WriteBoolean("additionalProperties"u8, false);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, NodeParameter parameter)
    {
        writer.WriteStartObject();
        writer.WriteString("description"u8, parameter.Summary);
        if (parameter.DefaultJson is { } json)
        {
            writer.WritePropertyName("default"u8);
            writer.WriteRawValue(json);
        }

        if (parameter.Templated && parameter.Kind != ParameterKind.Json)
        {
            writer.WriteStartArray("anyOf"u8);
            writer.WriteStartObject();
            WriteConstraints(writer, parameter);
            writer.WriteEndObject();
            writer.WriteStartObject();
            writer.WriteString("type"u8, "string"u8);
            writer.WriteString("pattern"u8, PatternOf(parameter.Kind));
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        else
        {
            WriteConstraints(writer, parameter);
        }

        writer.WriteEndObject();
    }

    private static void WriteConstraints(Utf8JsonWriter writer, NodeParameter parameter)
    {
        switch (parameter.Kind)
        {
            case ParameterKind.Json:
                break;
            case ParameterKind.Expression:
                writer.WriteStartArray("type"u8);
                writer.WriteStringValue("string"u8);
                writer.WriteStringValue("boolean"u8);
                writer.WriteStringValue("number"u8);
                writer.WriteEndArray();
                break;
            case ParameterKind.Choice:
                writer.WriteStartArray("enum"u8);
                foreach (var choice in parameter.Choices)
                {
                    writer.WriteStringValue(choice);
                }

                writer.WriteEndArray();
                break;
            case ParameterKind.List:
                writer.WriteString("type"u8, "array"u8);
                writer.WritePropertyName("items"u8);
                Write(writer, parameter.Fields);
                break;
            default:
                writer.WriteString("type"u8, TypeOf(parameter.Kind));
                break;
        }

        WriteBounds(writer, parameter);
    }

    private static void WriteBounds(Utf8JsonWriter writer, NodeParameter parameter)
    {
        if (parameter.Min is { } min)
        {
            writer.WriteNumber("minimum"u8, min);
        }

        if (parameter.Max is { } max)
        {
            writer.WriteNumber("maximum"u8, max);
        }

        if (parameter.MaxLength is { } length)
        {
            writer.WriteNumber(parameter.Kind == ParameterKind.List ? "maxItems"u8 : "maxLength"u8, length);
        }

        if (parameter is { Kind: ParameterKind.Text, Required: true })
        {
            writer.WriteNumber("minLength"u8, 1);
        }
    }

    // Text may hold expressions anywhere, and how long it is shows when they are evaluated.
    private static string PatternOf(ParameterKind kind) =>
        kind == ParameterKind.Text ? @"\{\{" : @"^\s*\{\{[\s\S]*\}\}\s*$";

    private static string TypeOf(ParameterKind kind) => kind switch
    {
        ParameterKind.Text => "string",
        ParameterKind.Integer => "integer",
        ParameterKind.Number => "number",
        ParameterKind.Boolean => "boolean",
        ParameterKind.Object => "object",
        _ => throw new InvalidOperationException($"{kind} has no single JSON type."),
    };
}
