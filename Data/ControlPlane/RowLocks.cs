using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>
/// Locks that keep the hierarchy free of orphans, since deletion is soft and a foreign key cannot see it. Who adds a child holds its parent; who deletes
/// locks the row first and looks for children after that. Lock order: workspace, folder, job, workflow. Inside <see cref="WorkflowsDbContext.TransactAsync"/> only.
/// </summary>
public static class RowLocks
{
    /// <summary>Keeps the workspace from being deleted until the transaction ends; others may hold it, too.</summary>
    public static Task<Workspace?> HoldWorkspaceAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Workspaces.FromSql($"select * from workspaces where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for share")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Workspace?> LockWorkspaceAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Workspaces.FromSql($"select * from workspaces where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Folder?> HoldFolderAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Folders.FromSql($"select * from folders where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for share")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Folder?> LockFolderAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Folders.FromSql($"select * from folders where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Job?> HoldJobAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Jobs.FromSql($"select * from jobs where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for share")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Job?> LockJobAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Jobs.FromSql($"select * from jobs where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>For changes of a schedule: no worker fires it meanwhile, nor is it changed while a worker fires it.</summary>
    public static Task<Schedule?> LockScheduleAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Schedules.FromSql($"select * from schedules where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>For changes of a calendar and of the days in it.</summary>
    public static Task<Calendar?> LockCalendarAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Calendars.FromSql($"select * from calendars where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>Schedules that go by a calendar, to be given new times with it; ordered, so that two changes never wait crosswise.</summary>
    public static Task<List<Schedule>> LockSchedulesOfCalendarAsync(this WorkflowsDbContext db, Guid calendarId, CancellationToken cancellationToken) =>
        db.Schedules.FromSql($"select * from schedules where tenant_id = {db.TenantId} and calendar_id = {calendarId} and deleted_at is null order by id for update")
            .IgnoreQueryFilters().ToListAsync(cancellationToken);

    /// <summary>The schedules that a workflow's triggers made.</summary>
    public static Task<List<Schedule>> LockSchedulesOfTriggersAsync(this WorkflowsDbContext db, Guid workflowId, CancellationToken cancellationToken) =>
        db.Schedules.FromSql($"select * from schedules where tenant_id = {db.TenantId} and workflow_id = {workflowId} and trigger_id is not null and deleted_at is null order by id for update")
            .IgnoreQueryFilters().ToListAsync(cancellationToken);

    public static Task<JobPackage?> LockPackageAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.JobPackages.FromSql($"select * from job_packages where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>No worker carries the run on meanwhile.</summary>
    public static Task<JobRun?> LockJobRunAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.JobRuns.FromSql($"select * from job_runs where tenant_id = {db.TenantId} and id = {id} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>It is neither accepted, sent again nor revoked meanwhile.</summary>
    public static Task<Invitation?> LockInvitationAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Invitations.FromSql($"select * from invitations where tenant_id = {db.TenantId} and id = {id} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>Two who rotate it at once do so one after the other.</summary>
    public static Task<ApiKey?> LockApiKeyAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.ApiKeys.FromSql($"select * from api_keys where tenant_id = {db.TenantId} and id = {id} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>Logins by a provider find or make their accounts one after the other.</summary>
    public static Task<IdentityProvider?> LockIdentityProviderAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.IdentityProviders.FromSql(
            $"select * from identity_providers where tenant_id = {db.TenantId} and id = {id} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>No key is made for it while it ends.</summary>
    public static Task<ServiceAccount?> LockServiceAccountAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.ServiceAccounts.FromSql(
            $"""
            select * from service_accounts
            where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update
            """)
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>Codes are checked one after the other, so that none is accepted twice.</summary>
    public static Task<SecondFactor?> LockSecondFactorAsync(
        this WorkflowsDbContext db, Guid userId, CancellationToken cancellationToken) =>
        db.SecondFactors.FromSql(
            $"select * from second_factors where tenant_id = {db.TenantId} and user_id = {userId} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>For the end of an account and what goes with it.</summary>
    public static Task<User?> LockUserAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Users.FromSql(
            $"""
            select * from users where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update
            """)
            .IgnoreQueryFilters().Include(row => row.Roles).ThenInclude(row => row.Role)
            .SingleOrDefaultAsync(cancellationToken);

    /// <summary>Requests of one transaction come one after the other, its end included.</summary>
    public static Task<EditTransaction?> LockEditTransactionAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.EditTransactions.FromSql(
            $"select * from edit_transactions where tenant_id = {db.TenantId} and id = {id} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>For who changes a rule together with other things.</summary>
    public static Task<RuleRecord?> LockRuleAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Rules.FromSql(
            $"select * from rules where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>For changes of a workflow: saves, publications and deletions come one after the other.</summary>
    public static Task<Workflow?> LockWorkflowAsync(this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Workflows.FromSql($"select * from workflows where tenant_id = {db.TenantId} and id = {id} and deleted_at is null for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    /// <summary>No worker measures it meanwhile: what a round sets and what a change lifts follow each other.</summary>
    /// <summary>A conversation of its owner.</summary>
    public static Task<Conversation?> LockConversationAsync(
        this WorkflowsDbContext db, Guid id, Guid owner, CancellationToken cancellationToken) =>
        db.Conversations.FromSql(
            $"""
            select * from conversations where tenant_id = {db.TenantId} and id = {id} and owner_id = {owner} for update
            """)
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);

    public static Task<Budget?> LockBudgetAsync(
        this WorkflowsDbContext db, Guid id, CancellationToken cancellationToken) =>
        db.Budgets.FromSql($"select * from budgets where tenant_id = {db.TenantId} and id = {id} for update")
            .IgnoreQueryFilters().SingleOrDefaultAsync(cancellationToken);
}
