using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Workflows.Data.Database;

namespace Workflows.Data.ControlPlane;

/// <summary>
/// The control plane: identity, hierarchy, definitions, activity. Every statement runs under <see cref="TenantId"/>; without one
/// it sees nothing. Reads need no transaction (<see cref="TenantCommandInterceptor"/> sends the tenant along); writes go through
/// <see cref="TransactAsync"/> and nowhere else.
/// </summary>
public sealed class WorkflowsDbContext(DbContextOptions<WorkflowsDbContext> options) : DbContext(options)
{
    private bool _transacting;
    private int _parts;

    /// <summary>Whose rows this context sees.</summary>
    public Guid? TenantId { get; set; }

    public DbSet<Tenant> Tenants => Set<Tenant>();

    public DbSet<OperatorAccess> OperatorAccesses => Set<OperatorAccess>();

    public DbSet<User> Users => Set<User>();

    public DbSet<Role> Roles => Set<Role>();

    public DbSet<UserRole> UserRoles => Set<UserRole>();

    public DbSet<UserSession> Sessions => Set<UserSession>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<Group> Groups => Set<Group>();

    public DbSet<UserGroup> UserGroups => Set<UserGroup>();

    public DbSet<Substitution> Substitutions => Set<Substitution>();

    public DbSet<Notification> Notifications => Set<Notification>();

    public DbSet<Subscription> Subscriptions => Set<Subscription>();

    public DbSet<NotificationSettings> NotificationSettings => Set<NotificationSettings>();

    public DbSet<Delivery> Deliveries => Set<Delivery>();

    public DbSet<ApprovalAssignee> ApprovalAssignees => Set<ApprovalAssignee>();

    public DbSet<Invitation> Invitations => Set<Invitation>();

    public DbSet<AccountLink> AccountLinks => Set<AccountLink>();

    public DbSet<SecondFactor> SecondFactors => Set<SecondFactor>();

    public DbSet<RecoveryCode> RecoveryCodes => Set<RecoveryCode>();

    public DbSet<Mail> Mails => Set<Mail>();

    public DbSet<ObjectGrant> ObjectPermissions => Set<ObjectGrant>();

    public DbSet<IdentityProvider> IdentityProviders => Set<IdentityProvider>();

    public DbSet<UserIdentity> UserIdentities => Set<UserIdentity>();

    public DbSet<ProviderLogin> ProviderLogins => Set<ProviderLogin>();

    public DbSet<ServiceAccount> ServiceAccounts => Set<ServiceAccount>();

    public DbSet<SavedView> SavedViews => Set<SavedView>();

    public DbSet<KnowledgeArticle> KnowledgeArticles => Set<KnowledgeArticle>();

    public DbSet<KnowledgeVersion> KnowledgeVersions => Set<KnowledgeVersion>();

    public DbSet<KnowledgeFile> KnowledgeFiles => Set<KnowledgeFile>();

    public DbSet<Workspace> Workspaces => Set<Workspace>();

    public DbSet<Folder> Folders => Set<Folder>();

    public DbSet<Job> Jobs => Set<Job>();

    public DbSet<Workflow> Workflows => Set<Workflow>();

    /// <summary>Of workflows in the trash, too.</summary>
    public DbSet<WorkflowName> WorkflowNames => Set<WorkflowName>();

    public DbSet<WorkflowVersion> WorkflowVersions => Set<WorkflowVersion>();

    public DbSet<WorkflowTrigger> WorkflowTriggers => Set<WorkflowTrigger>();

    public DbSet<WorkflowDependency> WorkflowDependencies => Set<WorkflowDependency>();

    public DbSet<WorkingCopy> WorkingCopies => Set<WorkingCopy>();

    public DbSet<WorkflowPins> WorkflowPins => Set<WorkflowPins>();

    public DbSet<TestRun> TestRuns => Set<TestRun>();

    public DbSet<Calendar> Calendars => Set<Calendar>();

    public DbSet<CalendarDay> CalendarDays => Set<CalendarDay>();

    public DbSet<Schedule> Schedules => Set<Schedule>();

    public DbSet<ScheduleFire> ScheduleFires => Set<ScheduleFire>();

    public DbSet<JobPackage> JobPackages => Set<JobPackage>();

    public DbSet<JobPackageStep> JobPackageSteps => Set<JobPackageStep>();

    public DbSet<JobRun> JobRuns => Set<JobRun>();

    public DbSet<JobRunItem> JobRunItems => Set<JobRunItem>();

    public DbSet<UserActivity> Activities => Set<UserActivity>();

    public DbSet<OutboxItem> Outbox => Set<OutboxItem>();

