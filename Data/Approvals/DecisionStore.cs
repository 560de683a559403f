using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Data.Approvals;

/// <summary>
/// Decisions of people. Guarantees: the decision, what it covers, the end of the request, the answer to the wait, the wake-up of the execution and the audit row are
/// one transaction; however many people decide at once, also on several instances, they come one after the other (the row of the wait is the lock) and
/// exactly one of them settles the request; each person counts once. A decision that was sent again is recognised. Redis is told after the commit; without it the sweep finds
/// the execution. Lock order: wait, request, execution.
/// </summary>
public sealed class DecisionStore(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals, TimeProvider clock)
{
    private const string FindSql = """
        select execution_id, node_id, iteration, attempt from approval_requests where tenant_id = $1 and id = $2
        """;

    private const string LockWaitSql = """
        select from waits where tenant_id = $1 and execution_id = $2 and node_id = $3 and iteration = $4 and attempt = $5 for update
        """;

    // For whom a substitute has decided, it is decided. No stronger lock than changing the status needs: an escalation holds its task, for which this
    // transaction will wait, while its new assignee's foreign key asks for the request.
    private const string LockRequestSql = """
        select r.status, r.mode, r.required, r.excluded_user_id,
          (select d.decision from approval_decisions d
           where d.tenant_id = r.tenant_id and d.request_id = r.id and (d.user_id = $3 or d.on_behalf_of = $3) limit 1)
        from approval_requests r
        where r.tenant_id = $1 and r.id = $2 for no key update of r
        """;

