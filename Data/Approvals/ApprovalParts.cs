using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;

namespace Workflows.Data.Approvals;

/// <summary>What became of a delegation or a comment.</summary>
public enum PartOutcome
{
    Done,

    /// <summary>There is no such request.</summary>
    NotFound,

    /// <summary>The request is closed.</summary>
    Closed,

    /// <summary>The person is not asked in person, so has no part to hand over; or has decided already.</summary>
    NothingToDelegate,

    /// <summary>The other is nobody active in the tenant, is asked already, or may not decide on this request.</summary>
    NotToThem,

    /// <summary>The request has as many comments as allowed.</summary>
    TooMany,
}

/// <summary>
/// What people do with a request besides deciding. Guarantees: each is one transaction with its audit row; the request's row is locked first, so that nothing is handed over
/// while, or after, it is settled.
/// </summary>
public sealed class ApprovalParts(WorkflowsDatabase database, TimeProvider clock)
{
    private const string LockSql = "select status from approval_requests where tenant_id = $1 and id = $2 for no key update";

    // The other takes the place of the one asked: a row of their own, which says from whom it came; a chain of delegations stays readable.
    private const string DelegateSql = """
        with given as (
          delete from approval_assignees a
          where a.tenant_id = $1 and a.request_id = $2 and a.kind = 'user' and a.principal_id = $3 and a.open and a.covered_by is null
            and not exists (
              select from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 and (d.user_id = $3 or d.on_behalf_of = $3))
          returning a.request_id
        )
        insert into approval_assignees (tenant_id, request_id, kind, principal_id, source, delegated_from, created_at)
        select $1, g.request_id, 'user', $4, 'delegated', $3, now() from given g
        """;

    private const string MayTakeSql = """
        select exists (
          select from approval_requests r join users u on u.tenant_id = r.tenant_id and u.id = $3 and u.active and u.deleted_at is null
          where r.tenant_id = $1 and r.id = $2 and r.excluded_user_id is distinct from $3
            and not exists (
              select from approval_assignees a where a.tenant_id = $1 and a.request_id = $2 and a.kind = 'user' and a.principal_id = $3)
            and not exists (
              select from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 and (d.user_id = $3 or d.on_behalf_of = $3)))
        """;

    private const string TellSql = """
        insert into notifications (tenant_id, user_id, id, source, kind, title, link, created_at)
        select $1, $3, $4, 'approval:' || r.id || ':delegated:' || $3::uuid, 'approval', r.title, '/approvals/' || r.id, now()
        from approval_requests r where r.tenant_id = $1 and r.id = $2
        on conflict do nothing
        """;

    private const string NoteSql = """
        insert into user_activity (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id, object_name, ip, user_agent, after, request_id, at)
        select $1, $3, $4, $5, $6, $7, 'approval', r.id, r.title, $8, $9, $10::jsonb, $11, now()
        from approval_requests r where r.tenant_id = $1 and r.id = $2
        """;

    /// <summary>Hands one person's part of an open request to another.</summary>
    public Task<PartOutcome> DelegateAsync(
        Guid tenantId, Guid requestId, Guid userId, Guid toUserId, Actor actor, CancellationToken cancellationToken) =>
        TransactAsync(tenantId, requestId, async work =>
        {
            if (!(await work.ReadAsync(MayTakeSql, [Sql.Uuid(toUserId)], row => row.GetBoolean(0), cancellationToken)).Single())
            {
                return PartOutcome.NotToThem;
            }

            NpgsqlParameter[] places = [Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Uuid(userId), Sql.Uuid(toUserId)];
            if (await work.ExecuteAsync(DelegateSql, places, cancellationToken) == 0)
            {
                return PartOutcome.NothingToDelegate;
            }

            NpgsqlParameter[] news = [Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Uuid(toUserId), Sql.Uuid(NewId())];
            await work.ExecuteAsync(TellSql, news, cancellationToken);
            await NoteAsync(work, actor, "approval.delegate", $$"""{"from": "{{userId}}", "to": "{{toUserId}}"}""", cancellationToken);
            return PartOutcome.Done;
        }, cancellationToken);

    private const string CommentSql = """
        insert into approval_comments (tenant_id, request_id, id, user_id, written_by, text, created_at)
        select $1, $2, $3, $4, $5, $6, now()
        where (select count(*) from approval_comments c where c.tenant_id = $1 and c.request_id = $2) < $7
        """;

    /// <summary>Adds a comment to an open request.</summary>
    public Task<PartOutcome> CommentAsync(
        Guid tenantId, Guid requestId, Guid commentId, Guid userId, string text, Actor actor, CancellationToken cancellationToken) =>
        TransactAsync(tenantId, requestId, async work =>
        {
            NpgsqlParameter[] comment =
            [
                Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Uuid(commentId), Sql.Uuid(userId), Sql.Text(actor.Name), Sql.Text(text), Sql.Int(Limits.ApprovalComments),
            ];
            if (await work.ExecuteAsync(CommentSql, comment, cancellationToken) == 0)
            {
                return PartOutcome.TooMany;
            }

            await NoteAsync(work, actor, "approval.comment", "{}", cancellationToken);
            return PartOutcome.Done;
        }, cancellationToken);

    private async Task<PartOutcome> TransactAsync(
        Guid tenantId, Guid requestId, Func<Work, Task<PartOutcome>> act, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var work = new Work(connection, tenantId, requestId);
        await work.SetTenantAsync(cancellationToken);
        var status = (await work.ReadAsync(LockSql, [], row => row.GetString(0), cancellationToken)).SingleOrDefault();
        if (status != "open")
        {
            return status is null ? PartOutcome.NotFound : PartOutcome.Closed;
        }

        var outcome = await act(work);
        if (outcome == PartOutcome.Done)
        {
            await transaction.CommitAsync(cancellationToken);
        }

        return outcome;
    }

    private Task<int> NoteAsync(Work work, Actor actor, string action, string after, CancellationToken cancellationToken) => work.ExecuteAsync(
        NoteSql,
        [
            Sql.Uuid(work.TenantId), Sql.Uuid(work.RequestId), Sql.Uuid(NewId()), Sql.Text(actor.Type), Sql.UuidOrNull(actor.Id), Sql.Text(actor.Name), Sql.Text(action),
            Sql.Text(actor.Ip), Sql.Text(actor.UserAgent), Sql.Text(after), Sql.Text(actor.RequestId),
        ],
        cancellationToken);

    private Guid NewId() => Guid.CreateVersion7(clock.GetUtcNow());
}
