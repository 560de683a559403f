using System.Text.Json;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Isolation;
using Workflows.Data.Notifications;

namespace Workflows.Data.Approvals;

/// <summary>What one round did.</summary>
/// <param name="Tasks">Tasks looked at; as many as asked for = there may be more.</param>
/// <param name="SetAside">Those that failed by themselves: kept with the reason, or left to the next round.</param>
public sealed record TaskRound(int Tasks, IReadOnlyList<SetAside> SetAside);

/// <summary>
/// What happens to open requests at their time: assignees are told and reminded, further people are added. Guarantees: each task acts once, in the transaction that
/// deletes it or moves it on, with any number of workers at it; never on a request that is closed (who closes it deletes its tasks, and waits for one under way).
/// One that fails by itself is set aside with the reason on its row; the others are done in the same round. Tasks of a
/// suspended tenant wait.
/// After an outage a reminder comes once, not once for every time that was missed. Time is the database's.
/// </summary>
public sealed class ApprovalTasks(WorkflowsDatabase database, TimeProvider clock)
{
    private const string ClaimSql = """
        select t.tenant_id, t.request_id, t.kind, t.remaining, r.title
        from approval_tasks t join approval_requests r on r.tenant_id = t.tenant_id and r.id = t.request_id and r.status = 'open'
        join tenants a on a.tenant_id = t.tenant_id and a.status = 'active'
        where t.due_at <= now() and t.set_aside_at is null and ($2::uuid is null or (t.tenant_id = $2
          and t.request_id = $3 and t.kind = $4))
        order by t.due_at
        limit $1
        for update of t skip locked
        """;

    /// <summary>Does up to <paramref name="limit"/> due tasks.</summary>
    public async Task<TaskRound> RunDueAsync(int limit, CancellationToken cancellationToken)
    {
        var found = new List<DueTask>();
        try
        {
            return new TaskRound(await RunTogetherAsync(limit, null, found, cancellationToken), []);
        }
        catch (Exception exception) when (found.Count > 0 && Batches.MayBeOneItem(exception))
        {
            // One of them is to blame. Nothing was committed: each is done by itself, and only the culprit is left out.
            var setAside = new List<SetAside>();
            foreach (var task in found)
            {
                await RunAloneAsync(task, setAside, cancellationToken);
            }

            return new TaskRound(found.Count, setAside);
        }
    }

    private async Task RunAloneAsync(DueTask task, List<SetAside> setAside, CancellationToken cancellationToken)
    {
        try
        {
            await RunTogetherAsync(1, task, [], cancellationToken);
        }
        catch (Exception exception) when (Batches.MayBeOneItem(exception))
        {
            setAside.Add(await LeaveOutAsync(task, exception, cancellationToken));
        }
    }

    private const string LeaveOutSql = """
        update approval_tasks t
        set failures = t.failures + 1, due_at = now() + least(t.failures + 1, 6) * interval '5 seconds', error = $4,
            set_aside_at = case when $5 and t.failures + 1 >= $6 then now() end
        where t.tenant_id = $1 and t.request_id = $2 and t.kind = $3
        returning t.set_aside_at is not null
        """;

