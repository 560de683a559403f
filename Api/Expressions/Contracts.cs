using System.Text.Json;
using System.Text.Json.Serialization;
using Workflows.Api.Http;

namespace Workflows.Api.Expressions;

/// <param name="Expression">JSONata, with or without braces around it; or else a template.</param>
/// <param name="Template">Any JSON with <c>{{ expressions }}</c> in its texts.</param>
/// <param name="Data">What it is evaluated over; or else an execution and a node.</param>
/// <param name="ExecutionId">The execution whose data it sees,</param>
/// <param name="NodeId">as this node of it saw them,</param>
/// <param name="Iteration">in this iteration; the top level when left out,</param>
/// <param name="Attempt">at this attempt; the last one when left out.</param>
internal sealed record EvaluateRequest(
    string? Expression = null,
    [property: JsonConverter(typeof(KeptNullConverter))] JsonElement? Template = null,
    [property: JsonConverter(typeof(KeptNullConverter))] JsonElement? Data = null,
    Guid? ExecutionId = null,
    string? NodeId = null,
    string? Iteration = null,
    int? Attempt = null);

/// <param name="Type">undefined, null, boolean, number, string, array, object or function.</param>
/// <param name="Value">Null also where it is undefined, and where there is an error.</param>
/// <param name="Error">Why there is no value.</param>
internal sealed record EvaluationView(string? Type, RawJson? Value, EvaluationErrorView? Error, double DurationMs);

/// <param name="Code">S: syntax, T: type, D: data, U: a limit; TIMEOUT, SCOPE_TOO_LARGE.</param>
/// <param name="Position">UTF-16 offset just behind what is wrong, in the text as it was sent.</param>
/// <param name="Start">Offset of its first character.</param>
/// <param name="Pointer">JSON pointer of the text in the template; empty for an expression.</param>
internal sealed record EvaluationErrorView(
    string Code, string Message, int Position, int Start, string Pointer, string? Token, string? Suggestion);

/// <param name="Name">With its dollar sign.</param>
/// <param name="Summary">One sentence.</param>
internal sealed record FunctionView(
    string Name, string Signature, string Summary, int MinArguments, int? MaxArguments);

/// <summary>Reads null as a value: where a field may be left out, too, the two differ.</summary>
internal sealed class KeptNullConverter : JsonConverter<JsonElement?>
{
    public override bool HandleNull => true;

    public override JsonElement? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonElement.ParseValue(ref reader);

    public override void Write(Utf8JsonWriter writer, JsonElement? value, JsonSerializerOptions options)
    {
        if (value is { } element)
        {
            element.WriteTo(writer);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
