using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;

namespace Workflows.Data.Executions;

/// <summary>Makes executions that are tests. Only inside <see cref="WorkflowsDbContext.TransactAsync"/>: execution,
/// what it runs and audit are one.</summary>
public static class TestStarts
{
    // A test is over a little after its time; what is older holds up nobody.
    private static readonly TimeSpan LongestTest = TimeSpan.FromMinutes(10);

    /// <summary>Tests of the tenant that are not over.</summary>
    public static Task<int> CountOpenTestsAsync(
        this WorkflowsDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var since = now - LongestTest;
        return db.TestRuns.CountAsync(
            test => test.CreatedAt >= since
                && db.Executions.Any(row => row.Id == test.ExecutionId && row.FinishedAt == null),
            cancellationToken);
    }

    /// <summary>Puts the execution of a test into the queue. No limit of its workflow holds it.</summary>
    /// <param name="input">JSON.</param>
    /// <param name="createdBy">The caller.</param>
    public static Task AddTestExecutionAsync(
        this WorkflowsDbContext db, TestRun test, string input, string createdBy, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync(
            $"""
             insert into executions
               (tenant_id, id, workflow_id, version, status, priority, trigger_type, input, created_by, queued_at)
             values ({test.TenantId}, {test.ExecutionId}, {test.WorkflowId}, {ClaimedExecution.VersionOfTests},
               'queued', {(short)ExecutionPriority.High}, {TestRun.TriggerType}, {input}::jsonb, {createdBy}, {now})
             """,
            cancellationToken);
}