    private async Task<SetAside> LeaveOutAsync(DueTask task, Exception exception, CancellationToken cancellationToken)
    {
        var reason = Batches.ReasonOf(exception);
        var isOut = await Batches.TrySetAsideAsync(async () =>
        {
            await using var command = database.Source.CreateCommand(LeaveOutSql);
            NpgsqlParameter[] key = [Sql.Uuid(task.TenantId), Sql.Uuid(task.RequestId), Sql.Text(task.Kind),
                Sql.Text(reason)];
            command.Parameters.AddRange(key);
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = Batches.IsForGood(exception) });
            command.Parameters.Add(Sql.Int(Limits.SetAsideFailures));
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        });
        return new SetAside($"approval task '{task.Kind}'", new ExecutionKey(task.TenantId, task.RequestId),
            reason, isOut);
    }

    /// <param name="only">The one task to look at; null = all.</param>
    /// <param name="found">Gets those that were looked at, also when this fails.</param>
    private async Task<int> RunTogetherAsync(int limit, DueTask? only, List<DueTask> found,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var claim = new NpgsqlCommand(ClaimSql, connection))
        {
            claim.Parameters.Add(Sql.Int(limit));
            claim.Parameters.Add(Sql.UuidOrNull(only?.TenantId));
            claim.Parameters.Add(Sql.UuidOrNull(only?.RequestId));
            claim.Parameters.Add(Sql.Text(only?.Kind));
            await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(new DueTask(reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2),
                    reader.GetInt32(3), reader.GetString(4)));
            }
        }

        foreach (var task in found)
        {
            await RunAsync(new Work(connection, task.TenantId, task.RequestId), task, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return found.Count;
    }

    private const string EscalateSql = """
        insert into approval_assignees (tenant_id, request_id, kind, principal_id, source, created_at)
        select distinct r.tenant_id, r.id, k.kind, p.id, 'escalated', now()
        from approval_requests r
        cross join (values ('user', 'users'), ('group', 'groups'), ('role', 'roles')) as k (kind, member)
        cross join lateral jsonb_array_elements_text(r.escalation -> k.member) as n (name)
        cross join lateral find_principal(r.tenant_id, k.kind, n.name) as p (id)
        where r.tenant_id = $1 and r.id = $2 and p.id is not null
        on conflict do nothing
        """;

    private const string AdvanceSql = """
        update approval_tasks t set due_at = now() + make_interval(secs => t.every_seconds),
          remaining = t.remaining - 1, failures = 0, error = null
        where t.tenant_id = $1 and t.request_id = $2 and t.kind = $3 and t.remaining > 1
        """;

    private const string FinishSql = "delete from approval_tasks t where t.tenant_id = $1 and t.request_id = $2 and t.kind = $3";

    private async Task RunAsync(Work work, DueTask task, CancellationToken cancellationToken)
    {
        if (task.Kind == "escalate")
        {
            NpgsqlParameter[] request = [Sql.Uuid(task.TenantId), Sql.Uuid(task.RequestId)];
            await work.ExecuteAsync(EscalateSql, request, cancellationToken);
        }

        await TellAsync(work, task, cancellationToken);
        if (task.Kind == "announce")
        {
            await work.ExecuteAsync(
                TellListenersSql, [Sql.Uuid(task.TenantId), Sql.Uuid(task.RequestId)], cancellationToken);
        }

        if (Occurrence(task) is var (happened, occasion, more))
        {
            await work.ExecuteAsync(
                EventSql, [Sql.Uuid(task.TenantId), Sql.Uuid(task.RequestId), Sql.Text(happened), Sql.Text(occasion), Sql.Json(more)], cancellationToken);
        }

        NpgsqlParameter[] key = [Sql.Uuid(task.TenantId), Sql.Uuid(task.RequestId), Sql.Text(task.Kind)];
        var moved = task.Kind == "remind" ? await work.ExecuteAsync(AdvanceSql, key, cancellationToken) : 0;
        if (moved == 0)
        {
            NpgsqlParameter[] same = [Sql.Uuid(task.TenantId), Sql.Uuid(task.RequestId), Sql.Text(task.Kind)];
            await work.ExecuteAsync(FinishSql, same, cancellationToken);
        }
    }

    // Those asked who can still decide; $3 limits it to those that one source brought in.
    private const string PeopleSql = """
        select p.id
        from approval_requests r
        cross join lateral (
          select array_agg(a.kind) as kinds, array_agg(a.principal_id) as ids
          from approval_assignees a
          where a.tenant_id = r.tenant_id and a.request_id = r.id and a.open and ($3::text is null or a.source = $3)) a
        cross join lateral people_of(r.tenant_id, a.kinds, a.ids) as p (id)
        where r.tenant_id = $1 and r.id = $2 and p.id is distinct from r.excluded_user_id
          and not exists (
            select from approval_decisions d where d.tenant_id = r.tenant_id and d.request_id = r.id and (d.user_id = p.id or d.on_behalf_of = p.id))
        limit $4
        """;

    private async Task TellAsync(Work work, DueTask task, CancellationToken cancellationToken)
    {
        var source = task.Kind == "escalate" ? "escalated" : null;
        var people = await work.ReadAsync(PeopleSql, [Sql.Text(source), Sql.Int(Limits.Recipients)], row => row.GetGuid(0), cancellationToken);
        var (occasion, level, title) = task.Kind switch
        {
            "remind" => ($"reminder:{task.Remaining}", "warning", $"Still to decide: {task.Title}"),
            "escalate" => ("escalated", "warning", $"Escalated to you: {task.Title}"),
            _ => ("opened", "info", $"To decide: {task.Title}"),
        };
        var notification = new NewNotification(
            task.TenantId, $"approval:{task.RequestId}:{occasion}", "approval", level, title, null, $"/approvals/{task.RequestId}");
        await work.ExecuteAsync(NotificationStore.AddSql, NotificationStore.Parameters(notification, people, clock.GetUtcNow()), cancellationToken);
    }

    private const string TellListenersSql = """
        insert into notification_outbox (tenant_id, id, event, workflow_id, execution_id, request_id, due_at)
        select r.tenant_id, r.id, 'approval', r.workflow_id, r.execution_id, r.id, now()
        from approval_requests r
        where r.tenant_id = $1 and r.id = $2
          and exists (select from subscriptions s where s.tenant_id = r.tenant_id and 'approval' = any (s.events))
          and is_listened_above(r.tenant_id, r.workflow_id, 'approval')
        on conflict do nothing
        """;

    private const string EventSql = "select tell_of_approval($1, $2, $3, $4, $5)";

    // Named after how many reminders are left, as the notification is: one event for each.
    private static (string Happened, string Occasion, byte[] More)? Occurrence(DueTask task) => task.Kind switch
    {
        "remind" => ("reminded", $"reminded:{task.Remaining}", JsonSerializer.SerializeToUtf8Bytes(new { remindersLeft = task.Remaining - 1 })),
        "escalate" => ("escalated", "escalated", "{}"u8.ToArray()),
        _ => null,
    };

    private sealed record DueTask(Guid TenantId, Guid RequestId, string Kind, int Remaining, string Title);
}
