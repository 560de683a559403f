using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>
/// The result of an execution: the definition's <c>output</c>; without one the output of the terminal step, that is of the node
/// that left by a port to which no edge is wired. Several terminal steps: an object with their outputs by node id, in the order
/// of the definition. None: null.
/// </summary>
internal static class ExecutionOutput
{
    public static Decision Complete(ExecutionState state, DateTimeOffset now)
    {
        ReadOnlyMemory<byte> output;
        try
        {
            output = state.Workflow.Output is { } template ? Render(state, template, now) : OfTerminals(state);
        }
        catch (JsonataException exception)
        {
            var error = NodeEvaluator.ToStepError(exception);
            return Failure(error.Code, state.Mask.Apply("The output of the execution: " + error.Message));
        }

        if (output.Length > Limits.ExecutionOutputBytes)
        {
            return Failure(
                StepErrorCodes.OutputTooLarge,
                $"The output of the execution has {output.Length} bytes; at most {Limits.ExecutionOutputBytes} are allowed.");
        }

        return JsonText.FindTextProblem(output.Span) is { } problem
            ? Failure(StepErrorCodes.OutputInvalid, $"The output of the execution cannot be stored: {problem}.")
            : new CompleteExecution(state.Mask.Apply(output));
    }

    private static FailExecution Failure(string code, string message) =>
        new(new ExecutionError(code, message, NodeId: null), ExecutionStatus.Failed);

    private static byte[] Render(ExecutionState state, JsonTemplate template, DateTimeOffset now)
    {
        var buffer = JsonBuffer.Rent();
        template.WriteTo(buffer.Writer, state.Root.Scope, state.OptionsFor(state.Root, node: null, attempt: 0, now));
        return buffer.ToJson();
    }

    private static ReadOnlyMemory<byte> OfTerminals(ExecutionState state)
    {
        var (first, count) = (-1, 0);
        var slots = state.Root.Slots;
        for (var ordinal = 0; ordinal < slots.Length; ordinal++)
        {
            if (IsTerminal(state, ordinal))
            {
                first = count++ == 0 ? ordinal : first;
            }
        }

        if (count <= 1)
        {
            return count == 0 ? StepOutputs.Null : slots[first].Output;
        }

        var buffer = JsonBuffer.Rent();
        buffer.Writer.WriteStartObject();
        for (var ordinal = first; ordinal < slots.Length; ordinal++)
        {
            if (IsTerminal(state, ordinal))
            {
                buffer.Writer.WritePropertyName(state.Workflow.Nodes[ordinal].Id);
                buffer.Writer.WriteRawValue(slots[ordinal].Output.Span, skipInputValidation: true);
            }
        }

        buffer.Writer.WriteEndObject();
        return buffer.ToJson();
    }

    private static bool IsTerminal(ExecutionState state, int ordinal)
    {
        ref readonly var slot = ref state.Root.Slots[ordinal];
        if (slot.Phase != NodePhase.Done)
        {
            return false;
        }

        foreach (var edge in state.Workflow.Nodes[ordinal].Outgoing)
        {
            if (edge.Port == slot.Port)
            {
                return false;
            }
        }

        return true;
    }
}
