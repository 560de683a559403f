using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Jobs;

/// <summary>What a run consists of, taken from its job or package at the moment the run begins: later changes do not disturb it.</summary>
public static class JobRunItems
{
    // Workflows that are switched off do not run, and nobody waits for them. A step of a package waits for the step before.
    private const string FillSql = """
        insert into job_run_items (tenant_id, run_id, id, position, workflow_id, job_id, depends_on)
        select r.tenant_id, r.id, w.id, (row_number() over (partition by r.id order by lower(w.name), w.id))::int, w.id, null::uuid,
          array(select d.depends_on_id from workflow_dependencies d
                join workflows o on o.tenant_id = d.tenant_id and o.id = d.depends_on_id
                where d.tenant_id = w.tenant_id and d.workflow_id = w.id and o.job_id = r.job_id and o.enabled and o.deleted_at is null)
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join job_runs r on r.tenant_id = k.tenant_id and r.id = k.id
        join workflows w on w.tenant_id = r.tenant_id and w.job_id = r.job_id and w.enabled and w.deleted_at is null
        union all
        select r.tenant_id, r.id, s.id, s.position, null::uuid, s.job_id,
          array(select b.id from job_package_steps b
                where b.tenant_id = s.tenant_id and b.package_id = s.package_id and b.position < s.position order by b.position desc limit 1)
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join job_runs r on r.tenant_id = k.tenant_id and r.id = k.id
        join job_package_steps s on s.tenant_id = r.tenant_id and s.package_id = r.package_id
        on conflict do nothing
        """;

    /// <summary>Gives runs their items, in the transaction that made the runs.</summary>
    public static NpgsqlBatchCommand Fill(IReadOnlyList<(Guid TenantId, Guid RunId)> runs)
    {
        var command = new NpgsqlBatchCommand(FillSql);
        command.Parameters.Add(Sql.Uuids(runs, run => run.TenantId));
        command.Parameters.Add(Sql.Uuids(runs, run => run.RunId));
        return command;
    }
}
