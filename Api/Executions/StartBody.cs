using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <summary>The body of a start, read in one pass: no objects but the input itself, which goes to the database as it came.</summary>
internal readonly record struct StartBody(byte[] Input, string? CorrelationId, ExecutionPriority? Priority, int? Version)
{
    public static readonly byte[] NoInput = "{}"u8.ToArray();

    /// <param name="utf8">JSON that <see cref="RequestBody.Check"/> has passed.</param>
    public static Problem? Read(ReadOnlySpan<byte> utf8, out StartBody body)
    {
        body = new StartBody(NoInput, null, null, null);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return Problem.Invalid("", "The body must be an object.", "TYPE");
        }

        var seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Member(ref reader);
            if (member < 0)
            {
                var name = reader.GetString();
                var message = $"There is no field '{name}' here.";
                return new Problem(
                    Errors.UnknownField, message, [new ErrorDetail($"/{name}", "UNKNOWN", message, "Known here: input, correlationId, priority, version.")]);
            }

            if ((seen & (1 << member)) != 0)
            {
                return new Problem(Errors.InvalidJson, $"The body has the member '{reader.GetString()}' twice.");
            }

            seen |= 1 << member;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null && member != 0)
            {
                continue;
            }

            if (Value(ref reader, utf8, member, ref body) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    public static bool TryReadPriority(string? text, out ExecutionPriority priority)
    {
        (var known, priority) = text switch
        {
            "high" => (true, ExecutionPriority.High),
            "normal" => (true, ExecutionPriority.Normal),
            "low" => (true, ExecutionPriority.Low),
            _ => (false, ExecutionPriority.Normal),
        };
        return known;
    }

    private static int Member(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("input"u8) ? 0
        : reader.ValueTextEquals("correlationId"u8) ? 1
        : reader.ValueTextEquals("priority"u8) ? 2
        : reader.ValueTextEquals("version"u8) ? 3
        : -1;

    private static Problem? Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, int member, ref StartBody body)
    {
        switch (member)
        {
            case 0:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                body = body with { Input = utf8[start..(int)reader.BytesConsumed].ToArray() };
                return null;
            case 1 when reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 and <= Limits.CorrelationIdLength } id:
                body = body with { CorrelationId = id };
                return null;
            case 1:
                return Problem.Invalid("/correlationId", $"A correlation id is text of 1 to {Limits.CorrelationIdLength} characters.");
            case 2 when reader.TokenType == JsonTokenType.String && TryReadPriority(reader.GetString(), out var priority):
                body = body with { Priority = priority };
                return null;
            case 2:
                return Problem.Invalid("/priority", "'priority' is high, normal or low.");
            case 3 when reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version) && version > 0:
                body = body with { Version = version };
                return null;
            default:
                return Problem.Invalid("/version", "'version' is the number of a version.");
        }
    }
}
