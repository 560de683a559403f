using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <param name="Steps">none leaves the steps out; <c>/steps</c> answers them by pages.</param>
internal sealed record ExecutionShape([property: FromQuery(Name = "steps")] string? Steps);

/// <param name="Iteration">Path of loop indices, as 4/0; empty for the top level.</param>
/// <param name="Status">completed, failed or cancelled.</param>
internal sealed record StepQuery(
    [property: FromQuery(Name = "node")] string? Node,
    [property: FromQuery(Name = "iteration")] string? Iteration,
    [property: FromQuery(Name = "status")] string? Status);

/// <param name="Iteration">The top level when left out.</param>
/// <param name="Attempt">The last one when left out.</param>
internal sealed record OneStepQuery(
    [property: FromQuery(Name = "node")] string? Node,
    [property: FromQuery(Name = "iteration")] string? Iteration,
    [property: FromQuery(Name = "attempt")] int? Attempt);

/// <param name="Of">output, error, or the input of the execution.</param>
/// <param name="Node">Of a step of this node; of the execution when left out.</param>
/// <param name="Iteration">Of the step; the top level when left out.</param>
/// <param name="Attempt">Of the step; the last one when left out.</param>
/// <param name="Pointer">JSON pointer (RFC 6901) into the value; all of it when left out.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Limit">Bytes at most: 16 to 262,144; 65,536 when left out.</param>
internal sealed record ValueQuery(
    [property: FromQuery(Name = "of")] string? Of,
    [property: FromQuery(Name = "node")] string? Node,
    [property: FromQuery(Name = "iteration")] string? Iteration,
    [property: FromQuery(Name = "attempt")] int? Attempt,
    [property: FromQuery(Name = "pointer")] string? Pointer,
    [property: FromQuery(Name = "offset")] int? Offset,
    [property: FromQuery(Name = "limit")] int? Limit);

/// <summary>The place of a step in the order of the record.</summary>
internal sealed record SequenceKey(int Sequence);

/// <param name="OutputBytes">Bytes of the output as JSON text; null without one.</param>
/// <param name="ErrorBytes">The same of the error.</param>
/// <param name="Origin">pinned, mocked, rolledBack, overridden; null: the node itself.</param>
internal sealed record StepItem(
    string NodeId,
    string NodeType,
    string Iteration,
    int Attempt,
    int Run,
    int Sequence,
    [property: OneOf(ClosedList.StepStatus)] string Status,
    string? Port,
    int? OutputBytes,
    int? ErrorBytes,
    long? RowsProcessed,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    double DurationMs,
    string? Origin)
{
    public static StepItem Of(StepSummary step) => new(
        step.NodeId,
        step.NodeType,
        step.Iteration,
        step.Attempt,
        step.Run,
        step.Sequence,
        step.Status,
        step.Port,
        step.OutputBytes,
        step.ErrorBytes,
        step.RowsProcessed,
        step.StartedAt,
        step.FinishedAt,
        (step.FinishedAt - step.StartedAt).TotalMilliseconds,
        step.Origin);
}

/// <summary>A part of the JSON text of a value.</summary>
/// <param name="Type">object, array, string, number, boolean or null.</param>
/// <param name="TotalBytes">Of the whole text in UTF-8.</param>
/// <param name="Text">From <c>offset</c> on; never a part of a character.</param>
/// <param name="NextOffset">Where to read on; null at the end.</param>
internal sealed record ValueView(
    string Pointer, string Type, int TotalBytes, int Offset, int Bytes, string Text, int? NextOffset);

/// <param name="After">Behind this iteration; from the first one when left out.</param>
internal sealed record FailedQuery([property: FromQuery(Name = "after")] string? After);

/// <param name="Iteration">Path of loop indices; empty at the top level.</param>
internal sealed record FailedIterationView(
    string Iteration, int Attempt, int Sequence, RawJson? Error, DateTimeOffset FinishedAt);

/// <param name="Next">The first iteration in which the node failed and no later attempt made it good; null when there
/// is none.</param>
/// <param name="Remaining">How many there are from it on, itself included.</param>
internal sealed record NextFailedView(FailedIterationView? Next, int Remaining);

/// <param name="WorkflowDeleted">Whether the workflow is in the trash, or is gone.</param>
/// <param name="Definition">As the execution runs it: never changed, and kept when the workflow is deleted.</param>
/// <param name="CustomNodes">The custom nodes that it uses, as they were when it was saved; null without any.</param>
internal sealed record ExecutedDefinitionView(
    Guid ExecutionId,
    Guid WorkflowId,
    string? WorkflowName,
    bool WorkflowDeleted,
    int Version,
    RawJson Definition,
    RawJson? CustomNodes);
