using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>sessionRead</c> and <c>sessionEnd</c>.</summary>
public sealed record SessionParameters
{
    [Parameter("The session. Left out: `input.sessionId`.", Example = "\"input.sessionId\"")]
    public JsonataExpression? Session { get; init; }
}

/// <summary>Parameters of <c>sessionWrite</c>.</summary>
public sealed record SessionWriteParameters
{
    [Parameter("The session. Left out: `input.sessionId`.", Example = "\"input.sessionId\"")]
    public JsonataExpression? Session { get; init; }

    [Parameter("Members to set; null removes one. The others stay.", Required = true, Kind = ParameterKind.Object, Example = """{"step": "amount", "amount": "{{ input.amount }}"}""")]
    public JsonTemplate? Data { get; init; }
}

internal sealed class SessionReadNode() : NodeType<SessionParameters>(
    "sessionRead",
    "data",
    NodeEffect.Effect,
    "Reads a session. Sessions live an hour from their last use.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"id\", \"type\", \"msisdn\", \"data\": {...}}`; null when there is no such session (any more).";

    private protected override NodeAction Compile(SessionParameters parameters, NodeCompilation node) =>
        new SessionAction(parameters.Session ?? Sessions.OfInput, null);
}

internal sealed class SessionWriteNode() : NodeType<SessionWriteParameters>(
    "sessionWrite",
    "data",
    NodeEffect.Effect,
    "Sets members of a session's data, and makes the session if it is not there.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "The session as `sessionRead` answers it.";

    private protected override NodeAction Compile(SessionWriteParameters parameters, NodeCompilation node) =>
        new SessionAction(parameters.Session ?? Sessions.OfInput, parameters.Data);
}

internal sealed class SessionEndNode() : NodeType<SessionParameters>(
    "sessionEnd", "data", NodeEffect.Effect, "Forgets a session.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "None: null.";

    private protected override NodeAction Compile(SessionParameters parameters, NodeCompilation node) =>
        new SessionAction(parameters.Session ?? Sessions.OfInput, null);
}

internal sealed class SessionAction(JsonataExpression session, JsonTemplate? data) : EffectAction
{
    public override ReadOnlyMemory<byte> Render(in NodeContext context)
    {
        (string Name, JsonTemplate? Template)[] templates = [("data", data)];
        return RenderedParameters.Write(context, null, templates, ("session", Sessions.IdOf(context, session)));
    }
}