    public async Task<DecisionOutcome> DecideAsync(NewDecision decision, Actor actor, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var work = new Work(connection, decision.TenantId, decision.RequestId);
        await work.SetTenantAsync(cancellationToken);
        if (await FindWaitAsync(work, cancellationToken) is not { } wait)
        {
            return new DecisionOutcome.NotFound();
        }

        await work.ExecuteAsync(LockWaitSql, [.. wait.Parameters()], cancellationToken);
        var request = await LockRequestAsync(work, decision.UserId, cancellationToken);
        var word = decision.Approves ? "approve" : "reject";
        if (request.Decided is { } decided)
        {
            return decided == word ? new DecisionOutcome.Recorded(request.Status, Repeated: true)
                : request.Status == "open" ? new DecisionOutcome.AlreadyDecided(decided)
                : new DecisionOutcome.Closed(request.Status);
        }

        if (request.Status != "open")
        {
            return new DecisionOutcome.Closed(request.Status);
        }

        var standing = await StandingAsync(work, decision.UserId, request.Excluded, cancellationToken);
        if (standing.Count == 0)
        {
            return new DecisionOutcome.NotAsked();
        }

        if (request.Excluded == decision.UserId)
        {
            return new DecisionOutcome.OwnRequest();
        }

        await RecordAsync(work, decision, word, standing, cancellationToken);
        var status = await TallyAsync(work, request, decision.Approves, standing.Exists(entry => entry.Escalated), cancellationToken);
        var woken = status == "open" ? null : await SettleAsync(work, wait, status, cancellationToken);
        await NoteAsync(work, decision, word, status, actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Announce(woken);
        return new DecisionOutcome.Recorded(status, Repeated: false);
    }

    private static async Task<WaitPlace?> FindWaitAsync(Work work, CancellationToken cancellationToken) =>
        (await work.ReadAsync(FindSql, [], row => new WaitPlace(
            new ExecutionKey(work.TenantId, row.GetGuid(0)), row.GetString(1), row.GetString(2), row.GetInt32(3)), cancellationToken)).SingleOrDefault();

    private static async Task<LockedRequest> LockRequestAsync(Work work, Guid userId, CancellationToken cancellationToken) =>
        (await work.ReadAsync(LockRequestSql, [Sql.Uuid(userId)], row => new LockedRequest(
            row.GetString(0), row.GetString(1), row.GetInt32(2), row.IsDBNull(3) ? null : row.GetGuid(3), row.IsDBNull(4) ? null : row.GetString(4)),
            cancellationToken)).Single();

    // In one's own right first: a substitute who is asked as well has one voice, not two. What is asked of whoever may not decide is nobody's to decide for them.
    private const string StandingSql = """
        select a.kind, a.principal_id, a.source, null::uuid as on_behalf_of
        from approval_assignees a
        where a.tenant_id = $1 and a.request_id = $2 and a.open
          and (   (a.kind = 'user' and a.principal_id = $3)
               or (a.kind = 'group' and exists (
                    select from user_groups g where g.tenant_id = $1 and g.user_id = $3 and g.group_id = a.principal_id))
               or (a.kind = 'role' and exists (
                    select from user_roles r where r.tenant_id = $1 and r.user_id = $3 and r.role_id = a.principal_id)))
        union all
        select a.kind, a.principal_id, a.source, a.principal_id
        from approval_assignees a
        where a.tenant_id = $1 and a.request_id = $2 and a.open and a.kind = 'user' and a.principal_id is distinct from $4
          and exists (
            select from substitutions s
            where s.tenant_id = $1 and s.substitute_id = $3 and s.user_id = a.principal_id and now() between s.starts_at and s.ends_at)
          and not exists (
            select from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 and (d.user_id = a.principal_id or d.on_behalf_of = a.principal_id))
        """;

    private static async Task<List<Standing>> StandingAsync(Work work, Guid userId, Guid? excluded, CancellationToken cancellationToken)
    {
        var all = await work.ReadAsync(StandingSql, [Sql.Uuid(userId), Sql.UuidOrNull(excluded)], row => new Standing(
            row.GetString(0), row.GetGuid(1), row.GetString(2) == "escalated", row.IsDBNull(3) ? null : row.GetGuid(3)), cancellationToken);
        var own = all.FindAll(entry => entry.OnBehalfOf is null);
        return own.Count > 0 ? own : [.. all.OrderBy(entry => entry.Id).Take(1)];
    }

    private const string DecideSql = """
        insert into approval_decisions (tenant_id, request_id, user_id, decided_by, decision, on_behalf_of, comment, form, decided_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    private const string CoverSql = """
        update approval_assignees a set covered_by = $3
        from unnest($4::text[], $5::uuid[]) as c (kind, principal_id)
        where a.tenant_id = $1 and a.request_id = $2 and a.kind = c.kind and a.principal_id = c.principal_id and a.covered_by is null
        """;

    private async Task RecordAsync(Work work, NewDecision decision, string word, List<Standing> standing, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync(
            DecideSql,
            [
                Sql.Uuid(work.TenantId), Sql.Uuid(work.RequestId), Sql.Uuid(decision.UserId), Sql.Text(decision.UserName), Sql.Text(word),
                Sql.UuidOrNull(standing[0].OnBehalfOf), Sql.Text(decision.Comment), Sql.Json(decision.Form), Sql.Instant(clock.GetUtcNow()),
            ],
            cancellationToken);
        if (decision.Approves)
        {
            await work.ExecuteAsync(
                CoverSql,
                [
                    Sql.Uuid(work.TenantId), Sql.Uuid(work.RequestId), Sql.Uuid(decision.UserId),
                    Sql.Texts(standing, entry => entry.Kind), Sql.Uuids(standing, entry => entry.Id),
                ],
                cancellationToken);
        }
    }

    private const string UncoveredSql = """
        select count(*) from approval_assignees a
        where a.tenant_id = $1 and a.request_id = $2 and a.source <> 'escalated' and a.covered_by is null
        """;

    // Approvals so far, and who of those asked could still give one.
    private const string ReachSql = """
        with asked as (
          select a.kind, a.principal_id from approval_assignees a where a.tenant_id = $1 and a.request_id = $2 and a.open
        ),
        people as (
          select a.principal_id as user_id from asked a where a.kind = 'user'
          union
          select g.user_id from asked a join user_groups g on g.tenant_id = $1 and g.group_id = a.principal_id where a.kind = 'group'
          union
          select r.user_id from asked a join user_roles r on r.tenant_id = $1 and r.role_id = a.principal_id where a.kind = 'role'
        )
        select
          (select count(*) from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 and d.decision = 'approve'),
          (select count(*) from people p join users u on u.tenant_id = $1 and u.id = p.user_id and u.active and u.deleted_at is null
           where p.user_id is distinct from $3 and not exists (
             select from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 and (d.user_id = p.user_id or d.on_behalf_of = p.user_id)))
        """;

    private static async Task<string> TallyAsync(Work work, LockedRequest request, bool approves, bool escalated, CancellationToken cancellationToken)
    {
        switch (request.Mode)
        {
            case "any":
                return approves ? "approved" : "rejected";
            case "all":
                return !approves ? "rejected"
                    : escalated || (await work.ReadAsync(UncoveredSql, [], row => row.GetInt64(0), cancellationToken)).Single() == 0 ? "approved"
                    : "open";
            default:
                var (approvals, left) = (await work.ReadAsync(
                    ReachSql, [Sql.UuidOrNull(request.Excluded)], row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken)).Single();
                return approvals >= request.Required ? "approved" : approvals + left < request.Required ? "rejected" : "open";
        }
    }

    private const string SettleSql = $"""
        with resolved as (
          update waits w
          set status = 'resolved', outcome = 'answered', payload = approval_result($1, $6, $7), resolved_at = now()
          where w.tenant_id = $1 and w.execution_id = $2 and w.node_id = $3 and w.iteration = $4 and w.attempt = $5 and w.status = 'open'
          returning w.execution_id
        )
        update executions e
        set {StateRules.Wake}
        from resolved r
        where e.tenant_id = $1 and e.id = r.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    private static async Task<WokenExecution?> SettleAsync(Work work, WaitPlace wait, string status, CancellationToken cancellationToken)
    {
        await using var command = work.Command(SettleSql, [.. wait.Parameters(), Sql.Uuid(work.RequestId), Sql.Text(status)]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return (await WokenExecutions.ReadAsync(reader, cancellationToken)).SingleOrDefault();
    }

    private const string NoteSql = """
        insert into user_activity (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id, object_name, ip, user_agent, after, request_id, at)
        select $1, $3, $4, $5, $6, 'approval.decide', 'approval', r.id, r.title, $7, $8,
          jsonb_build_object('decision', $9::text, 'status', $10::text), $11, now()
        from approval_requests r where r.tenant_id = $1 and r.id = $2
        """;

    private Task<int> NoteAsync(Work work, NewDecision decision, string word, string status, Actor actor, CancellationToken cancellationToken) => work.ExecuteAsync(
        NoteSql,
        [
            Sql.Uuid(work.TenantId), Sql.Uuid(decision.RequestId), Sql.Uuid(Guid.CreateVersion7(clock.GetUtcNow())), Sql.Text(actor.Type), Sql.UuidOrNull(actor.Id),
            Sql.Text(actor.Name), Sql.Text(actor.Ip), Sql.Text(actor.UserAgent), Sql.Text(word), Sql.Text(status), Sql.Text(actor.RequestId),
        ],
        cancellationToken);

    private void Announce(WokenExecution? woken)
    {
        if (woken is { Status: "queued" })
        {
            dispatch.Announce([new DispatchHint(woken.Key, woken.Priority)]);
        }
        else if (woken?.Owner is { } owner)
        {
            signals.Nudge(owner, woken.Key);
        }
    }

    private sealed record LockedRequest(string Status, string Mode, int Required, Guid? Excluded, string? Decided);

    private sealed record Standing(string Kind, Guid Id, bool Escalated, Guid? OnBehalfOf);

    private sealed record WaitPlace(ExecutionKey Key, string NodeId, string Iteration, int Attempt)
    {
        public NpgsqlParameter[] Parameters() =>
            [Sql.Uuid(Key.TenantId), Sql.Uuid(Key.Id), Sql.Text(NodeId), Sql.Text(Iteration), Sql.Int(Attempt)];
    }
}