    public DbSet<ExecutionRecord> Executions => Set<ExecutionRecord>();

    public DbSet<StepExecutionRecord> StepExecutions => Set<StepExecutionRecord>();

    public DbSet<WaitRecord> Waits => Set<WaitRecord>();

    public DbSet<TimerRecord> Timers => Set<TimerRecord>();

    public DbSet<ExecutionLog> ExecutionLogs => Set<ExecutionLog>();

    public DbSet<DeadLetter> DeadLetters => Set<DeadLetter>();

    public DbSet<EventRecord> Events => Set<EventRecord>();

    public DbSet<EventMatch> EventMatches => Set<EventMatch>();

    public DbSet<EventToRoute> EventsToRoute => Set<EventToRoute>();

    public DbSet<RuleRecord> Rules => Set<RuleRecord>();

    public DbSet<Secret> Secrets => Set<Secret>();

    public DbSet<Variable> Variables => Set<Variable>();

    public DbSet<Connector> Connectors => Set<Connector>();

    public DbSet<ContextEntry> ContextEntries => Set<ContextEntry>();

    public DbSet<NodeDefinitionRecord> NodeDefinitions => Set<NodeDefinitionRecord>();

    public DbSet<EditTransaction> EditTransactions => Set<EditTransaction>();

    public DbSet<StagedWrite> StagedWrites => Set<StagedWrite>();

    public DbSet<BillingProfile> BillingProfiles => Set<BillingProfile>();

    public DbSet<Invoice> Invoices => Set<Invoice>();

    public DbSet<TermsVersion> TermsVersions => Set<TermsVersion>();

    public DbSet<TermsAcceptance> TermsAcceptances => Set<TermsAcceptance>();

    public DbSet<TicketLabel> TicketLabels => Set<TicketLabel>();

    public DbSet<Ticket> Tickets => Set<Ticket>();

    public DbSet<TicketComment> TicketComments => Set<TicketComment>();

    public DbSet<Announcement> Announcements => Set<Announcement>();

    public DbSet<AnnouncementRead> AnnouncementReads => Set<AnnouncementRead>();

    public DbSet<LanguageModel> Models => Set<LanguageModel>();

    public DbSet<ModelCallRow> ModelCalls => Set<ModelCallRow>();

    public DbSet<ModelUsageOfDay> ModelUsage => Set<ModelUsageOfDay>();

    public DbSet<PromptCard> PromptCards => Set<PromptCard>();

    public DbSet<PromptVersion> PromptVersions => Set<PromptVersion>();

    public DbSet<PromptTestSet> PromptTestSets => Set<PromptTestSet>();

    public DbSet<PromptTestRun> PromptTestRuns => Set<PromptTestRun>();

    public DbSet<TestExecution> TestExecutions => Set<TestExecution>();

    public DbSet<Conversation> Conversations => Set<Conversation>();

    public DbSet<ConversationMessage> ConversationMessages => Set<ConversationMessage>();

    public DbSet<Budget> Budgets => Set<Budget>();

    public DbSet<BudgetAlert> BudgetAlerts => Set<BudgetAlert>();

    public DbSet<BudgetStop> BudgetStops => Set<BudgetStop>();

    public DbSet<UsageOfDay> Usage => Set<UsageOfDay>();

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction under the tenant and saves what it changed; again from the start when the
    /// database was lost on the way. <paramref name="work"/> therefore loads what it changes itself, and has no effect outside.
    /// A commit whose answer was lost is recognized by the activity row that every change writes, and not repeated.
    /// Within <see cref="AsPartAsync"/> it is saved only: the change around it commits.
    /// </summary>
    /// <param name="work">What to do; maybe more than once.</param>
    /// <param name="commits">Whether a result is one to keep; else everything is rolled back.</param>
    /// <param name="cancellationToken">Ends the attempt and all that would follow.</param>
    /// <exception cref="InvalidOperationException"><see cref="TenantId"/> is not set.</exception>
    public async Task<T> TransactAsync<T>(Func<CancellationToken, Task<T>> work, Func<T, bool> commits, CancellationToken cancellationToken)
    {
        var tenantId = TenantId ?? throw new InvalidOperationException("A change needs a tenant.");
        if (_parts > 0)
        {
            return await SavePartAsync(work, commits, cancellationToken);
        }

        T? outcome = default;
        Guid? marker = null;
        return await Database.CreateExecutionStrategy().ExecuteAsync(this, AttemptAsync, CommittedAsync, cancellationToken);

        async Task<T> AttemptAsync(DbContext _, WorkflowsDbContext state, CancellationToken token)
        {
            ChangeTracker.Clear();
            TenantId = tenantId;
            marker = null;
            await using var transaction = await Database.BeginTransactionAsync(token);
            await SetScopeAsync(tenantId, token);
            _transacting = true;
            try
            {
                outcome = await work(token);
                if (!commits(outcome))
                {
                    return outcome;
                }

                await SaveChangesAsync(token);
                marker = ChangeTracker.Entries<UserActivity>().Select(entry => entry.Entity)
                    .FirstOrDefault(activity => activity.TenantId == tenantId)?.Id;
                await transaction.CommitAsync(token);
                return outcome;
            }
            finally
            {
                _transacting = false;
            }
        }

        async Task<ExecutionResult<T>> CommittedAsync(DbContext _, WorkflowsDbContext state, CancellationToken token) =>
            marker is { } id && await Activities.AnyAsync(activity => activity.Id == id, token)
                ? new ExecutionResult<T>(true, outcome!)
                : new ExecutionResult<T>(false, default!);
    }

