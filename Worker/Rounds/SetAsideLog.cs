using Workflows.Data.Isolation;

namespace Workflows.Worker.Rounds;

/// <summary>
/// Tells operators of what was taken out of a batch: the figure <c>workflows.batches.set_aside</c>, and a line with
/// tenant and id. What is
/// out for good comes once by itself; what is tried again in each round is written once and then counted.
/// </summary>
internal sealed partial class SetAsideLog(WorkerMetrics metrics, TimeProvider clock, ILogger<SetAsideLog> logger)
{
    private readonly Lock _lock = new();
    private readonly RepeatedFailures _failures = new(clock);

    public void Write(IReadOnlyList<SetAside> items)
    {
        foreach (var item in items)
        {
            metrics.SetAside(item.What, item.IsForGood);
            if (item.IsForGood)
            {
                LogSetAside(item.What, item.Key.Id, item.Key.TenantId, item.Reason);
                continue;
            }

            FailureNote note;
            lock (_lock)
            {
                note = _failures.Note($"{item.What} {item.Key.TenantId} {item.Key.Id}");
            }

            if (note.Count > 0)
            {
                LogLeft(item.What, item.Key.Id, item.Key.TenantId, note.Count, item.Reason);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The {What} {Id} of tenant {TenantId} cannot be done and is set aside: {Reason}")]
    private partial void LogSetAside(string what, Guid id, Guid tenantId, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The {What} {Id} of tenant {TenantId} could not be done ({Count} times since the last line) "
            + "and is tried again: {Reason}")]
    private partial void LogLeft(string what, Guid id, Guid tenantId, long count, string reason);
}
