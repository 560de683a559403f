using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Workflows.Data.ControlPlane;

/// <summary>
/// The control plane: identity, hierarchy, definitions, activity. Every statement runs under <see cref="TenantId"/>; without one
/// it sees nothing. Reads need no transaction (<see cref="TenantCommandInterceptor"/> sends the tenant along); writes go through
/// <see cref="TransactAsync"/> and nowhere else.
/// </summary>
public sealed class WorkflowsDbContext(DbContextOptions<WorkflowsDbContext> options) : DbContext(options)
{
    private bool _transacting;

    /// <summary>Whose rows this context sees.</summary>
    public Guid? TenantId { get; set; }

    public DbSet<Tenant> Tenants => Set<Tenant>();

    public DbSet<User> Users => Set<User>();

    public DbSet<Role> Roles => Set<Role>();

    public DbSet<UserRole> UserRoles => Set<UserRole>();

    public DbSet<UserSession> Sessions => Set<UserSession>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<Workspace> Workspaces => Set<Workspace>();

    public DbSet<Folder> Folders => Set<Folder>();

    public DbSet<Job> Jobs => Set<Job>();

    public DbSet<Workflow> Workflows => Set<Workflow>();

    public DbSet<WorkflowVersion> WorkflowVersions => Set<WorkflowVersion>();

    public DbSet<WorkflowTrigger> WorkflowTriggers => Set<WorkflowTrigger>();

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

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction under the tenant and saves what it changed; again from the start when the
    /// database was lost on the way. <paramref name="work"/> therefore loads what it changes itself, and has no effect outside.
    /// A commit whose answer was lost is recognized by the activity row that every change writes, and not repeated.
    /// </summary>
    /// <param name="work">What to do; maybe more than once.</param>
    /// <param name="commits">Whether a result is one to keep; else everything is rolled back.</param>
    /// <param name="cancellationToken">Ends the attempt and all that would follow.</param>
    /// <exception cref="InvalidOperationException"><see cref="TenantId"/> is not set.</exception>
    public async Task<T> TransactAsync<T>(Func<CancellationToken, Task<T>> work, Func<T, bool> commits, CancellationToken cancellationToken)
    {
        var tenantId = TenantId ?? throw new InvalidOperationException("A change needs a tenant.");
        T? outcome = default;
        Guid? marker = null;
        return await Database.CreateExecutionStrategy().ExecuteAsync(this, AttemptAsync, CommittedAsync, cancellationToken);

        async Task<T> AttemptAsync(DbContext _, WorkflowsDbContext state, CancellationToken token)
        {
            ChangeTracker.Clear();
            marker = null;
            await using var transaction = await Database.BeginTransactionAsync(token);
            await Database.ExecuteSqlAsync($"select set_config('app.tenant_id', {tenantId.ToString()}, true)", token);
            _transacting = true;
            try
            {
                outcome = await work(token);
                if (!commits(outcome))
                {
                    return outcome;
                }

                await SaveChangesAsync(token);
                marker = ChangeTracker.Entries<UserActivity>().FirstOrDefault()?.Entity.Id;
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