    /// <summary>
    /// Does what is otherwise a change of its own as a part of the one that is under way. What <paramref name="work"/>
    /// leaves is kept until the change around it ends, or undone at once where its result is not one to keep; a
    /// statement that failed within it is undone with it. A part may have parts. What was changed before is saved
    /// before, and nothing that was loaded is tracked afterwards.
    /// </summary>
    /// <param name="work">What to do.</param>
    /// <param name="keeps">Whether a result is one to keep.</param>
    /// <param name="cancellationToken">Ends it, and the change around it.</param>
    /// <exception cref="InvalidOperationException">There is no change under way.</exception>
    public async Task<T> AsPartAsync<T>(
        Func<CancellationToken, Task<T>> work, Func<T, bool> keeps, CancellationToken cancellationToken)
    {
        if (!_transacting || Database.CurrentTransaction is not { } transaction)
        {
            throw new InvalidOperationException($"A part is one of a change by {nameof(TransactAsync)}.");
        }

        await SaveChangesAsync(cancellationToken);
        ChangeTracker.Clear();
        var savepoint = $"part_{++_parts}";
        try
        {
            await transaction.CreateSavepointAsync(savepoint, cancellationToken);
            var result = await work(cancellationToken);
            await (keeps(result)
                ? transaction.ReleaseSavepointAsync(savepoint, cancellationToken)
                : transaction.RollbackToSavepointAsync(savepoint, cancellationToken));
            return result;
        }
        finally
        {
            _parts--;
            ChangeTracker.Clear();
        }
    }

    private async Task<T> SavePartAsync<T>(
        Func<CancellationToken, Task<T>> work, Func<T, bool> commits, CancellationToken cancellationToken)
    {
        ChangeTracker.Clear();
        var outcome = await work(cancellationToken);
        if (commits(outcome))
        {
            await SaveChangesAsync(cancellationToken);
        }

        ChangeTracker.Clear();
        return outcome;
    }

    /// <summary>
    /// Does a part of a change under another tenant, within the transaction of <see cref="TransactAsync"/>: for those
    /// who manage tenants. What was changed before is saved before, under its own tenant, and so is what the part
    /// changes.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no transaction.</exception>
    public async Task<T> UnderTenantAsync<T>(
        Guid tenantId, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        var home = TenantId;
        try
        {
            await SwitchAsync(tenantId, cancellationToken);
            var result = await work(cancellationToken);
            await SwitchAsync(home!.Value, cancellationToken);
            return result;
        }
        finally
        {
            TenantId = home; // also when it failed, and the transaction with it
        }
    }

    private async Task SwitchAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await SaveChangesAsync(cancellationToken);
        TenantId = tenantId;
        await SetScopeAsync(tenantId, cancellationToken);
    }

    private Task<int> SetScopeAsync(Guid tenantId, CancellationToken cancellationToken) =>
        ObjectScope.Person is { } person ? Database.ExecuteSqlAsync(
            $"""
            select set_config('app.tenant_id', {tenantId.ToString()}, true),
              set_config('app.user_id', {person.ToString()}, true), set_config('role', 'workflows_member', true)
            """,
            cancellationToken)
        : Database.ExecuteSqlAsync(
            $"select set_config('app.tenant_id', {tenantId.ToString()}, true)", cancellationToken);

    /// <inheritdoc/>
    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default) =>
        _transacting
            ? base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken)
            : throw new InvalidOperationException($"Changes are saved by {nameof(TransactAsync)} only.");

    /// <inheritdoc/>
    public override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        throw new InvalidOperationException($"Changes are saved by {nameof(TransactAsync)} only.");

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder) => ControlPlaneModel.Build(modelBuilder, this);
}
