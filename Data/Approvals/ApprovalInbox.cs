using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Approvals;

/// <summary>
/// Reads approval requests for people. A person's list is put together from one index range per principal (the person, their groups and roles, those they substitute),
/// each cut to the page: its cost is that of the page, however many requests the tenant has.
/// </summary>
public sealed class ApprovalInbox(WorkflowsDatabase database)
{
    private const string OpenSql = """
        with principals as (
          select 'user' as kind, $2::uuid as id, false as substituted
          union all select 'group', g.group_id, false from user_groups g where g.tenant_id = $1 and g.user_id = $2
          union all select 'role', r.role_id, false from user_roles r where r.tenant_id = $1 and r.user_id = $2
          union all select distinct 'user', s.user_id, true from substitutions s
            where s.tenant_id = $1 and s.substitute_id = $2 and now() between s.starts_at and s.ends_at
        ),
        page as (
          select distinct found.request_id
          from principals p
          cross join lateral (
            select a.request_id
            from approval_assignees a
            join approval_requests r on r.tenant_id = $1 and r.id = a.request_id and r.excluded_user_id is distinct from $2
              and not (p.substituted and r.excluded_user_id is not distinct from p.id)
            where a.tenant_id = $1 and a.kind = p.kind and a.principal_id = p.id and a.open and ($3::uuid is null or a.request_id < $3)
              and not exists (
                select from approval_decisions d where d.tenant_id = $1 and d.request_id = a.request_id and (d.user_id = $2 or d.on_behalf_of = p.id))
            order by a.request_id desc
            limit $4
          ) found
          order by found.request_id desc
          limit $4
        )
        select r.id, r.execution_id, r.workflow_id, r.node_id, r.title, r.description, r.mode, r.status, r.due_at, r.expires_at, r.created_at, r.closed_at
        from page join approval_requests r on r.tenant_id = $1 and r.id = page.request_id
        order by r.id desc
        """;

    private const string DecidedSql = """
        with page as (
          select d.request_id from approval_decisions d
          where d.tenant_id = $1 and d.user_id = $2 and ($3::uuid is null or d.request_id < $3)
          order by d.request_id desc
          limit $4
        )
        select r.id, r.execution_id, r.workflow_id, r.node_id, r.title, r.description, r.mode, r.status, r.due_at, r.expires_at, r.created_at, r.closed_at
        from page join approval_requests r on r.tenant_id = $1 and r.id = page.request_id
        order by r.id desc
        """;

    private const string AllSql = """
        with principals as (
          select 'user' as kind, $2::uuid as id
          union all select 'group', g.group_id from user_groups g where g.tenant_id = $1 and g.user_id = $2
          union all select 'role', r.role_id from user_roles r where r.tenant_id = $1 and r.user_id = $2
          union all select distinct 'user', s.user_id from substitutions s
            where s.tenant_id = $1 and s.substitute_id = $2 and now() between s.starts_at and s.ends_at
        ),
        page as (
          select distinct found.request_id
          from principals p
          cross join lateral (
            select a.request_id from approval_assignees a
            where a.tenant_id = $1 and a.kind = p.kind and a.principal_id = p.id and ($3::uuid is null or a.request_id < $3)
            order by a.request_id desc
            limit $4
          ) found
          order by found.request_id desc
          limit $4
        )
        select r.id, r.execution_id, r.workflow_id, r.node_id, r.title, r.description, r.mode, r.status, r.due_at, r.expires_at, r.created_at, r.closed_at
        from page join approval_requests r on r.tenant_id = $1 and r.id = page.request_id
        order by r.id desc
        """;

    /// <summary>One person's requests, newest first, from below <paramref name="before"/>.</summary>
    public Task<List<ApprovalItem>> ListAsync(
        Guid tenantId, Guid userId, ApprovalListing listing, Guid? before, int limit, CancellationToken cancellationToken) => ReadAsync(
        tenantId,
        new NpgsqlBatchCommand(listing == ApprovalListing.Open ? OpenSql : listing == ApprovalListing.Decided ? DecidedSql : AllSql)
        {
            Parameters = { Sql.Uuid(tenantId), Sql.Uuid(userId), Sql.UuidOrNull(before), Sql.Int(limit) },
        },
        Item,
        cancellationToken);

    private const string TenantSql = """
        select r.id, r.execution_id, r.workflow_id, r.node_id, r.title, r.description, r.mode, r.status, r.due_at, r.expires_at, r.created_at, r.closed_at
        from approval_requests r
        where r.tenant_id = $1 and ($2::uuid is null or r.id < $2) and ($3::text is null or r.status = $3)
        order by r.id desc
        limit $4
        """;

    private const string ExecutionSql = """
        select r.id, r.execution_id, r.workflow_id, r.node_id, r.title, r.description, r.mode, r.status, r.due_at,
          r.expires_at, r.created_at, r.closed_at
        from approval_requests r
        where r.tenant_id = $1 and r.execution_id = $5 and ($2::uuid is null or r.id < $2)
          and ($3::text is null or r.status = $3)
        order by r.id desc
        limit $4
        """;

