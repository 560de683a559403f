using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;

namespace Workflows.Data.Executions;

/// <summary>A new execution made from another one.</summary>
public sealed record Rerun
{
    public required Guid Id { get; init; }

    /// <summary>The execution it is made from; may be running or finished.</summary>
    public required Guid Original { get; init; }

    public required int Version { get; init; }

    /// <summary>JSON; null = the original's.</summary>
    public string? Input { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset Now { get; init; }

    public ConcurrencyClaim? Concurrency { get; init; }

    /// <summary>Nodes whose recorded results are taken over, with their types.</summary>
    public required IReadOnlyList<(string Id, string Type)> Kept { get; init; }
}

/// <summary>Makes reruns. Only inside <see cref="WorkflowsDbContext.TransactAsync"/>: execution, steps and audit are one.</summary>
public static class Reruns
{
    /// <summary>Inserts the execution and copies the kept steps as they were recorded.</summary>
    /// <returns>queued, held or skipped; skipped when its concurrency limit is reached and says so: nothing was inserted then.</returns>
    public static async Task<string> RerunAsync(this WorkflowsDbContext db, Rerun rerun, CancellationToken cancellationToken)
    {
        var (status, notBefore) = rerun.Concurrency is { } claim
            ? await db.Database.SqlQuery<Admission>(
                $"""
                 select a.status as "Status", a.not_before as "NotBefore" from executions e
                 cross join lateral admit_limited(
                   e.tenant_id, array[e.workflow_id], array[{claim.Key}::text], array[{claim.Limit}::int], array[{claim.Policy}::text],
                   array[{claim.Rate?.ToString()}::text]) a
                 where e.tenant_id = {db.TenantId} and e.id = {rerun.Original}
                 """).SingleAsync(cancellationToken)
            : new Admission("queued", null);
        if (status == "skipped")
        {
            return status;
        }

        // With taken-over steps it begins as one that somebody has run before (fence 1): its worker then reads what is recorded.
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into executions
               (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, created_by, queued_at, forked_from, fence,
                concurrency_key, concurrency_limit, not_before)
             select e.tenant_id, {rerun.Id}, e.workflow_id, {rerun.Version}, {status}, e.priority, e.trigger_type, e.trigger, e.correlation_id,
               coalesce({rerun.Input}::jsonb, e.input), {rerun.CreatedBy}, {rerun.Now}, e.id, {(rerun.Kept.Count > 0 ? 1 : 0)},
               {rerun.Concurrency?.Key}::text, {rerun.Concurrency?.Limit}::int, {notBefore}
             from executions e where e.tenant_id = {db.TenantId} and e.id = {rerun.Original}
             """,
            cancellationToken);
        var (ids, types) = (rerun.Kept.Select(node => node.Id).ToArray(), rerun.Kept.Select(node => node.Type).ToArray());
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into step_executions
               (tenant_id, execution_id, node_id, iteration, attempt, run, sequence, node_type, status, port, input, output, error, started_at, finished_at)
             select s.tenant_id, {rerun.Id}, s.node_id, s.iteration, s.attempt, 1, s.sequence, s.node_type, s.status, s.port, s.input, s.output, s.error,
               s.started_at, s.finished_at
             from unnest({ids}::text[], {types}::text[]) as k (id, type)
             join step_executions s on s.tenant_id = {db.TenantId} and s.execution_id = {rerun.Original} and s.node_id = k.id and s.node_type = k.type
             where s.port is not null
             """,
            cancellationToken);
        return status;
    }

    /// <summary>Settles open dead letters of the tenant as discarded.</summary>
    /// <returns>Those that were open.</returns>
    public static async Task<IReadOnlyList<Guid>> DiscardDeadLettersAsync(
        this WorkflowsDbContext db, IReadOnlyList<Guid> ids, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        await db.Database.SqlQuery<Guid>(
            $"""
             update dead_letters set status = 'discarded', settled_at = {now}, settled_by = {by}
             where tenant_id = {db.TenantId} and id = any ({ids.ToArray()}) and status = 'open'
             returning id as "Value"
             """).ToListAsync(cancellationToken);

    private sealed record Admission(string Status, DateTimeOffset? NotBefore);
}
