using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Testing;

/// <summary>
/// The parameters of a node with their expressions evaluated, for people: <c>{"origin"?, "parameters", "errors"?}</c>.
/// An expression that ends in an error is null and listed; one that is asked for each item of a list stays as it is
/// written. Secrets are masked.
/// </summary>
internal static class NodeInput
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = Limits.JsonDepth,
        SkipValidation = true,
    };

    private static readonly byte[] TooLarge = """{"truncated":true}"""u8.ToArray();

    /// <param name="context">What the node sees.</param>
    /// <param name="origin">See <see cref="StepOrigins"/>; null = the node itself.</param>
    /// <returns>UTF-8 JSON.</returns>
    public static byte[] Render(in NodeContext context, string? origin)
    {
        var errors = new List<(string Pointer, StepError Error)>();
        var bytes = new ArrayBufferWriter<byte>(256); // not the thread's own, where what is evaluated meanwhile writes
        using var writer = new Utf8JsonWriter(bytes, WriterOptions);
        writer.WriteStartObject();
        if (origin is not null)
        {
            writer.WriteString("origin"u8, origin);
        }

        writer.WritePropertyName("parameters"u8);
        var parameters = context.Node.Definition.Parameters;
        if (parameters.ValueKind == JsonValueKind.Object)
        {
            WriteFields(writer, parameters, context.Node.Type.Parameters, "", context, errors);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }

        WriteErrors(writer, errors);
        writer.WriteEndObject();
        writer.Flush();
        var json = context.State.Mask.Apply(bytes.WrittenSpan.ToArray());
        return json.Length <= Limits.RenderedParameterBytes && JsonText.FindProblem(json.Span) is null
            ? json.ToArray()
            : TooLarge;
    }

    private static void WriteFields(
        Utf8JsonWriter writer, JsonElement values, IReadOnlyList<NodeParameter> known, string pointer,
        in NodeContext context, List<(string Pointer, StepError Error)> errors)
    {
        writer.WriteStartObject();
        foreach (var value in values.EnumerateObject())
        {
            writer.WritePropertyName(value.Name);
            var at = ProblemList.Append(pointer, value.Name);
            switch (known.FirstOrDefault(parameter => parameter.Name == value.Name))
            {
                case { Kind: ParameterKind.List, Templated: false } list
                    when value.Value.ValueKind == JsonValueKind.Array:
                    WriteList(writer, value.Value, list, at, context, errors);
                    break;
                case { Kind: ParameterKind.Expression, PerItem: false }
                    when value.Value.ValueKind == JsonValueKind.String:
                    Write(writer, Evaluate(value.Value.GetString()!, context, at, errors));
                    break;
                case { Templated: false }:
                    value.Value.WriteTo(writer);
                    break;
                case var templated: // also what a custom node's own schema does not name
                    Write(writer, Render(value.Value, templated is { Secret: true }, context, at, errors));
                    break;
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteList(
        Utf8JsonWriter writer, JsonElement items, NodeParameter list, string pointer, in NodeContext context,
        List<(string Pointer, StepError Error)> errors)
    {
        writer.WriteStartArray();
        var index = 0;
        foreach (var item in items.EnumerateArray())
        {
            WriteFields(writer, item, list.Fields, ProblemList.Append(pointer, index++), context, errors);
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, byte[]? json) =>
        writer.WriteRawValue(json ?? "null"u8, skipInputValidation: true);

    private static byte[]? Evaluate(
        string source, in NodeContext context, string pointer, List<(string Pointer, StepError Error)> errors)
    {
        try
        {
            var value = context.Evaluate(JsonataExpression.Parse(ExpressionCompiler.Unwrap(source, out _)));
            return value.IsUndefined ? null : value.ToUtf8Json(EvaluationLimits.Expressions);
        }
        catch (Exception exception) when (NodeEvaluator.ErrorOf(exception) is { } error)
        {
            errors.Add((pointer, error));
            return null;
        }
    }

    private static byte[]? Render(
        JsonElement template, bool maySeeSecrets, in NodeContext context, string pointer,
        List<(string Pointer, StepError Error)> errors)
    {
        if (!JsonTemplate.TryParse(template, out var parsed, out _))
        {
            return null;
        }

        try
        {
            var value = context.Evaluate(parsed, maySeeSecrets);
            return value.IsUndefined ? null : value.ToUtf8Json(EvaluationLimits.Expressions);
        }
        catch (Exception exception) when (NodeEvaluator.ErrorOf(exception) is { } error)
        {
            errors.Add((pointer, error));
            return null;
        }
    }

    private static void WriteErrors(Utf8JsonWriter writer, List<(string Pointer, StepError Error)> errors)
    {
        if (errors.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("errors"u8);
        foreach (var (pointer, error) in errors)
        {
            writer.WriteStartObject();
            writer.WriteString("pointer"u8, pointer);
            writer.WriteString("code"u8, error.Code);
            writer.WriteString("message"u8, error.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