    /// <summary>
    /// The tenant's requests, newest first; those of one status, and of one execution, when these are given.
    /// </summary>
    public Task<List<ApprovalItem>> ListTenantAsync(
        Guid tenantId, string? status, Guid? executionId, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand(executionId is null ? TenantSql : ExecutionSql)
        {
            Parameters = { Sql.Uuid(tenantId), Sql.UuidOrNull(before), Sql.Text(status), Sql.Int(limit) },
        };
        if (executionId is { } id)
        {
            command.Parameters.Add(Sql.Uuid(id));
        }

        return ReadAsync(tenantId, command, Item, cancellationToken);
    }

    private const string ConcernsSql = """
        select exists (
          select from approval_assignees a
          where a.tenant_id = $1 and a.request_id = $2 and (
               (a.kind = 'user' and (a.principal_id = $3 or a.delegated_from = $3))
            or (a.kind = 'group' and exists (select from user_groups g where g.tenant_id = $1 and g.user_id = $3 and g.group_id = a.principal_id))
            or (a.kind = 'role' and exists (select from user_roles r where r.tenant_id = $1 and r.user_id = $3 and r.role_id = a.principal_id))
            or (a.kind = 'user' and exists (
              select from substitutions s
              where s.tenant_id = $1 and s.substitute_id = $3 and s.user_id = a.principal_id and now() between s.starts_at and s.ends_at))))
          or exists (select from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 and d.user_id = $3)
        """;

    /// <summary>Whether the person is, or may act for, one of those asked, has delegated it or decided on it.</summary>
    public async Task<bool> ConcernsAsync(Guid tenantId, Guid requestId, Guid userId, CancellationToken cancellationToken) => (await ReadAsync(
        tenantId,
        new NpgsqlBatchCommand(ConcernsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Uuid(userId) } },
        row => row.GetBoolean(0),
        cancellationToken)).Single();

    private const string DetailSql = """
        select r.id, r.execution_id, r.workflow_id, r.node_id, r.title, r.description, r.mode, r.status, r.due_at, r.expires_at, r.created_at, r.closed_at,
          r.required, r.form, r.data, r.unknown_assignees, r.excluded_user_id is null
        from approval_requests r where r.tenant_id = $1 and r.id = $2
        """;

    private const string AssigneesSql = """
        select a.kind, a.principal_id, coalesce(u.email, g.name, r.name), a.source, a.delegated_from, a.covered_by
        from approval_assignees a
        left join users u on a.kind = 'user' and u.tenant_id = a.tenant_id and u.id = a.principal_id
        left join groups g on a.kind = 'group' and g.tenant_id = a.tenant_id and g.id = a.principal_id
        left join roles r on a.kind = 'role' and r.tenant_id = a.tenant_id and r.id = a.principal_id
        where a.tenant_id = $1 and a.request_id = $2
        order by a.created_at, a.kind, a.principal_id
        limit $3
        """;

    private const string DecisionsSql = """
        select d.user_id, d.decided_by, d.decision, d.on_behalf_of, d.comment, d.form, d.decided_at
        from approval_decisions d where d.tenant_id = $1 and d.request_id = $2 order by d.decided_at, d.user_id limit $3
        """;

    private const string CommentsSql = """
        select c.id, c.user_id, c.written_by, c.text, c.created_at
        from approval_comments c where c.tenant_id = $1 and c.request_id = $2 order by c.id limit $3
        """;

    /// <summary>The whole request; null when the tenant has none of this id.</summary>
    public async Task<ApprovalDetail?> FindAsync(Guid tenantId, Guid requestId, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantScope.SetTenant(tenantId),
                new NpgsqlBatchCommand(DetailSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(requestId) } },
                new NpgsqlBatchCommand(AssigneesSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Int(Limits.ApprovalPartsShown) } },
                new NpgsqlBatchCommand(DecisionsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Int(Limits.ApprovalPartsShown) } },
                new NpgsqlBatchCommand(CommentsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(requestId), Sql.Int(Limits.ApprovalPartsShown) } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var detail = new ApprovalDetail(
            Item(reader), reader.GetInt32(12), Bytes(reader, 13), Bytes(reader, 14), reader.GetFieldValue<string[]>(15), reader.GetBoolean(16), [], [], []);
        var assignees = await NextAsync(reader, row => new AssigneeRow(
            row.GetString(0), row.GetGuid(1), Text(row, 2), row.GetString(3), Id(row, 4), Id(row, 5)), cancellationToken);
        var decisions = await NextAsync(reader, row => new DecisionRow(
            row.GetGuid(0), row.GetString(1), row.GetString(2), Id(row, 3), Text(row, 4), Bytes(row, 5), row.GetFieldValue<DateTimeOffset>(6)), cancellationToken);
        var comments = await NextAsync(reader, row => new CommentRow(
            row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4)), cancellationToken);
        return detail with { Assignees = assignees, Decisions = decisions, Comments = comments };
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private async Task<List<T>> ReadAsync<T>(
        Guid tenantId, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), command } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await NextAsync(reader, row, cancellationToken);
    }

    private static ApprovalItem Item(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetString(4), Text(row, 5), row.GetString(6), row.GetString(7),
        Instant(row, 8), Instant(row, 9), row.GetFieldValue<DateTimeOffset>(10), Instant(row, 11));

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static Guid? Id(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetGuid(column);

    private static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    private static DateTimeOffset? Instant(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
