using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Nodes;

/// <summary>A node type as JSON: what <c>GET /api/v1/node-types</c> answers with, and the console draws its forms from.</summary>
internal static class NodeTypeJson
{
    public static void Write(Utf8JsonWriter writer, NodeType type)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, type.Name);
        writer.WriteString("category"u8, type.Category);
        writer.WriteString("effect"u8, ObjectReader.CamelCase(type.Effect.ToString()));
        writer.WriteString("summary"u8, type.Summary);
        writer.WriteString("output"u8, type.OutputSummary);
        writer.WriteBoolean("body"u8, type.HasBody);
        writer.WriteStartArray("ports"u8);
        foreach (var port in type.Ports)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, port.Name);
            writer.WriteString("summary"u8, port.Summary);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (type.PortsOfParameters is { } further)
        {
            writer.WriteString("portsOfParameters"u8, further);
        }

        Write(writer, "parameters", type.Parameters);
        writer.WritePropertyName("schema"u8);
        type.WriteParameterSchema(writer);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<NodeParameter> parameters)
    {
        writer.WriteStartArray(name);
        foreach (var parameter in parameters)
        {
            Write(writer, parameter);
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, NodeParameter parameter)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, parameter.Name);
        writer.WriteString("kind"u8, ObjectReader.CamelCase(parameter.Kind.ToString()));
        writer.WriteBoolean("required"u8, parameter.Required);
        writer.WriteBoolean("templated"u8, parameter.Templated);
        writer.WriteBoolean("secret"u8, parameter.Secret);
        writer.WriteString("summary"u8, parameter.Summary);
        WriteRaw(writer, "default", parameter.DefaultJson);
        WriteRaw(writer, "example", parameter.Example);
        if (parameter.Choices.Count > 0)
        {
            writer.WriteStartArray("choices"u8);
            foreach (var choice in parameter.Choices)
            {
                writer.WriteStringValue(choice);
            }

            writer.WriteEndArray();
        }

        if (parameter.Min is { } min)
        {
            writer.WriteNumber("min"u8, min);
        }

        if (parameter.Max is { } max)
        {
            writer.WriteNumber("max"u8, max);
        }

        if (parameter.MaxLength is { } length)
        {
            writer.WriteNumber("maxLength"u8, length);
        }

        if (parameter.Fields.Count > 0)
        {
            Write(writer, "fields", parameter.Fields);
        }

        writer.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter writer, string name, string? json)
    {
        if (json is not null)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(json);
        }
    }
}
