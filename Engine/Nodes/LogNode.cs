using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>How much a line of the log matters.</summary>
public enum LogSeverity
{
    Debug,
    Info,
    Warning,
    Error,
}

/// <summary>Parameters of <c>log</c>.</summary>
public sealed record LogParameters
{
    [Parameter("How much it matters.")]
    public LogSeverity Level { get; init; } = LogSeverity.Info;

    [Parameter(
        "What has happened; what is beyond 1,000 characters is cut.", Required = true, Kind = ParameterKind.Text,
        Example = "\"Order {{ input.orderId }} has {{ $count(input.lines) }} lines\"")]
    public JsonTemplate? Message { get; init; }

    [Parameter(
        "Facts for programs: any JSON. Beyond 8 KiB only its size is kept.",
        Example = """{"total": "{{ steps.price.output.total }}"}""")]
    public JsonTemplate? Data { get; init; }
}

internal sealed class LogNode() : NodeType<LogParameters>(
    "log",
    "data",
    NodeEffect.Effect,
    "Leaves a line in the log of the execution (`GET /executions/{id}/logs`), once, together with its step. "
        + "An execution leaves at most 1,000 lines while one worker has it; what is beyond is left out.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"level\": \"info\", \"message\": \"...\"}`: the line as it was left.";

    private protected override NodeAction Compile(LogParameters parameters, NodeCompilation node) =>
        new Action(parameters);

    private sealed class Action(LogParameters parameters) : EffectAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            (string Name, JsonTemplate? Template)[] templates = [("data", parameters.Data)];
            return RenderedParameters.Write(
                context, null, templates, ("level", ObjectReader.CamelCase(parameters.Level.ToString())),
                ("message", context.RequiredText(parameters.Message, "message", Limits.LogMessageLength)));
        }
    }
}
