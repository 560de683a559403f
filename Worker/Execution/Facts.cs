using System.Text.Json;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>What the engine is told about an execution, from its row.</summary>
internal static class Facts
{
    public static ExecutionFacts Of(ClaimedExecution claimed, ScopeValues scope, CallbackAddresses? callbacks)
    {
        var (triggerId, @event) = ReadTrigger(claimed.Trigger);
        return new ExecutionFacts
        {
            ExecutionId = claimed.Key.Id,
            TenantId = claimed.Key.TenantId,
            WorkflowId = claimed.WorkflowId,
            Version = claimed.Version,
            Input = claimed.Input,
            TriggerType = claimed.TriggerType,
            TriggerId = triggerId,
            TriggerEvent = @event,
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
    }

    private static (string? Id, byte[]? Event) ReadTrigger(byte[]? trigger)
    {
        if (trigger is null)
        {
            return (null, null);
        }

        using var document = JsonDocument.Parse(trigger);
        return (
            document.RootElement.TryGetProperty("id", out var id) ? id.GetString() : null,
            document.RootElement.TryGetProperty("event", out var @event) ? JsonSerializer.SerializeToUtf8Bytes(@event) : null);
    }
}
