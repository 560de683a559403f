using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The part of <see cref="ControlPlaneModel"/> about papers and money: billing, terms, tickets, announcements,
/// budgets.</summary>
internal static class PapersModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<BillingProfile>(profile =>
        {
            profile.ToTable("billing_profiles").HasKey(row => row.TenantId);
            profile.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Invoice>(invoice =>
        {
            invoice.ToTable("invoices").HasKey(row => new { row.TenantId, row.Id });
            invoice.Property(row => row.Lines).HasColumnType("jsonb");
            invoice.Property(row => row.BilledTo).HasColumnType("jsonb");
            invoice.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        BuildTerms(model, context);
        BuildTickets(model, context);
        model.Entity<Announcement>(announcement =>
        {
            announcement.ToTable("announcements").HasKey(row => new { row.TenantId, row.Id });
            announcement.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<AnnouncementRead>(read =>
        {
            read.ToTable("announcement_reads").HasKey(row => new { row.TenantId, row.UserId, row.AnnouncementId });
            read.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        BuildBudgets(model, context);
    }

    private static void BuildTerms(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<TermsVersion>(terms =>
        {
            terms.ToTable("terms").HasKey(row => new { row.TenantId, row.Id });
            terms.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<TermsAcceptance>(acceptance =>
        {
            acceptance.ToTable("terms_acceptances").HasKey(row => new { row.TenantId, row.UserId, row.TermsId });
            acceptance.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }

    private static void BuildTickets(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<TicketLabel>(label =>
        {
            label.ToTable("ticket_labels").HasKey(row => new { row.TenantId, row.Id });
            label.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Ticket>(ticket =>
        {
            ticket.ToTable("tickets").HasKey(row => new { row.TenantId, row.Id });
            ticket.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<TicketComment>(comment =>
        {
            comment.ToTable("ticket_comments").HasKey(row => new { row.TenantId, row.TicketId, row.Id });
            comment.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }

    private static void BuildBudgets(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Budget>(budget =>
        {
            budget.ToTable("budgets").HasKey(row => new { row.TenantId, row.Id });
            budget.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<BudgetAlert>(alert =>
        {
            alert.ToTable("budget_alerts")
                .HasKey(row => new { row.TenantId, row.BudgetId, row.PeriodStart, row.Threshold });
            alert.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<BudgetStop>(stop =>
        {
            stop.ToTable("budget_stops").HasKey(row => new { row.TenantId, row.BudgetId });
            stop.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<UsageOfDay>(usage =>
        {
            usage.ToTable("usage_daily").HasKey(row => new { row.TenantId, row.Day });
            usage.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }
}
