using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Isolation;

namespace Workflows.Data.Executions;

/// <summary>What the starts of schedules, job runs and parents have in common: they know their limits before their transaction's first change of an execution.</summary>
internal static class SlotClaims
{
    /// <summary>Why a start was left out, for the record of whoever asked for it.</summary>
    public const string SkippedReason = "as many run, or have been started, as its limits allow";

    // All keys that a transaction is going to need, in one statement: in the order of
    // their locks, and before the first row of timers, waits and executions.
    private const string HoldSql = """
        select hold_slots(array_agg(k.tenant_id), array_agg(k.workflow_id), array_agg(k.key))
        from (
          select * from unnest($1::uuid[], $2::uuid[], $3::text[]) as c (tenant_id, workflow_id, key)
          union all
          select e.tenant_id, e.workflow_id, e.concurrency_key
          from unnest($4::uuid[], $5::uuid[]) as f (tenant_id, id)
          join executions e on e.tenant_id = f.tenant_id and e.id = f.id
          where e.concurrency_key is not null
        ) k
        """;

    /// <summary>Takes the locks of these keys and of those that <paramref name="ending"/> executions have.</summary>
    public static NpgsqlBatchCommand Hold(
        IReadOnlyList<(Guid TenantId, Guid WorkflowId, ConcurrencyClaim Claim)> starting, IReadOnlyList<FinishedExecution> ending)
    {
        var keys = starting.SelectMany(start => new[] { start.Claim.Key, start.Claim.Rate?.LockKey }.Select(key => (start.TenantId, start.WorkflowId, Key: key)))
            .Where(entry => entry.Key is not null).ToList();
        var command = new NpgsqlBatchCommand(HoldSql);
        command.Parameters.Add(Sql.Uuids(keys, entry => entry.TenantId));
        command.Parameters.Add(Sql.Uuids(keys, entry => entry.WorkflowId));
        command.Parameters.Add(Sql.Texts(keys, entry => entry.Key));
        command.Parameters.Add(Sql.Uuids(ending, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(ending, row => row.Key.Id));
        return command;
    }

    /// <summary>Adds three arrays: key (null = no limit), limit and policy of each start.</summary>
    public static void AddTo<T>(NpgsqlBatchCommand command, IReadOnlyList<T> starts, Func<T, ConcurrencyClaim?> claim)
    {
        command.Parameters.Add(Sql.Texts(starts, start => claim(start)?.Key));
        command.Parameters.Add(Sql.Ints(starts, start => claim(start)?.Limit ?? 0));
        command.Parameters.Add(Sql.Texts(starts, start => claim(start)?.Policy));
    }

    /// <summary>Adds one more array: the rate limit of each start as the functions of the database read it (null = none).</summary>
    public static void AddRates<T>(NpgsqlBatchCommand command, IReadOnlyList<T> starts, Func<T, ConcurrencyClaim?> claim) =>
        command.Parameters.Add(Sql.Texts(starts, start => claim(start)?.Rate?.ToString()));

    /// <summary>The claim of a start, or why it must be refused: it would run outside its limit.</summary>
    /// <param name="settings">As <c>workflows.start_settings</c> has them.</param>
    public static (ConcurrencyClaim? Claim, string? Problem) Of(string? settings, ReadOnlyMemory<byte> input)
    {
        try
        {
            return (StartSettings.Parse(settings).ClaimOf(input), null);
        }
        catch (ConcurrencyKeyException exception)
        {
            return (null, StorableText.Of(exception.Message));
        }
#pragma warning disable CA1031 // whatever this input fails with is this start's problem and nobody else's
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return (null, $"The limits cannot be worked out: {Batches.ReasonOf(exception)}");
        }
    }
}
