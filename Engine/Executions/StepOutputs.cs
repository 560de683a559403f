using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Executions;

/// <summary>What a step leaves behind: checks of outputs, and the outputs of errors.</summary>
internal static class StepOutputs
{
    public static ReadOnlyMemory<byte> Null { get; } = "null"u8.ToArray();

    /// <summary>Null when the outcome can be recorded; else the error that the step ends in instead.</summary>
    public static StepError? FindProblem(CompiledNode node, in StepOutcome outcome, out int port)
    {
        port = node.PortOf(outcome.Port);
        if (port < 0)
        {
            return new StepError(
                StepErrorCodes.PortUnknown, $"The node left by the port '{outcome.Port}', which '{node.Type.Name}' does not have.");
        }

        if (outcome.Output.Length > Limits.StepOutputBytes)
        {
            return new StepError(
                StepErrorCodes.OutputTooLarge,
                $"The output has {outcome.Output.Length} bytes; at most {Limits.StepOutputBytes} are allowed.");
        }

        // What the engine wrote itself is JSON; what a runner hands over need not be.
        var problem = outcome.Output.IsEmpty ? null
            : node.Action is EffectAction ? JsonText.FindProblem(outcome.Output.Span)
            : JsonText.FindTextProblem(outcome.Output.Span) ?? JsonText.FindDepthProblem(outcome.Output.Span);
        return problem is null ? null : new StepError(StepErrorCodes.OutputInvalid, $"The output cannot be stored: {problem}.");
    }

    /// <summary>The output at the error port.</summary>
    public static byte[] OfError(StepError error)
    {
        var buffer = JsonBuffer.Rent();
        Write(buffer.Writer, error);
        return buffer.ToJson();
    }

    /// <summary>The output at the main port of a node with <c>onError: continue</c>.</summary>
    public static byte[] OfContinued(StepError error)
    {
        var buffer = JsonBuffer.Rent();
        buffer.Writer.WriteStartObject();
        buffer.Writer.WritePropertyName("error"u8);
        Write(buffer.Writer, error);
        buffer.Writer.WriteEndObject();
        return buffer.ToJson();
    }

    /// <summary>Text columns hold no U+0000, and a message is for people: it need not hold a whole response.</summary>
    public static StepError Clean(StepError error)
    {
        var clean = IsClean(error.Message) ? error : error with { Message = Clean(error.Message) };
        return clean.Cause is { } cause && !IsClean(cause.Message)
            ? clean with { Cause = cause with { Message = Clean(cause.Message) } }
            : clean;
    }

    private static bool IsClean(string message) =>
        message.Length <= Limits.ErrorMessageLength && !message.Contains('\0', StringComparison.Ordinal);

    private static string Clean(string message) =>
        message[..Math.Min(message.Length, Limits.ErrorMessageLength)].Replace('\0', '\uFFFD');

    private static void Write(Utf8JsonWriter writer, StepError error)
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, error.Code);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("kind"u8, error.Kind.ToText());
        if (!error.Details.IsEmpty)
        {
            foreach (var member in JsonText.ParseElement(error.Details).EnumerateObject())
            {
                member.WriteTo(writer);
            }
        }

        if (error.Cause is { } cause)
        {
            writer.WriteStartObject("cause"u8);
            writer.WriteString("code"u8, cause.Code);
            writer.WriteString("message"u8, cause.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
