using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>
/// The result of an execution: the definition's <c>output</c>; without one the output of the terminal step, that is of the node
/// that left by a port to which no edge is wired. An <c>if</c> or <c>switch</c> of which only other ways lead on counts
/// only when there is no other: else the shape of the result would depend on the way taken. Several terminal steps: an
/// object with their outputs by node id, in the order of the definition. None: null.
/// </summary>
internal static class ExecutionOutput
{
    public static Decision Complete(ExecutionState state, DateTimeOffset now)
    {
        var outcome = Of(state.Root, node: null, "The output of the execution", Limits.ExecutionOutputBytes, now);
        return outcome.Error is { } error
            ? new FailExecution(new ExecutionError(error.Code, error.Message, NodeId: null), ExecutionStatus.Failed)
            : new CompleteExecution(outcome.Output);
    }

    /// <summary>The result of one round of a loop, by the same rules.</summary>
    public static StepOutcome OfRound(Frame frame, CompiledNode loop, DateTimeOffset now) =>
        Of(frame, loop, "The output of the body", Limits.StepOutputBytes, now);

    private static StepOutcome Of(Frame frame, CompiledNode? node, string name, int maxBytes, DateTimeOffset now)
    {
        ReadOnlyMemory<byte> output;
        try
        {
            output = frame.Graph.Output is { } template ? Render(frame, template, node, now) : OfTerminals(frame);
        }
        catch (Exception exception) when (NodeEvaluator.ErrorOf(exception) is { } error)
        {
            return frame.State.Mask.Apply(StepOutcome.Failed(error.Code, $"{name}: {error.Message}"));
        }

        output = frame.State.Mask.Apply(output);
        return FindProblem(output, name, maxBytes) is { } problem ? new StepOutcome("", default, problem) : StepOutcome.Main(output);
    }

    /// <summary>Why an output of the engine's own making cannot be kept.</summary>
    public static StepError? FindProblem(ReadOnlyMemory<byte> output, string name, int maxBytes)
    {
        if (output.Length > maxBytes)
        {
            return new StepError(StepErrorCodes.OutputTooLarge, $"{name} has {output.Length} bytes; at most {maxBytes} are allowed.");
        }

        return (JsonText.FindTextProblem(output.Span) ?? JsonText.FindDepthProblem(output.Span)) is { } problem
            ? new StepError(StepErrorCodes.OutputInvalid, $"{name} cannot be stored: {problem}.")
            : null;
    }

    private static byte[] Render(Frame frame, JsonTemplate template, CompiledNode? node, DateTimeOffset now)
    {
        var buffer = JsonBuffer.Rent();
        template.WriteTo(buffer.Writer, frame.Scope, frame.State.OptionsFor(frame, node, attempt: 0, now));
        return buffer.ToJson();
    }

    private static ReadOnlyMemory<byte> OfTerminals(Frame frame)
    {
        var (first, count) = FindTerminals(frame, withRouters: false);
        var withRouters = count == 0;
        if (withRouters)
        {
            (first, count) = FindTerminals(frame, withRouters: true);
        }

        var slots = frame.Slots;
        if (count <= 1)
        {
            return count == 0 ? StepOutputs.Null : slots[first].Output;
        }

        var buffer = JsonBuffer.Rent();
        buffer.Writer.WriteStartObject();
        for (var place = first; place < slots.Length; place++)
        {
            if (IsTerminal(frame, place) && (withRouters || !IsRouter(frame, place)))
            {
                buffer.Writer.WritePropertyName(NodeAt(frame, place).Id);
                buffer.Writer.WriteRawValue(slots[place].Output.Span, skipInputValidation: true);
            }
        }

        buffer.Writer.WriteEndObject();
        return buffer.ToJson();
    }

    private static (int First, int Count) FindTerminals(Frame frame, bool withRouters)
    {
        var (first, count) = (-1, 0);
        for (var place = 0; place < frame.Slots.Length; place++)
        {
            if (IsTerminal(frame, place) && (withRouters || !IsRouter(frame, place)))
            {
                first = count++ == 0 ? place : first;
            }
        }

        return (first, count);
    }

    private static bool IsTerminal(Frame frame, int place)
    {
        ref readonly var slot = ref frame.Slots[place];
        if (slot.Phase != NodePhase.Done)
        {
            return false;
        }

        foreach (var edge in NodeAt(frame, place).Outgoing)
        {
            if (edge.Port == slot.Port)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsRouter(Frame frame, int place) =>
        NodeAt(frame, place) is { Type.Name: "if" or "switch", Outgoing.Length: > 0 };

    private static CompiledNode NodeAt(Frame frame, int place) => frame.State.Workflow.Nodes[frame.Graph.First + place];
}
