using System.Text.Json;
using Workflows.Engine.Events;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>emitEvent</c>.</summary>
public sealed record EmitEventParameters
{
    [Parameter("The event's type; those that begin with `approval.` are the platform's own.", Required = true,
        Kind = ParameterKind.Text, Example = "\"order.completed\"")]
    public JsonTemplate? Type { get; init; }

    [Parameter(
        "What the event is about; also the key that waiting nodes correlate by.",
        Kind = ParameterKind.Text,
        Example = "\"{{ input.orderId }}\"")]
    public JsonTemplate? Subject { get; init; }

    [Parameter("Who says so, a URI reference. Left out: `/workflows/` and the workflow's id.", Kind = ParameterKind.Text)]
    public JsonTemplate? Source { get; init; }

    [Parameter("The payload: any JSON.", Example = """{"total": "{{ steps.price.output.total }}"}""")]
    public JsonTemplate? Data { get; init; }
}

internal sealed class EmitEventNode() : NodeType<EmitEventParameters>(
    "emitEvent",
    "outside",
    NodeEffect.Pure,
    "Publishes an event, in the same transaction that records the step: both or neither. In an execution that an event led to, it bears the number of events that follow from one another as `hops`; beyond 10 the node fails with `EVENT_CHAIN_TOO_LONG`.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "The event as structured CloudEvents JSON.";

    private protected override NodeAction Compile(EmitEventParameters parameters, NodeCompilation node) =>
        new EmitEventAction(parameters);
}

internal sealed class EmitEventAction(EmitEventParameters parameters) : PureAction
{
    public override StepOutcome Evaluate(in NodeContext context)
    {
        var facts = context.State.Facts;
        if (facts.EventHops > Limits.RuleHops)
        {
            return StepOutcome.Failed(
                StepErrorCodes.EventChainTooLong,
                $"More than {Limits.RuleHops} events would follow from one another: most likely workflows and rules cause each other without end.");
        }

        var data = parameters.Data is { } template ? context.Render(template) : default;
        var attributes = new CloudEventAttributes
        {
            Id = EventId(context),
            Type = context.RequiredText(parameters.Type, "type", Limits.EventTypeLength, isName: true),
            Source = context.Text(parameters.Source, "source", Limits.EventSourceLength) ?? SourceOf(facts.WorkflowId),
            Subject = context.Text(parameters.Subject, "subject", Limits.EventSubjectLength),
            DataContentType = data.IsEmpty ? null : "application/json",
            Data = data,
            Extensions = facts.EventHops == 0 ? CloudEvent.NoExtensions : HopsOf(facts.EventHops),
        };
        if ((PlatformEvents.TypeProblem(attributes.Type)
            ?? PlatformEvents.SourceProblem(attributes.Source, SourceOf(facts.WorkflowId))) is { } reserved)
        {
            return StepOutcome.Failed(StepErrorCodes.ParameterInvalid, $"The event cannot be published: {reserved}.");
        }

        if (!CloudEvent.TryCreate(attributes, out var cloudEvent, out var problems))
        {
            var what = string.Join("; ", problems.Select(problem => $"{problem.Attribute} {problem.Message}"));
            return StepOutcome.Failed(StepErrorCodes.ParameterInvalid, $"The event is not valid: {what}.");
        }

        return StepOutcome.Main((cloudEvent with { Time = context.Now }).ToUtf8Json());
    }

    private static string SourceOf(Guid workflowId) => $"{PlatformEvents.Workflows}/{workflowId}";

    private static Dictionary<string, JsonElement> HopsOf(int hops) => new(1) { [EventHops.Attribute] = JsonSerializer.SerializeToElement(hops) };

    /// <summary>The decision to publish what <see cref="Evaluate"/> has put out.</summary>
    public static PublishEvent ToDecision(ReadOnlyMemory<byte> output)
    {
        var reader = new Utf8JsonReader(output.Span);
        string? id = null, type = null, source = null, subject = null;
        while (reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var name = reader.ValueSpan;
            ref var target = ref id;
            if (name.SequenceEqual("type"u8))
            {
                target = ref type;
            }
            else if (name.SequenceEqual("source"u8))
            {
                target = ref source;
            }
            else if (name.SequenceEqual("subject"u8))
            {
                target = ref subject;
            }
            else if (!name.SequenceEqual("id"u8))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            target = reader.GetString();
        }

        return new PublishEvent(id!, type!, source!, subject, output);
    }

    /// <summary>An event derived twice is the same event to whoever gets it.</summary>
    private static string EventId(in NodeContext context) => StepNames.Of(
        context.State.Facts.ExecutionId, context.Node.Id, context.Frame.Iteration, context.State.UndoneRun);
}
