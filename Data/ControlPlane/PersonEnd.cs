using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>An open request that is addressed to a person who has not decided on it.</summary>
/// <param name="MayTake">Whether the other may be asked instead: is not asked already, has not decided, and is not
/// excluded.</param>
/// <param name="IsAsked">Whether the other is asked already.</param>
public sealed record OpenRequest(Guid Id, string Title, string Mode, bool MayTake, bool IsAsked)
{
    /// <summary>Whether the person's part can go: to the other, or away where one fewer to ask changes nothing.
    /// </summary>
    public bool CanGo => MayTake || (IsAsked && Mode is "any" or "all");
}

/// <summary>
/// What becomes of a person's things when the account ends; each statement within the caller's transaction
/// (<see cref="WorkflowsDbContext.TransactAsync"/>), which holds the person's row.
/// </summary>
public static class PersonEnd
{
    /// <summary>Open requests that ask the person, held until the transaction ends.</summary>
    /// <param name="to">Who is to take them; null = nobody was named.</param>
    public static Task<List<OpenRequest>> LockOpenRequestsAsync(
        this WorkflowsDbContext db, Guid person, Guid? to, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<OpenRequest>(
            $"""
            with held as (
              select r.id, r.title, r.mode, r.excluded_user_id
              from approval_assignees a
              join approval_requests r on r.tenant_id = a.tenant_id and r.id = a.request_id
              where a.tenant_id = {db.TenantId} and a.kind = 'user' and a.principal_id = {person} and a.open
                and a.covered_by is null and r.status = 'open'
                and not exists (
                  select from approval_decisions d
                  where d.tenant_id = a.tenant_id and d.request_id = r.id
                    and (d.user_id = {person} or d.on_behalf_of = {person}))
              order by r.id for no key update of r
            )
            select h.id as "Id", h.title as "Title", h.mode as "Mode",
              {to}::uuid is not null and h.excluded_user_id is distinct from {to}::uuid
                and not o.asked and not o.decided as "MayTake",
              o.asked as "IsAsked"
            from held h cross join lateral (
              select
                exists (select from approval_assignees x where x.tenant_id = {db.TenantId} and x.request_id = h.id
                  and x.kind = 'user' and x.principal_id = {to}::uuid) as asked,
                exists (select from approval_decisions d where d.tenant_id = {db.TenantId} and d.request_id = h.id
                  and (d.user_id = {to}::uuid or d.on_behalf_of = {to}::uuid)) as decided) o
            """).ToListAsync(cancellationToken);

    /// <summary>Gives the person's part of open requests to another, who is told of each.</summary>
    public static async Task GiveRequestsAsync(
        this WorkflowsDbContext db, IReadOnlyCollection<OpenRequest> requests, Guid person, Guid to,
        DateTimeOffset now, CancellationToken cancellationToken)
    {
        var all = requests.Select(request => request.Id).ToArray();
        var taken = requests.Where(request => request.MayTake).Select(request => request.Id).ToArray();
        await db.Database.ExecuteSqlAsync(
            $"""
            delete from approval_assignees
            where tenant_id = {db.TenantId} and request_id = any ({all}) and kind = 'user' and principal_id = {person}
            """, cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into approval_assignees
              (tenant_id, request_id, kind, principal_id, source, delegated_from, created_at)
            select {db.TenantId}, id, 'user', {to}, 'delegated', {person}, {now} from unnest({taken}) as t (id)
            """, cancellationToken);
        var ids = taken.Select(_ => Guid.CreateVersion7(now)).ToArray();
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into notifications (tenant_id, user_id, id, source, kind, title, link, created_at)
            select {db.TenantId}, {to}, t.id, 'approval:' || r.id || ':delegated:' || {to}::uuid, 'approval', r.title,
              '/approvals/' || r.id, {now}
            from unnest({taken}, {ids}) as t (request_id, id)
            join approval_requests r on r.tenant_id = {db.TenantId} and r.id = t.request_id
            on conflict do nothing
            """, cancellationToken);
    }

    /// <summary>Gives what the person owns to another; counts it when there is none.</summary>
    public static Task<long> HandOverAsync(
        this WorkflowsDbContext db, Guid person, Guid? to, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<long>($"""select hand_over({person}, {to}::uuid) as "Value" """)
            .SingleAsync(cancellationToken);

    /// <summary>Takes away what belongs to nobody any more: sessions, memberships, substitutions, links, notifications.
    /// What the person edits at the moment is free for others.</summary>
    public static async Task ForgetBelongingsAsync(
        this WorkflowsDbContext db, Guid person, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await db.Sessions.Where(row => row.UserId == person && row.RevokedAt == null).ExecuteUpdateAsync(
            row => row.SetProperty(session => session.RevokedAt, now)
                .SetProperty(session => session.RevokeReason, "user deleted"), cancellationToken);
        await db.UserGroups.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.ObjectPermissions.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.Substitutions.Where(row => row.UserId == person || row.SubstituteId == person)
            .ExecuteDeleteAsync(cancellationToken);
        await db.Subscriptions.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.NotificationSettings.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.Deliveries.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.WorkingCopies.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.SecondFactors.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.UserIdentities.Where(row => row.UserId == person).ExecuteDeleteAsync(cancellationToken);
        await db.AccountLinks.Where(row => row.UserId == person && row.EndedAt == null).ExecuteUpdateAsync(
            row => row.SetProperty(link => link.EndedAt, now), cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"""
            update workflows set checked_out_by = null, checked_out_at = null, checked_out_until = null
            where tenant_id = {db.TenantId} and checked_out_by = {person}
            """, cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"delete from login_failures where tenant_id = {db.TenantId} and user_id = {person}", cancellationToken);
    }

    /// <summary>Takes name and traces of a deleted person out of activity, decisions and comments.</summary>
    /// <returns>How many rows were changed.</returns>
    public static Task<long> ErasePersonAsync(
        this WorkflowsDbContext db, Guid person, string pseudonym, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<long>($"""select erase_person({person}, {pseudonym}) as "Value" """)
            .SingleAsync(cancellationToken);
}

/// <summary>A person's decision on an approval request.</summary>
public sealed record DecisionOfPerson(
    Guid RequestId, string Decision, Guid? OnBehalfOf, string? Comment, DateTimeOffset DecidedAt);

/// <summary>What a person wrote about an approval request.</summary>
public sealed record CommentOfPerson(Guid RequestId, string Text, DateTimeOffset CreatedAt);

/// <summary>What people said about approval requests, for the export of what is kept about them.</summary>
public static class PersonRecords
{
    public static IQueryable<DecisionOfPerson> DecisionsOf(this WorkflowsDbContext db, Guid person) =>
        db.Database.SqlQuery<DecisionOfPerson>(
            $"""
            select request_id as "RequestId", decision as "Decision", on_behalf_of as "OnBehalfOf",
              comment as "Comment", decided_at as "DecidedAt"
            from approval_decisions where tenant_id = {db.TenantId} and user_id = {person}
            """);

    public static IQueryable<CommentOfPerson> CommentsOf(this WorkflowsDbContext db, Guid person) =>
        db.Database.SqlQuery<CommentOfPerson>(
            $"""
            select request_id as "RequestId", text as "Text", created_at as "CreatedAt"
            from approval_comments where tenant_id = {db.TenantId} and user_id = {person}
            """);
}
