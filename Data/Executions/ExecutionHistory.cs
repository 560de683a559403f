using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>A step as recorded.</summary>
public sealed record StepRow
{
    public required ExecutionKey Key { get; init; }

    public required string NodeId { get; init; }

    /// <summary>Path of loop indices; empty at the top level.</summary>
    public string Iteration { get; init; } = "";

    public required int Attempt { get; init; }

    /// <summary>The execution's attempt in which it ran.</summary>
    public int Run { get; init; } = 1;

    /// <summary>Order of recording within the execution, from 1.</summary>
    public required int Sequence { get; init; }

    public required string NodeType { get; init; }

    /// <summary>completed, failed or cancelled.</summary>
    public required string Status { get; init; }

    public string? Port { get; init; }

    public byte[]? Output { get; init; }

    public byte[]? Error { get; init; }

    /// <summary>What it ran on, and where its output came from; written of tests only.</summary>
    public byte[]? Input { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>Rows read or written outside; null = the node does not count any.</summary>
    public long? RowsProcessed { get; init; }
}

/// <summary>A wait as stored. Without <see cref="Outcome"/> it is still open.</summary>
public sealed record WaitRow
{
    public required ExecutionKey Key { get; init; }

    public required string NodeId { get; init; }

    public string Iteration { get; init; } = "";

    public required int Attempt { get; init; }

    /// <summary>timer, event, retry, approval, child or webhook.</summary>
    public required string Kind { get; init; }

    public string? EventType { get; init; }

    public string? CorrelationKey { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    /// <summary>What the rows beside the wait are made from; written, not read back.</summary>
    public byte[]? Request { get; init; }

    /// <summary>due, event, timeout or answered.</summary>
    public string? Outcome { get; init; }

    public byte[]? Payload { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Reads what is durable of executions that move to this worker.</summary>
public sealed class ExecutionHistory(WorkflowsDatabase database)
{
    private const string StepsSql = """
        select s.tenant_id, s.execution_id, s.node_id, s.iteration, s.attempt, s.run, s.sequence, s.node_type, s.status, s.port, s.output,
          s.error, s.started_at, s.finished_at, s.rows_processed
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join step_executions s on s.tenant_id = k.tenant_id and s.execution_id = k.id
        order by s.execution_id, s.sequence
        """;

    private const string WaitsSql = """
        select w.tenant_id, w.execution_id, w.node_id, w.iteration, w.attempt, w.kind, w.event_type, w.correlation_key, w.due_at, w.outcome,
          w.payload, w.created_at
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join waits w on w.tenant_id = k.tenant_id and w.execution_id = k.id
        order by w.execution_id, w.resolved_at, w.node_id
        """;

    /// <summary>Steps in the order of their recording, and open or resolved waits, of each execution.</summary>
    public async Task<(ILookup<ExecutionKey, StepRow> Steps, ILookup<ExecutionKey, WaitRow> Waits)> LoadAsync(
        IReadOnlyList<ExecutionKey> keys, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { ByKeys(StepsSql, keys), ByKeys(WaitsSql, keys) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var steps = new List<StepRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            steps.Add(ReadStep(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        return (steps.ToLookup(step => step.Key), await ReadWaitsAsync(reader, cancellationToken));
    }

    /// <summary>The waits alone: an execution of 100,000 steps hears of a wake-up as fast as one of ten.</summary>
    public async Task<ILookup<ExecutionKey, WaitRow>> LoadWaitsAsync(IReadOnlyList<ExecutionKey> keys, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(WaitsSql);
        command.Parameters.Add(Sql.Uuids(keys, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.Id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadWaitsAsync(reader, cancellationToken);
    }

    private static async Task<ILookup<ExecutionKey, WaitRow>> ReadWaitsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var waits = new List<WaitRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            waits.Add(ReadWait(reader));
        }

        return waits.ToLookup(wait => wait.Key);
    }

    private static NpgsqlBatchCommand ByKeys(string sql, IReadOnlyList<ExecutionKey> keys)
    {
#pragma warning disable CA2100 // one of the two constants above
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(keys, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, key => key.Id));
        return command;
    }

    private static StepRow ReadStep(NpgsqlDataReader reader) => new()
    {
        Key = new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)),
        NodeId = reader.GetString(2),
        Iteration = reader.GetString(3),
        Attempt = reader.GetInt32(4),
        Run = reader.GetInt32(5),
        Sequence = reader.GetInt32(6),
        NodeType = reader.GetString(7),
        Status = reader.GetString(8),
        Port = reader.IsDBNull(9) ? null : reader.GetString(9),
        Output = reader.IsDBNull(10) ? null : reader.GetFieldValue<byte[]>(10),
        Error = reader.IsDBNull(11) ? null : reader.GetFieldValue<byte[]>(11),
        StartedAt = reader.GetFieldValue<DateTimeOffset>(12),
        FinishedAt = reader.GetFieldValue<DateTimeOffset>(13),
        RowsProcessed = reader.IsDBNull(14) ? null : reader.GetInt64(14),
    };

    private static WaitRow ReadWait(NpgsqlDataReader reader) => new()
    {
        Key = new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)),
        NodeId = reader.GetString(2),
        Iteration = reader.GetString(3),
        Attempt = reader.GetInt32(4),
        Kind = reader.GetString(5),
        EventType = reader.IsDBNull(6) ? null : reader.GetString(6),
        CorrelationKey = reader.IsDBNull(7) ? null : reader.GetString(7),
        DueAt = reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8),
        Outcome = reader.IsDBNull(9) ? null : reader.GetString(9),
        Payload = reader.IsDBNull(10) ? null : reader.GetFieldValue<byte[]>(10),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(11),
    };
}
