using Npgsql;
using Workflows.AiSearch.Storage;

namespace Workflows.AiSearch.Indexing;

/// <summary>An outbox row that is this process's for a while; attempts counts the tries, this one included.</summary>
internal sealed record ClaimedWork(Guid TenantId, Guid Id, string Topic, Guid SubjectId, int Attempts);

/// <summary>
/// The outbox as a queue. A claim is a lease: it moves the row's time ahead and counts the try, in a transaction of its own, so that no
/// transaction stays open while a provider is asked, and a process that dies, however it dies, only delays: the row is due again after
/// the lease. The row itself goes in the transaction that writes what was asked for. Work may be done twice, with the same result.
/// </summary>
internal sealed class OutboxStore(SearchDatabase database, TimeProvider clock)
{
    private const string ClaimSql = """
        with due as (
          select tenant_id, id from outbox where not_before <= $1 order by not_before, id limit $2 for update skip locked
        )
        update outbox as o
        set attempts = o.attempts + 1, not_before = $3
        from due
        where o.tenant_id = due.tenant_id and o.id = due.id
        returning o.tenant_id, o.id, o.topic, o.subject_id, o.attempts
        """;

    /// <summary>Takes up to <see cref="Limits.WorkPerClaim"/> due rows of any tenant, the longest due first.</summary>
    public async Task<IReadOnlyList<ClaimedWork>> ClaimAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var command = database.Source.CreateCommand(ClaimSql);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Limits.WorkPerClaim });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = (now + Limits.ClaimLease).UtcDateTime });
        var claimed = new List<ClaimedWork>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(new ClaimedWork(reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetGuid(3), reader.GetInt32(4)));
        }

        return claimed;
    }

    private const string PutBackSql = "update outbox set not_before = $3 where tenant_id = $1 and id = $2";

    /// <summary>Makes a row due again, later with each try.</summary>
    public async Task PutBackAsync(ClaimedWork work, CancellationToken cancellationToken)
    {
        var pause = Limits.FirstRetryPause * Math.Pow(2, Math.Min(work.Attempts - 1, 30));
        await using var batch = database.BatchFor(work.TenantId);
        batch.Add(
            PutBackSql, work.TenantId, work.Id,
            clock.GetUtcNow() + (pause < Limits.LongestRetryPause ? pause : Limits.LongestRetryPause));
        await batch.ExecuteAsync(cancellationToken);
    }

    private const string ParkSql = """
        with gone as (delete from outbox where tenant_id = $1 and id = $2 returning *)
        insert into search.parked_work (tenant_id, id, topic, subject_id, payload, attempts, error, parked_at)
        select tenant_id, id, topic, subject_id, payload, attempts, $3, $4 from gone
        """;

    /// <summary>Takes a row out of the queue and keeps it with its cause.</summary>
    public async Task ParkAsync(ClaimedWork work, string cause, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(work.TenantId);
        batch.Add(ParkSql, work.TenantId, work.Id, JsonDescriber.Clip(cause, Limits.CauseMaxLength), clock.GetUtcNow());
        await batch.ExecuteAsync(cancellationToken);
    }
}
