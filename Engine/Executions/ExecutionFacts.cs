using System.Collections.ObjectModel;

namespace Workflows.Engine.Executions;

/// <summary>
/// What is fixed about an execution when it starts. JSON members are UTF-8 and checked by <see cref="JsonText"/> before.
/// </summary>
public sealed record ExecutionFacts
{
    public required Guid ExecutionId { get; init; }

    public required Guid TenantId { get; init; }

    public required Guid WorkflowId { get; init; }

    public required int Version { get; init; }

    /// <summary>In scope as <c>input</c>; empty = JSON null.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary><c>manual</c>, <c>event</c>, ...: in scope as <c>trigger.type</c>.</summary>
    public required string TriggerType { get; init; }

    /// <summary>The id of the trigger in the definition; in scope as <c>trigger.id</c>.</summary>
    public string? TriggerId { get; init; }

    /// <summary>The instant of the schedule that started the execution, RFC 3339; in scope as <c>trigger.scheduledAt</c>.</summary>
    public string? ScheduledAt { get; init; }

    /// <summary>How many executions above this one started each other as sub-workflows; 0 = none.</summary>
    public int Depth { get; init; }

    /// <summary>The execution at the top of those that started each other down to this one; null = this one.</summary>
    public Guid? RootId { get; init; }

    /// <summary>
    /// How many executions may be started below <see cref="RootId"/>; null = what the workflow's own settings say.
    /// </summary>
    public int? MaxDescendants { get; init; }

    /// <summary>
    /// The number that its events bear in the chain of events that led to it (<see cref="Events.EventHops"/>), also through executions that started each other;
    /// 0 = no event led to it.
    /// </summary>
    public int EventHops { get; init; }

    /// <summary>The CloudEvent that started the execution, structured JSON; in scope as <c>event</c>; empty = none.</summary>
    public ReadOnlyMemory<byte> TriggerEvent { get; init; }

    /// <summary>Variables of tenant and workflow, a JSON object; in scope as <c>vars</c>; empty = none.</summary>
    public ReadOnlyMemory<byte> Variables { get; init; }

    /// <summary>
    /// The context entries the execution sees, as they were when this worker took it over: a JSON object; in scope as <c>context</c>; empty = none.
    /// Needed only when <see cref="Definitions.CompiledWorkflow.UsesContext"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Context { get; init; }

    /// <summary>
    /// Values of <see cref="Definitions.CompiledWorkflow.SecretNames"/>; in scope as <c>secrets.NAME</c> in parameters marked secret. A name that is
    /// read and not here fails the step: a call must not go out without its credentials.
    /// </summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = ReadOnlyDictionary<string, string>.Empty;
    /// <summary>Makes the one-time addresses in scope as <c>callbacks</c>; null = the worker knows no address of the API.</summary>
    public CallbackAddresses? Callbacks { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>1, and one more for each time a person had the execution retried.</summary>
    public int Attempt { get; init; } = 1;

    public string? CorrelationId { get; init; }

    /// <summary>
    /// When a person last had the execution retried; null = never. Failed and cancelled attempts that finished before count no
    /// more: their nodes run again with further attempt numbers. The execution's time counts from here.
    /// </summary>
    public DateTimeOffset? RetriedAt { get; init; }

    /// <summary>A cancellation that was asked for before this worker took over: the execution goes straight to its end.</summary>
    public CancelRequested? Cancellation { get; init; }
}
