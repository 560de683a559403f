using Npgsql;
using NpgsqlTypes;
using Workflows.Data.Database;

namespace Workflows.Data.Models;

/// <summary>A call that is about to go out.</summary>
/// <param name="Provider">openai, azure, anthropic, ollama or compatible.</param>
/// <param name="Reserved">US dollars that it may cost, as far as that can be known.</param>
public sealed record ModelCallStart(
    Guid Id, Guid TenantId, RegisteredModel Model, string Provider, string Purpose, decimal Reserved)
{
    /// <summary>Left out, that of the workflow.</summary>
    public Guid? WorkspaceId { get; init; }

    public Guid? WorkflowId { get; init; }

    public Guid? ExecutionId { get; init; }

    public string? NodeId { get; init; }

    public Guid? PromptCardId { get; init; }

    public Guid? ConversationId { get; init; }

    public Guid? UserId { get; init; }

    public string? IdempotencyKey { get; init; }
}

/// <summary>What the ledger says to a call.</summary>
/// <param name="Recorded">It has been answered before: this, and nothing is to go out.</param>
/// <param name="Budget">The budget that it could go beyond; null = none.</param>
/// <param name="RetryAfter">As many calls of the last minute as the model may have; null = there is room.</param>
public sealed record ModelCallPermit(byte[]? Recorded, BudgetAtItsEnd? Budget, TimeSpan? RetryAfter);

/// <summary>A budget that has no room for a call.</summary>
/// <param name="Spent">US dollars, with what calls that are under way may cost.</param>
/// <param name="Amount">US dollars.</param>
/// <param name="Until">When its period ends.</param>
public sealed record BudgetAtItsEnd(string Name, decimal Spent, decimal Amount, DateTimeOffset Until);

/// <summary>How a call ended.</summary>
/// <param name="Status">succeeded, failed or cancelled.</param>
public sealed record ModelCallEnd(string Status, decimal Cost, long InputTokens, long OutputTokens, TimeSpan Duration)
{
    public bool IsEstimated { get; init; }

    public int Retries { get; init; }

    public TimeSpan? FirstToken { get; init; }

    public string? ErrorCode { get; init; }

    public string? ErrorMessage { get; init; }

    /// <summary>What to answer again under its key; null = nothing.</summary>
    public byte[]? Answer { get; init; }
}

/// <summary>
/// What tenants ask of models, and what that costs. Guarantees: a call that goes out has its row, so that its cost is
/// in the sums also when its process dies (as what was reserved); calls of a tenant begin one after the other, so that
/// together they do not go beyond a budget that stops; a call ends once, and is in the sums of its day once.
/// </summary>
public sealed class ModelLedger(WorkflowsDatabase database)
{
    private const string BeginInTurnSql =
        "select pg_advisory_xact_lock(hashtextextended('workflows.models:' || $1::text, 0))";

    private const string FindRecordedSql = """
        select c.id, c.status, c.answer from model_calls c where c.tenant_id = $1 and c.idempotency_key = $2
        """;

    // Who has the same key: a try that failed, one whose answer is kept no more, or one whose process died. The key
    // goes to the next.
    private const string ReleaseKeySql = """
        update model_calls set idempotency_key = null where tenant_id = $1 and idempotency_key = $2
        """;

    private const string FindWorkspaceSql = """
        select f.workspace_id
        from workflows w
        join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
        join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
        where w.tenant_id = $1 and w.id = $2
        """;

    private const string FindBudgetSql = """
        select b.name, s.spent, b.amount / 100.0, p.ends
        from budgets b
        cross join lateral (
          select date_trunc(b.period, now() at time zone 'UTC') as begins,
            (date_trunc(b.period, now() at time zone 'UTC') + ('1 ' || b.period)::interval) at time zone 'UTC'
              as ends) p
        cross join lateral (
          select coalesce((
              select sum(u.cost) from model_usage_daily u
              where u.tenant_id = $1 and u.day >= p.begins::date
                and (b.workspace_id is null or u.workspace_id = b.workspace_id)), 0)
            + coalesce((
              select sum(c.reserved) from model_calls c
              where c.tenant_id = $1 and c.status = 'running'
                and (b.workspace_id is null or c.workspace_id = b.workspace_id)), 0) as spent) s
        where b.tenant_id = $1 and b.kind = 'modelCost' and b.enabled and b.hard_stop
          and (b.workspace_id is null or b.workspace_id = $2) and s.spent + $3 > b.amount / 100.0
        order by s.spent / b.amount desc limit 1
        """;

