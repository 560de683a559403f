using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Prompts;

/// <summary>A question that is this worker's for a while.</summary>
/// <param name="Attempt">Counts the tries, this one included; who has another number has lost it.</param>
/// <param name="Case">A test case as JSON.</param>
/// <param name="Messages">Of the version that is tested, as JSON; so are the next two.</param>
public sealed record PromptQuestion(
    Guid TenantId, Guid Id, Guid RunId, int Attempt, string Model, Guid CardId, Guid WorkspaceId, Guid? CreatedBy,
    string Case, string Messages, string Variables, string Settings);

/// <summary>How a question ended.</summary>
/// <param name="Error">An object with code and message, as JSON.</param>
/// <param name="Assertions">What came of each, as JSON.</param>
public sealed record PromptOutcome(
    bool Passed, string? Provider, int? Milliseconds, decimal Cost, long InputTokens, long OutputTokens, string? Answer,
    string? Error, string? Assertions);

/// <summary>
/// Runs of test sets as a queue. A claim is a lease: a question whose worker died is due again when it ends, and its
/// model, asked again under the same key, answers what it had answered. An outcome is written once, by whoever holds
/// the question last. Runs of suspended tenants stand still.
/// Lock order: the run, then its questions.
/// </summary>
public sealed class PromptWorkStore(WorkflowsDatabase database)
{
    // A few of each run, runs in any order, so that a large one holds up nobody.
    private const string ClaimSql = """
        with open as (
          select r.tenant_id, r.id from prompt_test_runs r
          join tenants t on t.tenant_id = r.tenant_id and t.status = 'active'
          where r.status = 'running'
          order by random()
        ),
        due as (
          select e.tenant_id, e.id from open o
          cross join lateral (
            select x.tenant_id, x.id from test_executions x
            where x.tenant_id = o.tenant_id and x.run_id = o.id and x.status in ('pending', 'running')
              and x.due_at <= now()
            order by x.due_at, x.id
            limit $2
            for update skip locked
          ) e
          limit $1
        )
        update test_executions e
        set status = 'running', attempts = e.attempts + 1, due_at = now() + $3 * interval '1 second'
        from due d, prompt_test_runs r, prompt_versions v
        where e.tenant_id = d.tenant_id and e.id = d.id and r.tenant_id = d.tenant_id and r.id = e.run_id
          and v.tenant_id = d.tenant_id and v.card_id = e.prompt_card_id and v.number = e.card_number
        returning e.tenant_id, e.id, e.run_id, e.attempts, e.model, e.prompt_card_id, e.workspace_id, e.created_by,
          (select c.value::text from jsonb_array_elements(r.cases) c where c.value ->> 'name' = e.case_name),
          v.messages::text, v.variables::text, v.settings::text
        """;

    private const string RenewSql = """
        update test_executions set due_at = now() + $4 * interval '1 second'
        where tenant_id = $1 and id = $2 and attempts = $3 and status = 'running'
        """;

    // attempts is a fence: who is put back at a stop has not used up a try, so the number goes on all the same.
    private const string PutBackSql = """
        update test_executions set status = 'pending', due_at = now() + $4 * interval '1 second'
        where tenant_id = $1 and id = $2 and attempts = $3 and status = 'running'
        """;

    private const string LockRunSql =
        "select from prompt_test_runs where tenant_id = $1 and id = $2 for update";

    private const string EndSql = """
        with ended as (
          update test_executions e
          set status = 'done', due_at = null, passed = $5, llm_provider = $6, execution_time_ms = $7, cost_usd = $8,
            input_tokens = $9, output_tokens = $10, answer = $11, error = $12, assertions = $13, finished_at = now()
          where e.tenant_id = $1 and e.id = $2 and e.run_id = $3 and e.attempts = $4 and e.status = 'running'
          returning e.passed, e.cost_usd
        )
        update prompt_test_runs r
        set done = r.done + 1, passed = r.passed + ended.passed::int, used = r.used + ended.cost_usd
        from ended
        where r.tenant_id = $1 and r.id = $3
        """;

    private const string SkipSql = """
        update test_executions e set status = 'skipped', due_at = null
        from prompt_test_runs r
        where r.tenant_id = $1 and r.id = $2 and r.status = 'running' and r.used >= r.cost_limit
          and e.tenant_id = $1 and e.run_id = $2 and e.status = 'pending'
        """;

