using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>sessionReply</c>.</summary>
public sealed record SessionReplyParameters
{
    [Parameter("What the person sees.", Required = true, Kind = ParameterKind.Text, Example = "\"1. Balance\\n2. Top up\"")]
    public JsonTemplate? Message { get; init; }

    [Parameter("Whether the dialogue goes on: the node then waits for the next message. Otherwise it ends with this one; the execution itself goes on.")]
    public bool Continue { get; init; } = true;

    [Parameter("How long to wait for the next message, in seconds. Then the node leaves by `timeout`; with nothing wired there it fails.", Min = 1, Max = 86_400)]
    public double TimeoutSeconds { get; init; } = 180;

    [Parameter("The session. Left out: `input.sessionId`.", Example = "\"input.sessionId\"")]
    public JsonataExpression? Session { get; init; }
}

internal sealed class SessionReplyNode() : NodeType<SessionReplyParameters>(
    SessionReplyNode.TypeName,
    "wait",
    NodeEffect.Wait,
    "Answers the present message of a dialogue (USSD: CON or END) and waits for the next one. Costs a row while it waits; the dialogue survives a restart of any process.",
    NodePort.MainPort,
    new NodePort(NodePort.Timeout, "The next message did not come in time."),
    NodePort.ErrorPort)
{
    /// <summary>The type's name; the gateway finds the end of a dialogue by its steps.</summary>
    public const string TypeName = "sessionReply";

    public override string OutputSummary =>
        "The next message: `{\"text\": \"...\", \"input\": \"...\"}`, `input` being what was typed last. At the end of the dialogue: `{\"message\", \"continue\": false}`.";

    private protected override NodeAction Compile(SessionReplyParameters parameters, NodeCompilation node) =>
        new Action(parameters, parameters.Session ?? Sessions.OfInput);

    private sealed class Action(SessionReplyParameters parameters, JsonataExpression session) : WaitAction
    {
        public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
            parameters.Continue ? [] : [(NodePort.Timeout, "without 'continue' it waits for nothing")];

        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
        {
            var message = context.RequiredText(parameters.Message, "message", Limits.SessionMessageLength);
            var id = Sessions.IdOf(context, session);
            var buffer = JsonBuffer.Rent();
            buffer.Writer.WriteStartObject();
            buffer.Writer.WriteString("message"u8, message);
            buffer.Writer.WriteBoolean("continue"u8, parameters.Continue);
            buffer.Writer.WriteEndObject();
            var reply = buffer.ToJson();
            outcome = parameters.Continue ? default : StepOutcome.Main(reply);
            return parameters.Continue
                ? new WaitSpec(
                    context.Node.Ordinal,
                    context.Node.Id,
                    context.Frame.Iteration,
                    context.Attempt,
                    WaitKind.Session,
                    context.Now.AddSeconds(parameters.TimeoutSeconds),
                    CorrelationKey: id,
                    Request: reply)
                : null;
        }

        public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
            outcome == WaitOutcome.Answered ? StepOutcome.Main(payload)
            : context.Node.IsWired(NodePort.Timeout) ? StepOutcome.By(NodePort.Timeout, StepOutputs.Null)
            : StepOutcome.Failed(StepErrorCodes.WaitTimedOut, "The next message of the session did not come in time.");
    }
}

/// <summary>Which session a node means.</summary>
internal static class Sessions
{
    /// <summary>The session whose first message started the execution.</summary>
    public static JsonataExpression OfInput { get; } =
        JsonataExpression.TryParse("input.sessionId", out var expression, out _) ? expression : throw new InvalidOperationException("The constant expression does not parse.");

    public static string IdOf(in NodeContext context, JsonataExpression session) =>
        context.Evaluate(session).TryGetString(out var id) && id!.Length is > 0 and <= Limits.SessionIdLength
            ? id
            : throw new StepException(new StepError(
                StepErrorCodes.ParameterInvalid, $"'session' must yield the id of a session, 1 to {Limits.SessionIdLength} characters of text."));
}
