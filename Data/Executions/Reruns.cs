using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Executions;
using Workflows.Engine.Testing;

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

    /// <summary>Of nodes that are kept, steps that are not; null = the rerun does not begin within a loop.</summary>
    public RoundRerun? Round { get; init; }

    /// <summary>Answers that somebody gave, in the place of what is recorded.</summary>
    public IReadOnlyList<GivenStep> Given { get; init; } = [];
}

/// <param name="Output">JSON.</param>
public sealed record GivenStep(string NodeId, string NodeType, string Iteration, string Port, string Output);

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
               coalesce({rerun.Input}::jsonb, e.input), {rerun.CreatedBy}, {rerun.Now}, e.id,
               {(rerun.Kept.Count + rerun.Given.Count > 0 ? 1 : 0)},
               {rerun.Concurrency?.Key}::text, {rerun.Concurrency?.Limit}::int, {notBefore}
             from executions e where e.tenant_id = {db.TenantId} and e.id = {rerun.Original}
             """,
            cancellationToken);
        await CopyStepsAsync(db, rerun, cancellationToken);
        await AddGivenAsync(db, rerun, cancellationToken);
        return status;
    }

    private static Task<int> CopyStepsAsync(WorkflowsDbContext db, Rerun rerun, CancellationToken cancellationToken)
    {
        var (ids, types) = (rerun.Kept.Select(node => node.Id).ToArray(), rerun.Kept.Select(node => node.Type).ToArray());
        var again = rerun.Round?.Again ?? [];
        var (againNodes, againRounds) =
            (again.Select(step => step.Node).ToArray(), again.Select(step => step.Iteration).ToArray());
        var (givenNodes, givenRounds) = (
            rerun.Given.Select(step => step.NodeId).ToArray(), rerun.Given.Select(step => step.Iteration).ToArray());
        var later = rerun.Round?.Later ?? [];
        var (laterNodes, laterPrefixes, laterDepths, laterIndexes) = (
            later.Select(step => step.Node).ToArray(), later.Select(step => step.Prefix).ToArray(),
            later.Select(step => step.Depth).ToArray(), later.Select(step => step.Index).ToArray());
        return db.Database.ExecuteSqlAsync(
            $"""
             insert into step_executions
               (tenant_id, execution_id, node_id, iteration, attempt, run, sequence, node_type, status, port, input, output, error, started_at, finished_at)
             select s.tenant_id, {rerun.Id}, s.node_id, s.iteration, s.attempt, 1, s.sequence, s.node_type, s.status, s.port, s.input, s.output, s.error,
               s.started_at, s.finished_at
             from unnest({ids}::text[], {types}::text[]) as k (id, type)
             join step_executions s on s.tenant_id = {db.TenantId} and s.execution_id = {rerun.Original} and s.node_id = k.id and s.node_type = k.type
             where s.port is not null
               and not exists (
                 select from unnest({givenNodes}::text[], {givenRounds}::text[]) as g (node, round)
                 where g.node = s.node_id and g.round = s.iteration)
               and not exists (
                 select from unnest({againNodes}::text[], {againRounds}::text[]) as a (node, round)
                 where a.node = s.node_id and (s.iteration = a.round or starts_with(s.iteration, a.round || '/')))
               and not exists (
                 select from unnest({laterNodes}::text[], {laterPrefixes}::text[], {laterDepths}::int[],
                   {laterIndexes}::int[]) as l (node, prefix, depth, index)
                 where l.node = s.node_id and (l.prefix = '' or starts_with(s.iteration, l.prefix || '/'))
                   and nullif(split_part(s.iteration, '/', l.depth), '')::int > l.index)
             """,
            cancellationToken);
    }

    // A given answer has the place of the recorded one in the order, where there is one.
    private static async Task AddGivenAsync(WorkflowsDbContext db, Rerun rerun, CancellationToken cancellationToken)
    {
        if (rerun.Given.Count == 0)
        {
            return;
        }

        var (nodes, types) =
            (rerun.Given.Select(step => step.NodeId).ToArray(), rerun.Given.Select(step => step.NodeType).ToArray());
        var (iterations, ports, outputs) = (
            rerun.Given.Select(step => step.Iteration).ToArray(), rerun.Given.Select(step => step.Port).ToArray(),
            rerun.Given.Select(step => step.Output).ToArray());
        await db.Database.ExecuteSqlAsync(
            $"""
             with given as (
               select * from unnest({nodes}::text[], {types}::text[], {iterations}::text[], {ports}::text[],
                 {outputs}::text[]) with ordinality as g (node, type, iteration, port, output, place)
             ),
             last as (
               select coalesce(max(s.sequence), 0) as sequence from step_executions s
               where s.tenant_id = {db.TenantId} and s.execution_id = {rerun.Id}
             )
             insert into step_executions
               (tenant_id, execution_id, node_id, iteration, attempt, run, sequence, node_type, status, port, input,
                output, started_at, finished_at)
             select {db.TenantId}, {rerun.Id}, g.node, g.iteration, 1, 1,
               coalesce(
                 (select max(s.sequence) from step_executions s
                  where s.tenant_id = {db.TenantId} and s.execution_id = {rerun.Original} and s.node_id = g.node
                    and s.iteration = g.iteration),
                 (select l.sequence from last l) + g.place::int),
               g.type, 'completed', g.port, jsonb_build_object('origin', {StepOrigins.Overridden}), g.output::jsonb,
               {rerun.Now}, {rerun.Now}
             from given g
             """,
            cancellationToken);
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