    // The oldest of as many as may be in a minute: it has to be a minute old.
    private const string FindRateSql = """
        select interval '1 minute' - (now() - c.started_at) from model_calls c
        where c.tenant_id = $1 and c.model_id = $2 and c.started_at > now() - interval '1 minute'
        order by c.started_at desc offset $3 - 1 limit 1
        """;

    private const string InsertCallSql = """
        insert into model_calls (
          tenant_id, id, model_id, model_name, provider, purpose, workspace_id, workflow_id, execution_id, node_id,
          prompt_card_id, conversation_id, user_id, idempotency_key, reserved, started_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, now())
        """;

    private const string UsageOfEnded = """
        insert into model_usage_daily as u (
          tenant_id, day, model_id, workspace_id, purpose, calls, failures, input_tokens, output_tokens, cost)
        select e.tenant_id, (e.started_at at time zone 'UTC')::date, e.model_id,
          coalesce(e.workspace_id, '00000000-0000-0000-0000-000000000000'), e.purpose, count(*),
          count(*) filter (where e.status <> 'succeeded'), sum(e.input_tokens), sum(e.output_tokens), sum(e.cost)
        from ended e group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
        on conflict (tenant_id, day, model_id, workspace_id, purpose) do update
          set calls = u.calls + excluded.calls, failures = u.failures + excluded.failures,
            input_tokens = u.input_tokens + excluded.input_tokens,
            output_tokens = u.output_tokens + excluded.output_tokens, cost = u.cost + excluded.cost
        """;

    private const string EndSql = $"""
        with ended as (
          update model_calls set status = $3, cost = $4, input_tokens = $5, output_tokens = $6, duration_ms = $7,
            first_token_ms = $8, estimated = $9, retries = $10, error_code = $11, error_message = $12, answer = $13,
            ended_at = now()
          where tenant_id = $1 and id = $2 and status = 'running'
          returning *)
        {UsageOfEnded}
        """;

    private const string LoseSql = $"""
        with ended as (
          update model_calls set status = 'lost', cost = reserved, estimated = true, ended_at = now(),
            error_code = 'PROCESS_LOST', error_message = 'The process that made this call ended before its answer.'
          where tenant_id = $1 and id = $2 and status = 'running'
          returning *)
        {UsageOfEnded}
        """;

    private const string LoseOldSql = $"""
        with ended as (
          update model_calls set status = 'lost', cost = reserved, estimated = true, ended_at = now(),
            error_code = 'PROCESS_LOST', error_message = 'The process that made this call ended before its answer.'
          where (tenant_id, id) in (
            select c.tenant_id, c.id from model_calls c
            where c.status = 'running' and c.started_at < now() - $2::interval limit $1 for update skip locked)
          returning *)
        {UsageOfEnded}
        """;

    private const string ForgetAnswersSql = """
        update model_calls set answer = null
        where (tenant_id, id) in (
          select tenant_id, id from model_calls where answer is not null and ended_at < now() - $2::interval
          order by ended_at limit $1 for update skip locked)
        """;

    private const string ExpireCallsSql = """
        delete from model_calls
        where (tenant_id, id) in (
          select tenant_id, id from model_calls where started_at < now() - $2::interval and status <> 'running'
          order by started_at limit $1 for update skip locked)
        """;

