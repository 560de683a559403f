using Workflows.Data.Executions;
using Workflows.Engine;
using Workflows.Engine.Events;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>What the engine is told about an execution, from its row.</summary>
internal static class Facts
{
    public static ExecutionFacts Of(ClaimedExecution claimed, ScopeValues scope, CallbackAddresses? callbacks)
    {
        var facts = new ExecutionFacts
        {
            ExecutionId = claimed.Key.Id,
            TenantId = claimed.Key.TenantId,
            WorkflowId = claimed.WorkflowId,
            Version = claimed.Version,
            Input = claimed.Input,
            TriggerType = claimed.TriggerType,
            Variables = scope.Variables,
            Context = scope.Context,
            Secrets = scope.Secrets,
            Callbacks = callbacks,
            CreatedAt = claimed.StartedAt,
            Attempt = claimed.Run,
            CorrelationId = claimed.CorrelationId,
            RetriedAt = claimed.RetriedAt,
            Cancellation = claimed.StopRequest == "cancel" ? new CancelRequested(claimed.StopReason) : null,
        };
        return claimed.Trigger is null ? facts : WithTrigger(facts, claimed.Trigger);
    }

    private static ExecutionFacts WithTrigger(ExecutionFacts facts, byte[] trigger)
    {
        using var document = Engine.JsonText.Parse(trigger);
        var root = document.RootElement;
        return facts with
        {
            TriggerId = root.TryGetProperty("id", out var id) ? id.GetString() : null,
            TriggerEvent = root.TryGetProperty("event", out var @event) ? JsonText.BytesOf(@event) : default,
            ScheduledAt = root.TryGetProperty("scheduledAt", out var scheduledAt) ? scheduledAt.GetString() : null,
            EventHops = root.TryGetProperty("event", out var started) ? EventHops.After(started)
                : root.TryGetProperty(EventHops.Attribute, out var hops) ? hops.GetInt32() : 0,
            RootId = root.TryGetProperty("root", out var top) ? top.GetGuid() : null,
            MaxDescendants = root.TryGetProperty("maxDescendants", out var most) ? most.GetInt32() : null,
            Depth = root.TryGetProperty("depth", out var depth) ? depth.GetInt32() : 0,
        };
    }
}
