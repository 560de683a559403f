using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>How schedules, calendars and jobs' runs lie in their tables.</summary>
internal static class ScheduleModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Calendar>(calendar =>
        {
            calendar.ToTable("calendars").HasKey(row => new { row.TenantId, row.Id });
            calendar.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<CalendarDay>(day =>
        {
            day.ToTable("calendar_days").HasKey(row => new { row.TenantId, row.CalendarId, row.Day });
            day.HasOne<Calendar>().WithMany().HasForeignKey(row => new { row.TenantId, row.CalendarId });
            day.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Schedule>(schedule =>
        {
            schedule.ToTable("schedules").HasKey(row => new { row.TenantId, row.Id });
            schedule.Property(row => row.Input).HasColumnType("jsonb");
            schedule.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<ScheduleFire>(fire =>
        {
            fire.ToTable("schedule_fires").HasKey(row => new { row.TenantId, row.ScheduleId, row.Tick });
            fire.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<WorkflowDependency>(dependency =>
        {
            dependency.ToTable("workflow_dependencies").HasKey(row => new { row.TenantId, row.WorkflowId, row.DependsOnId });
            dependency.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<JobPackage>(package =>
        {
            package.ToTable("job_packages").HasKey(row => new { row.TenantId, row.Id });
            package.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<JobPackageStep>(step =>
        {
            step.ToTable("job_package_steps").HasKey(row => new { row.TenantId, row.PackageId, row.Id });
            step.HasOne<JobPackage>().WithMany().HasForeignKey(row => new { row.TenantId, row.PackageId });
            step.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<JobRun>(run =>
        {
            run.ToTable("job_runs").HasKey(row => new { row.TenantId, row.Id });
            run.Property(row => row.Trigger).HasColumnType("jsonb");
            run.Property(row => row.Input).HasColumnType("jsonb");
            run.Property(row => row.Error).HasColumnType("jsonb");
            run.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<JobRunItem>(item =>
        {
            item.ToTable("job_run_items").HasKey(row => new { row.TenantId, row.RunId, row.Id });
            item.Property(row => row.Error).HasColumnType("jsonb");
            item.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }
}