    private const string CloseSql = """
        update prompt_test_runs r
        set status = case when r.done < r.total then 'cost_limit' else 'completed' end, finished_at = now()
        where r.tenant_id = $1 and r.id = $2 and r.status = 'running' and not exists (
          select from test_executions e
          where e.tenant_id = $1 and e.run_id = $2 and e.status in ('pending', 'running'))
        """;

    /// <summary>Takes questions that are due, of any tenant.</summary>
    /// <param name="limit">At most so many.</param>
    public async Task<IReadOnlyList<PromptQuestion>> ClaimAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(ClaimSql);
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(Sql.Int(Limits.PromptQuestionsOfRun));
        command.Parameters.Add(Sql.Int((int)Limits.PromptLease.TotalSeconds));
        var questions = new List<PromptQuestion>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            questions.Add(new PromptQuestion(
                reader.GetGuid(0), reader.GetGuid(1), reader.GetGuid(2), reader.GetInt32(3), reader.GetString(4),
                reader.GetGuid(5), reader.GetGuid(6), reader.Maybe<Guid>(7), reader.GetString(8), reader.GetString(9),
                reader.GetString(10), reader.GetString(11)));
        }

        return questions;
    }

    /// <returns>Whether the question is still this worker's: false when it was cancelled, or taken over.</returns>
    public async Task<bool> RenewAsync(PromptQuestion question, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            question.TenantId,
            Of(new NpgsqlBatchCommand(RenewSql), question, (int)Limits.PromptLease.TotalSeconds),
            cancellationToken) > 0;

    /// <summary>Lets any worker take the question, after a pause.</summary>
    public Task PutBackAsync(PromptQuestion question, TimeSpan pause, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            question.TenantId,
            Of(new NpgsqlBatchCommand(PutBackSql), question, (int)Math.Ceiling(pause.TotalSeconds)),
            cancellationToken);

    /// <summary>Writes the outcome, counts it, and ends the run with its last question, or at its cost limit. Nothing
    /// when the question is not this worker's any more.</summary>
    public async Task EndAsync(PromptQuestion question, PromptOutcome outcome, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var round = new Round(connection, transaction);
        round.Add(OfRun(new NpgsqlBatchCommand(LockRunSql), question));
        var end = new NpgsqlBatchCommand(EndSql);
        foreach (var parameter in (NpgsqlParameter[])
        [
            Sql.Uuid(question.TenantId), Sql.Uuid(question.Id), Sql.Uuid(question.RunId), Sql.Int(question.Attempt),
            new NpgsqlParameter<bool> { TypedValue = outcome.Passed }, Sql.Text(outcome.Provider),
            Sql.IntOrNull(outcome.Milliseconds), new NpgsqlParameter<decimal> { TypedValue = outcome.Cost },
            new NpgsqlParameter<long> { TypedValue = outcome.InputTokens },
            new NpgsqlParameter<long> { TypedValue = outcome.OutputTokens },
            Sql.Text(outcome.Answer is { } answer ? StorableText.Of(answer) : null), Json(outcome.Error),
            Json(outcome.Assertions),
        ])
        {
            end.Parameters.Add(parameter);
        }

        round.Add(end);
        round.Add(OfRun(new NpgsqlBatchCommand(SkipSql), question));
        round.Add(OfRun(new NpgsqlBatchCommand(CloseSql), question));
        await round.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static NpgsqlParameter Json(string? json) =>
        Sql.Json(json is null ? null : System.Text.Encoding.UTF8.GetBytes(StorableText.Of(json)));

    private static NpgsqlBatchCommand Of(NpgsqlBatchCommand command, PromptQuestion question, int seconds)
    {
        command.Parameters.Add(Sql.Uuid(question.TenantId));
        command.Parameters.Add(Sql.Uuid(question.Id));
        command.Parameters.Add(Sql.Int(question.Attempt));
        command.Parameters.Add(Sql.Int(seconds));
        return command;
    }

    private static NpgsqlBatchCommand OfRun(NpgsqlBatchCommand command, PromptQuestion question)
    {
        command.Parameters.Add(Sql.Uuid(question.TenantId));
        command.Parameters.Add(Sql.Uuid(question.RunId));
        return command;
    }
}
