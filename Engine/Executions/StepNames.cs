namespace Workflows.Engine.Executions;

/// <summary>The name of one node's work in one execution, for the outside world: idempotency keys, ids of events.</summary>
internal static class StepNames
{
    /// <summary>Follows from what is given, so that work that is derived twice bears one name.</summary>
    /// <param name="undoneRun">See <see cref="ExecutionState.UndoneRun"/>.</param>
    public static string Of(Guid executionId, string nodeId, string iteration, int undoneRun)
    {
        var name = iteration.Length == 0 ? $"{executionId:N}.{nodeId}" : $"{executionId:N}.{nodeId}.{iteration}";
        return undoneRun == 0 ? name : FormattableString.Invariant($"{name}~{undoneRun}");
    }
}
