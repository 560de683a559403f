namespace Workflows.Worker.Ownership;

/// <summary>
/// Brings to the executions of this worker what happens to them, each input on a thread where it holds up nobody else:
/// on the thread that brings it, unless the execution's tenant is heavy or somebody else is at it. Thread-safe.
/// </summary>
internal sealed class Fleet(DecisionTurns turns)
{
    /// <summary>Raised when an execution left this worker's memory, so that another may be claimed.</summary>
    public event Action? Released;

    /// <summary>
    /// Hands an input over; it is handled now or soon, those of one execution not always in this order.
    /// </summary>
    public void Post(OwnedExecution execution, ExecutionInput input)
    {
        if (!input.IsUrgent && turns.IsHeavy(execution.Key.TenantId))
        {
            PostLater(execution, input);
            return;
        }

        var began = ThreadTime.Recent;
        if (!execution.TryHandle(input, out var tookTurn))
        {
            PostLater(execution, input);
        }
        else if (tookTurn)
        {
            turns.Charge(execution.Key.TenantId, ThreadTime.Now - began);
        }
    }

    /// <summary>Has an input handled when the execution's tenant has a turn.</summary>
    public void PostLater(OwnedExecution execution, ExecutionInput input) =>
        turns.Enqueue(execution.Key.TenantId, () => execution.Handle(input), input.IsUrgent);

    /// <summary>Forgets an execution, but not a later stay of the same one.</summary>
    public void Release(OwnedExecution execution)
    {
        execution.Session.Owned.TryRemove(KeyValuePair.Create(execution.Key, execution));
        Released?.Invoke();
    }
}
