using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>A recorded step without what it answered.</summary>
/// <param name="Iteration">Path of loop indices; empty at the top level.</param>
/// <param name="Run">The execution's attempt in which it ran.</param>
/// <param name="Sequence">Order of recording within the execution, from 1.</param>
/// <param name="OutputBytes">Bytes of the output as JSON text; null without one.</param>
/// <param name="ErrorBytes">The same of the error.</param>
/// <param name="Origin">Where the output came from when not from the node.</param>
public sealed record StepSummary(
    string NodeId,
    string NodeType,
    string Iteration,
    int Attempt,
    int Run,
    int Sequence,
    string Status,
    string? Port,
    int? OutputBytes,
    int? ErrorBytes,
    long? RowsProcessed,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    string? Origin);

/// <summary>Which steps of an execution; null = any.</summary>
public sealed record StepFilter(string? NodeId, string? Iteration, string? Status);

/// <summary>
/// Reads the steps of one execution for people, however many there are: 100,000 rounds of a loop leave as many. Each
/// statement stays within the execution. Sizes are worked out after the page was cut.
/// </summary>
public sealed class StepQueries(WorkflowsDatabase database)
{
    // The number in the statement, not a parameter: only so does the partial index on what lies beyond serve.
    private const int FirstSteps = 1_000;

    private const string FirstStepsSql = """
        select p.node_id, p.node_type, p.iteration, p.attempt, p.run, p.sequence, p.status, p.port,
          octet_length(p.output::text), octet_length(p.error::text), p.rows_processed, p.started_at, p.finished_at,
          p.input ->> 'origin'
        from (
          select * from step_executions s
          where s.tenant_id = $1 and s.execution_id = $2 and s.sequence > $3
            and ($4::text is null or s.iteration = $4) and ($5::text is null or s.status = $5)
          order by s.sequence limit $6
        ) p
        order by p.sequence
        """;

    private const string LaterStepsSql = """
        select p.node_id, p.node_type, p.iteration, p.attempt, p.run, p.sequence, p.status, p.port,
          octet_length(p.output::text), octet_length(p.error::text), p.rows_processed, p.started_at, p.finished_at,
          p.input ->> 'origin'
        from (
          select * from step_executions s
          where s.tenant_id = $1 and s.execution_id = $2 and s.sequence > $3 and s.sequence > 1000
            and ($4::text is null or s.iteration = $4) and ($5::text is null or s.status = $5)
          order by s.sequence limit $6
        ) p
        order by p.sequence
        """;

    private const string NodeStepsSql = """
        select p.node_id, p.node_type, p.iteration, p.attempt, p.run, p.sequence, p.status, p.port,
          octet_length(p.output::text), octet_length(p.error::text), p.rows_processed, p.started_at, p.finished_at,
          p.input ->> 'origin'
        from (
          select * from step_executions s
          where s.tenant_id = $1 and s.execution_id = $2 and s.sequence > $3
            and ($4::text is null or s.iteration = $4) and ($5::text is null or s.status = $5) and s.node_id = $7
          order by s.sequence limit $6
        ) p
        order by p.sequence
        """;

    /// <summary>Steps in the order of their record, from behind <paramref name="after"/> on.</summary>
    /// <param name="after">The sequence of the last one seen; 0 for the first page.</param>
    public Task<List<StepSummary>> PageAsync(
        Guid tenantId, Guid executionId, StepFilter filter, int after, int take, CancellationToken cancellationToken)
    {
        var command = filter.NodeId is not null ? new NpgsqlBatchCommand(NodeStepsSql)
            : after >= FirstSteps ? new NpgsqlBatchCommand(LaterStepsSql)
            : new NpgsqlBatchCommand(FirstStepsSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(executionId));
        command.Parameters.Add(Sql.Int(after));
        command.Parameters.Add(Sql.Text(filter.Iteration));
        command.Parameters.Add(Sql.Text(filter.Status));
        command.Parameters.Add(Sql.Int(take));
        if (filter.NodeId is { } node)
        {
            command.Parameters.Add(Sql.Text(node));
        }

        return ReadAsync(tenantId, command, ReadSummary, cancellationToken);
    }

    private const string ExecutionValueSql = """
        select case $3 when 'output' then e.output when 'error' then e.error when 'input' then e.input end
        from executions e where e.tenant_id = $1 and e.id = $2
        """;

    /// <param name="of">output, error or input.</param>
    /// <returns>Null when there is no such execution; a value that it does not have is null, too.</returns>
    public async Task<StoredValue?> ValueAsync(
        Guid tenantId, Guid executionId, string of, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(ExecutionValueSql)
        {
            Parameters = { Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(of) },
        };
        return (await ReadAsync(tenantId, command, ReadValue, cancellationToken)).SingleOrDefault();
    }

    private const string StepValueSql = """
        select case $6 when 'output' then s.output when 'error' then s.error end
        from step_executions s
        where s.tenant_id = $1 and s.execution_id = $2 and s.node_id = $3 and s.iteration = $4
          and ($5::int is null or s.attempt = $5)
        order by s.attempt desc limit 1
        """;

    /// <param name="attempt">Null = the last one.</param>
    /// <param name="of">output or error.</param>
    /// <returns>Null when there is no such step; a value that it does not have is null, too.</returns>
    public async Task<StoredValue?> StepValueAsync(
        Guid tenantId, Guid executionId, string nodeId, string iteration, int? attempt, string of,
        CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(StepValueSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Text(nodeId), Sql.Text(iteration),
                Sql.IntOrNull(attempt), Sql.Text(of),
            },
        };
        return (await ReadAsync(tenantId, command, ReadValue, cancellationToken)).SingleOrDefault();
    }

    private static StoredValue ReadValue(NpgsqlDataReader reader) =>
        new(reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0));

    private static StepSummary ReadSummary(NpgsqlDataReader reader) => new(
        reader.GetString(0),
        reader.GetString(1),
        reader.GetString(2),
        reader.GetInt32(3),
        reader.GetInt32(4),
        reader.GetInt32(5),
        reader.GetString(6),
        reader.IsDBNull(7) ? null : reader.GetString(7),
        reader.IsDBNull(8) ? null : reader.GetInt32(8),
        reader.IsDBNull(9) ? null : reader.GetInt32(9),
        reader.IsDBNull(10) ? null : reader.GetInt64(10),
        reader.GetFieldValue<DateTimeOffset>(11),
        reader.GetFieldValue<DateTimeOffset>(12),
        reader.IsDBNull(13) ? null : reader.GetString(13));

    private async Task<List<T>> ReadAsync<T>(
        Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { TenantScope.SetTenant(tenantId), command },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}

/// <param name="Json">UTF-8 JSON as the database writes it; null where there is none.</param>
public sealed record StoredValue(byte[]? Json);
