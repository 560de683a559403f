using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>An execution that this worker now owns, as its row says.</summary>
public sealed record ClaimedExecution
{
    /// <summary>The version of executions that are tests: what they run is theirs alone.</summary>
    public const int VersionOfTests = 0;

    public required ExecutionKey Key { get; init; }

    public required Guid WorkflowId { get; init; }

    public required int Version { get; init; }

    /// <summary>Raised by every claim; 1 means that nobody has run this execution yet, so it has neither steps nor waits.</summary>
    public required long Fence { get; init; }

    /// <summary>How often a wait of it was resolved so far; parking compares it to see whether it would sleep over a wake-up.</summary>
    public required int Wakes { get; init; }

    /// <summary>Attempt of the whole execution, from 1.</summary>
    public required int Run { get; init; }

    public required ExecutionPriority Priority { get; init; }

    public required string TriggerType { get; init; }

    public byte[]? Trigger { get; init; }

    public string? CorrelationId { get; init; }

    public required byte[] Input { get; init; }

    public string? ReplyTo { get; init; }

    /// <summary>"cancel" or "timeout" when somebody asked for the end.</summary>
    public string? StopRequest { get; init; }

    public string? StopReason { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When a person last had it retried.</summary>
    public DateTimeOffset? RetriedAt { get; init; }

    /// <summary>It has a concurrency limit: its end makes room for another.</summary>
    public bool IsLimited { get; init; }

    /// <summary>How many workers it lost in a row without a step that became durable in between.</summary>
    public int Rescues { get; init; }
}

/// <summary>Sends one claiming statement under the worker's lease, and reads what it took.</summary>
internal static class ClaimBatch
{
    private const string LeaseSql = "select hold_worker_lease($1)";

    /// <param name="before">A statement that comes first in the same transaction, as locks do.</param>
    public static async Task<List<ClaimedExecution>> ExecuteAsync(
        WorkflowsDatabase database, Guid workerId, NpgsqlBatchCommand claim, CancellationToken cancellationToken, NpgsqlBatchCommand? before = null)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        var lease = new NpgsqlBatchCommand(LeaseSql);
        lease.Parameters.Add(Sql.Uuid(workerId));
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { lease } };
        if (before is not null)
        {
            batch.BatchCommands.Add(before);
        }

        batch.BatchCommands.Add(claim);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var skipped = 1; skipped < batch.BatchCommands.Count; skipped++)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        var claimed = new List<ClaimedExecution>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(Read(reader));
        }

        return claimed;
    }

    private static ClaimedExecution Read(NpgsqlDataReader reader) => new()
    {
        Key = new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)),
        WorkflowId = reader.GetGuid(2),
        Version = reader.GetInt32(3),
        Fence = reader.GetInt64(4),
        Wakes = reader.GetInt32(5),
        Run = reader.GetInt32(6),
        Priority = (ExecutionPriority)reader.GetInt16(7),
        TriggerType = reader.GetString(8),
        Trigger = reader.IsDBNull(9) ? null : reader.GetFieldValue<byte[]>(9),
        CorrelationId = reader.IsDBNull(10) ? null : reader.GetString(10),
        Input = reader.GetFieldValue<byte[]>(11),
        ReplyTo = reader.IsDBNull(12) ? null : reader.GetString(12),
        StopRequest = reader.IsDBNull(13) ? null : reader.GetString(13),
        StopReason = reader.IsDBNull(14) ? null : reader.GetString(14),
        QueuedAt = reader.GetFieldValue<DateTimeOffset>(15),
        StartedAt = reader.GetFieldValue<DateTimeOffset>(16),
        RetriedAt = reader.IsDBNull(17) ? null : reader.GetFieldValue<DateTimeOffset>(17),
        IsLimited = reader.GetBoolean(18),
        Rescues = reader.GetInt32(19),
    };
}
