using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The part of <see cref="ControlPlaneModel"/> about what precedes a version: working copies, pins,
/// tests.</summary>
internal static class TestingModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<WorkingCopy>(copy =>
        {
            copy.ToTable("working_copies").HasKey(row => new { row.TenantId, row.WorkflowId, row.UserId });
            copy.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<WorkflowPins>(pins =>
        {
            pins.ToTable("workflow_pins").HasKey(row => new { row.TenantId, row.WorkflowId });
            pins.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<TestRun>(test =>
        {
            test.ToTable("test_runs").HasKey(row => new { row.TenantId, row.ExecutionId });
            test.Property(row => row.Definition).HasColumnType("jsonb");
            test.Property(row => row.CustomNodes).HasColumnType("jsonb");
            test.Property(row => row.Plan).HasColumnType("jsonb");
            test.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }
}