    private const string ExpireUsageSql = """
        delete from model_usage_daily
        where (tenant_id, day, model_id, workspace_id, purpose) in (
          select tenant_id, day, model_id, workspace_id, purpose from model_usage_daily
          where day < (now() at time zone 'UTC' - $2::interval)::date order by day limit $1 for update skip locked)
        """;

    /// <summary>Asks whether a call may go out, and notes it if so: then <see cref="EndAsync"/> has to
    /// follow.</summary>
    public async Task<ModelCallPermit> BeginAsync(ModelCallStart call, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await InTurnAsync(connection, call, cancellationToken);
        if (call.IdempotencyKey is not null
            && await FindRecordedAsync(connection, call, cancellationToken) is { } recorded)
        {
            return new ModelCallPermit(recorded, null, null);
        }

        if (call is { WorkspaceId: null, WorkflowId: { } workflow })
        {
            call = call with
            {
                WorkspaceId = await FindWorkspaceAsync(connection, call.TenantId, workflow, cancellationToken),
            };
        }

        if (await FindBudgetAsync(connection, call, cancellationToken) is { } budget)
        {
            return new ModelCallPermit(null, budget, null);
        }

        if (call.Model.CallsPerMinute is { } most
            && await FindRateAsync(connection, call, most, cancellationToken) is { } wait)
        {
            return new ModelCallPermit(null, null, wait);
        }

        await using var insert = new NpgsqlCommand(InsertCallSql, connection);
        AddCall(insert.Parameters, call);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new ModelCallPermit(null, null, null);
    }

    /// <summary>Notes how a call ended. Does nothing for one that has ended, or counts as lost.</summary>
    public async Task EndAsync(Guid tenantId, Guid callId, ModelCallEnd end, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(EndSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(callId));
        command.Parameters.Add(Sql.Text(end.Status));
        command.Parameters.Add(new NpgsqlParameter<decimal> { TypedValue = end.Cost });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = end.InputTokens });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = end.OutputTokens });
        command.Parameters.Add(Sql.Int((int)end.Duration.TotalMilliseconds));
        command.Parameters.Add(Sql.IntOrNull((int?)end.FirstToken?.TotalMilliseconds));
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = end.IsEstimated });
        command.Parameters.Add(Sql.Int(end.Retries));
        command.Parameters.Add(Sql.Text(end.ErrorCode));
        command.Parameters.Add(Sql.Text(end.ErrorMessage));
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = (object?)end.Answer ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Bytea,
        });
        await database.ExecuteAsync(tenantId, command, cancellationToken);
    }

    /// <summary>Counts up to <paramref name="limit"/> calls that have run longer than any may as lost.</summary>
    public Task<int> LoseAsync(int limit, TimeSpan longest, CancellationToken cancellationToken) =>
        ChangeOldAsync(database.Source.CreateCommand(LoseOldSql), limit, longest, cancellationToken);

    /// <summary>Forgets up to <paramref name="limit"/> answers that ended longer ago than
    /// <paramref name="keep"/>.</summary>
    public Task<int> ForgetAnswersAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        ChangeOldAsync(database.Source.CreateCommand(ForgetAnswersSql), limit, keep, cancellationToken);

    /// <summary>Deletes up to <paramref name="limit"/> calls longer ago than <paramref name="keep"/>.</summary>
    public Task<int> ExpireAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        ChangeOldAsync(database.Source.CreateCommand(ExpireCallsSql), limit, keep, cancellationToken);

    /// <summary>Deletes up to <paramref name="limit"/> sums of days longer ago than
    /// <paramref name="keep"/>.</summary>
    public Task<int> ExpireUsageAsync(int limit, TimeSpan keep, CancellationToken cancellationToken) =>
        ChangeOldAsync(database.Source.CreateCommand(ExpireUsageSql), limit, keep, cancellationToken);

    private static async Task<int> ChangeOldAsync(
        NpgsqlCommand statement, int limit, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var command = statement;
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = keep });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // Settings and lock end with the transaction.
    private static async Task InTurnAsync(
        NpgsqlConnection connection, ModelCallStart call, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(TenantScope.SetTenant(call.TenantId));
        var turn = new NpgsqlBatchCommand(BeginInTurnSql);
        turn.Parameters.Add(Sql.Uuid(call.TenantId));
        batch.BatchCommands.Add(turn);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<byte[]?> FindRecordedAsync(
        NpgsqlConnection connection, ModelCallStart call, CancellationToken cancellationToken)
    {
        Guid? running = null;
        await using (var find = Keyed(new NpgsqlCommand(FindRecordedSql, connection), call))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return null;
            }

            if (reader.GetString(1) == "succeeded" && !reader.IsDBNull(2))
            {
                return reader.GetFieldValue<byte[]>(2);
            }

            running = reader.GetString(1) == "running" ? reader.GetGuid(0) : null;
        }

        if (running is { } lost)
        {
            await using var lose = new NpgsqlCommand(LoseSql, connection);
            lose.Parameters.Add(Sql.Uuid(call.TenantId));
            lose.Parameters.Add(Sql.Uuid(lost));
            await lose.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var release = Keyed(new NpgsqlCommand(ReleaseKeySql, connection), call);
        await release.ExecuteNonQueryAsync(cancellationToken);
        return null;
    }

    private static async Task<Guid?> FindWorkspaceAsync(
        NpgsqlConnection connection, Guid tenantId, Guid workflowId, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(FindWorkspaceSql, connection);
        find.Parameters.Add(Sql.Uuid(tenantId));
        find.Parameters.Add(Sql.Uuid(workflowId));
        return await find.ExecuteScalarAsync(cancellationToken) as Guid?;
    }

    private static async Task<BudgetAtItsEnd?> FindBudgetAsync(
        NpgsqlConnection connection, ModelCallStart call, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(FindBudgetSql, connection);
        find.Parameters.Add(Sql.Uuid(call.TenantId));
        find.Parameters.Add(Sql.UuidOrNull(call.WorkspaceId));
        find.Parameters.Add(new NpgsqlParameter<decimal> { TypedValue = call.Reserved });
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new BudgetAtItsEnd(
                reader.GetString(0),
                reader.GetDecimal(1),
                reader.GetDecimal(2),
                reader.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    private static async Task<TimeSpan?> FindRateAsync(
        NpgsqlConnection connection, ModelCallStart call, int most, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(FindRateSql, connection);
        find.Parameters.Add(Sql.Uuid(call.TenantId));
        find.Parameters.Add(Sql.Uuid(call.Model.Id));
        find.Parameters.Add(Sql.Int(most));
        return await find.ExecuteScalarAsync(cancellationToken) as TimeSpan?;
    }

    private static NpgsqlCommand Keyed(NpgsqlCommand command, ModelCallStart call)
    {
        command.Parameters.Add(Sql.Uuid(call.TenantId));
        command.Parameters.Add(Sql.Text(call.IdempotencyKey));
        return command;
    }

    private static void AddCall(NpgsqlParameterCollection parameters, ModelCallStart call)
    {
        parameters.Add(Sql.Uuid(call.TenantId));
        parameters.Add(Sql.Uuid(call.Id));
        parameters.Add(Sql.Uuid(call.Model.Id));
        parameters.Add(Sql.Text(call.Model.Name));
        parameters.Add(Sql.Text(call.Provider));
        parameters.Add(Sql.Text(call.Purpose));
        parameters.Add(Sql.UuidOrNull(call.WorkspaceId));
        parameters.Add(Sql.UuidOrNull(call.WorkflowId));
        parameters.Add(Sql.UuidOrNull(call.ExecutionId));
        parameters.Add(Sql.Text(call.NodeId));
        parameters.Add(Sql.UuidOrNull(call.PromptCardId));
        parameters.Add(Sql.UuidOrNull(call.ConversationId));
        parameters.Add(Sql.UuidOrNull(call.UserId));
        parameters.Add(Sql.Text(call.IdempotencyKey));
        parameters.Add(new NpgsqlParameter<decimal> { TypedValue = call.Reserved });
    }
}
