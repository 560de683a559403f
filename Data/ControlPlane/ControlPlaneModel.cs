using System.Text;
using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>How the classes of the control plane lie in the tables that the migrations made.</summary>
internal static class ControlPlaneModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Tenant>(tenant =>
        {
            tenant.ToTable("tenants").HasKey(row => row.TenantId);
            tenant.HasQueryFilter(row => row.TenantId == context.TenantId);
            tenant.Property(row => row.Settings).HasColumnType("jsonb");
            tenant.Property(row => row.Metadata).HasColumnType("jsonb");
        });
        model.Entity<OperatorAccess>(access =>
        {
            access.ToTable("operator_accesses").HasKey(row => new { row.TenantId, row.Id });
            access.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        BuildIdentity(model, context);
        BuildPeople(model, context);
        AccountsModel.Build(model, context);
        PrincipalsModel.Build(model, context);
        BuildHierarchy(model, context);
        BuildRuns(model, context);
        ScheduleModel.Build(model, context);
        ConnectionsModel.Build(model, context);
        BuildTransactions(model, context);
        PapersModel.Build(model, context);
        LanguageModelsModel.Build(model, context);
        PromptCardsModel.Build(model, context);
        TestingModel.Build(model, context);
        KnowledgeModel.Build(model, context);
        model.HasDbFunction(() => ControlPlaneFunctions.JsonText(default, default!)).HasName("jsonb_extract_path_text").IsBuiltIn()
            .HasParameter("json").HasStoreType("jsonb");

        model.Entity<UserActivity>(activity =>
        {
            activity.ToTable("user_activity").HasKey(row => new { row.TenantId, row.Id });
            activity.Property(row => row.Before).HasColumnType("jsonb");
            activity.Property(row => row.After).HasColumnType("jsonb");
            activity.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<OutboxItem>(item =>
        {
            item.ToTable("outbox").HasKey(row => new { row.TenantId, row.Id });
            item.HasQueryFilter(row => row.TenantId == context.TenantId);
        });

        foreach (var entity in model.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(SnakeCase(property.Name));
                property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
                property.IsConcurrencyToken = property.Name == nameof(IVersionedRow.Version) && typeof(IVersionedRow).IsAssignableFrom(entity.ClrType);
            }
        }
    }

    private static void BuildIdentity(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<User>(user =>
        {
            user.ToTable("users").HasKey(row => new { row.TenantId, row.Id });
            user.Property(row => row.Settings).HasColumnType("jsonb");
            user.HasMany(row => row.Roles).WithOne().HasForeignKey(row => new { row.TenantId, row.UserId });
            user.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<Role>(role =>
        {
            role.ToTable("roles").HasKey(row => new { row.TenantId, row.Id });
            role.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<UserRole>(userRole =>
        {
            userRole.ToTable("user_roles").HasKey(row => new { row.TenantId, row.UserId, row.RoleId });
            userRole.HasOne(row => row.Role).WithMany().HasForeignKey(row => new { row.TenantId, row.RoleId });
            userRole.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<UserSession>(session =>
        {
            session.ToTable("user_sessions").HasKey(row => new { row.TenantId, row.Id });
            session.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<ApiKey>(key =>
        {
            key.ToTable("api_keys").HasKey(row => new { row.TenantId, row.Id });
            key.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<ObjectGrant>(permission =>
        {
            permission.ToTable("object_permissions").HasKey(row => new { row.TenantId, row.Id });
            permission.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }

    private static void BuildPeople(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Group>(group =>
        {
            group.ToTable("groups").HasKey(row => new { row.TenantId, row.Id });
            group.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<UserGroup>(member =>
        {
            member.ToTable("user_groups").HasKey(row => new { row.TenantId, row.UserId, row.GroupId });
            member.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Substitution>(substitution =>
        {
            substitution.ToTable("substitutions").HasKey(row => new { row.TenantId, row.Id });
            substitution.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Notification>(notification =>
        {
            notification.ToTable("notifications").HasKey(row => new { row.TenantId, row.UserId, row.Id });
            notification.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Subscription>(subscription =>
        {
            subscription.ToTable("subscriptions").HasKey(row => new { row.TenantId, row.Id });
            subscription.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<NotificationSettings>(settings =>
        {
            settings.ToTable("notification_settings").HasKey(row => new { row.TenantId, row.UserId });
            settings.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<SavedView>(view =>
        {
            view.ToTable("saved_views").HasKey(row => new { row.TenantId, row.Id });
            view.Property(row => row.Content).HasColumnType("jsonb");
            view.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Delivery>(delivery =>
        {
            delivery.ToTable("deliveries").HasKey(row => new { row.TenantId, row.Id });
            delivery.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<ApprovalAssignee>(assignee =>
        {
            assignee.ToTable("approval_assignees").HasKey(row => new { row.TenantId, row.RequestId, row.Kind, row.PrincipalId });
            assignee.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }

    private static void BuildHierarchy(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Workspace>(workspace =>
        {
            workspace.ToTable("workspaces").HasKey(row => new { row.TenantId, row.Id });
            workspace.Property(row => row.Settings).HasColumnType("jsonb");
            workspace.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<Folder>(folder =>
        {
            folder.ToTable("folders").HasKey(row => new { row.TenantId, row.Id });
            folder.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<Job>(job =>
        {
            job.ToTable("jobs").HasKey(row => new { row.TenantId, row.Id });
            job.Property(row => row.Settings).HasColumnType("jsonb");
            job.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<Workflow>(workflow =>
        {
            workflow.ToTable("workflows").HasKey(row => new { row.TenantId, row.Id });
            workflow.Property(row => row.ParametersSchema).HasColumnType("jsonb");
            workflow.Property(row => row.StartSettings).HasColumnType("jsonb");
            workflow.Property(row => row.Notifications).HasColumnType("jsonb");
            workflow.Property(row => row.DeletedParts).HasColumnType("jsonb");
            workflow.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<WorkflowName>().HasNoKey().ToView("workflows")
            .HasQueryFilter(row => row.TenantId == context.TenantId);
        model.Entity<WorkflowVersion>(version =>
        {
            version.ToTable("workflow_versions").HasKey(row => new { row.TenantId, row.WorkflowId, row.Number });
            version.Property(row => row.Definition).HasColumnType("jsonb");
            version.Property(row => row.CustomNodes).HasColumnType("jsonb");
            version.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<WorkflowTrigger>(trigger =>
        {
            trigger.ToTable("workflow_triggers").HasKey(row => new { row.TenantId, row.WorkflowId, row.TriggerId });
            trigger.Property(row => row.Settings).HasColumnType("jsonb");
            trigger.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        // The order of inserts within one save follows these keys.
        model.Entity<User>().HasOne<Tenant>().WithMany().HasForeignKey(row => row.TenantId);
        model.Entity<Role>().HasOne<Tenant>().WithMany().HasForeignKey(row => row.TenantId);
        model.Entity<Workspace>().HasOne<Tenant>().WithMany().HasForeignKey(row => row.TenantId);
        model.Entity<ApiKey>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.CreatedBy });
        model.Entity<UserSession>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.UserId });
        model.Entity<Workspace>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.OwnerId });
        model.Entity<Folder>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.OwnerId });
        model.Entity<Job>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.OwnerId });
        model.Entity<Workflow>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.OwnerId });
        model.Entity<Folder>().HasOne<Workspace>().WithMany().HasForeignKey(row => new { row.TenantId, row.WorkspaceId });
        model.Entity<Folder>().HasOne<Folder>().WithMany().HasForeignKey(row => new { row.TenantId, row.ParentId });
        model.Entity<Job>().HasOne<Folder>().WithMany().HasForeignKey(row => new { row.TenantId, row.FolderId });
        model.Entity<Workflow>().HasOne<Job>().WithMany().HasForeignKey(row => new { row.TenantId, row.JobId });
        model.Entity<WorkflowVersion>().HasOne<Workflow>().WithMany().HasForeignKey(row => new { row.TenantId, row.WorkflowId });
        model.Entity<WorkflowTrigger>().HasOne<Workflow>().WithMany().HasForeignKey(row => new { row.TenantId, row.WorkflowId });
    }

    private static void BuildRuns(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<ExecutionRecord>(execution =>
        {
            execution.ToTable("executions").HasKey(row => new { row.TenantId, row.Id });
            Jsonb(execution, nameof(ExecutionRecord.Trigger), nameof(ExecutionRecord.Input), nameof(ExecutionRecord.Output), nameof(ExecutionRecord.Error));
            execution.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<StepExecutionRecord>(step =>
        {
            step.ToTable("step_executions").HasKey(row => new { row.TenantId, row.ExecutionId, row.NodeId, row.Iteration, row.Attempt });
            Jsonb(step, nameof(StepExecutionRecord.Input), nameof(StepExecutionRecord.Output), nameof(StepExecutionRecord.Error));
            step.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<WaitRecord>(wait =>
        {
            wait.ToTable("waits").HasKey(row => new { row.TenantId, row.ExecutionId, row.NodeId, row.Iteration, row.Attempt });
            wait.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<TimerRecord>(timer =>
        {
            timer.ToTable("timers").HasKey(row => new { row.TenantId, row.ExecutionId, row.NodeId, row.Iteration, row.Attempt });
            timer.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<ExecutionLog>(log =>
        {
            log.ToTable("execution_logs").HasKey(row => new { row.TenantId, row.Id });
            Jsonb(log, nameof(ExecutionLog.Metadata));
            log.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<DeadLetter>(letter =>
        {
            letter.ToTable("dead_letters").HasKey(row => new { row.TenantId, row.Id });
            Jsonb(letter, nameof(DeadLetter.Error), nameof(DeadLetter.Input));
            letter.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<EventRecord>(@event =>
        {
            @event.ToTable("events").HasKey(row => new { row.TenantId, row.Id });
            Jsonb(@event, nameof(EventRecord.Data), nameof(EventRecord.Extensions));
            @event.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<EventToRoute>(queued =>
        {
            queued.ToTable("events_to_route").HasKey(row => new { row.TenantId, row.Id });
            queued.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<RuleRecord>(rule =>
        {
            rule.ToTable("rules").HasKey(row => new { row.TenantId, row.Id });
            Jsonb(rule, nameof(RuleRecord.Definition));
            rule.HasQueryFilter(row => row.TenantId == context.TenantId && row.DeletedAt == null);
        });
        model.Entity<EventMatch>(match =>
        {
            match.ToTable("event_matches").HasKey(row => new { row.TenantId, row.EventId, row.Target });
            match.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }

    private static void BuildTransactions(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<EditTransaction>(transaction =>
        {
            transaction.ToTable("edit_transactions").HasKey(row => new { row.TenantId, row.Id });
            transaction.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<StagedWrite>(write =>
        {
            write.ToTable("staged_writes").HasKey(row => new { row.TenantId, row.TransactionId, row.Number });
            write.HasOne<EditTransaction>().WithMany()
                .HasForeignKey(row => new { row.TenantId, row.TransactionId });
            write.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }

    private static void Jsonb(Microsoft.EntityFrameworkCore.Metadata.Builders.EntityTypeBuilder entity, params ReadOnlySpan<string> properties)
    {
        foreach (var property in properties)
        {
            entity.Property(property).HasColumnType("jsonb");
        }
    }

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        foreach (var character in name)
        {
            if (char.IsUpper(character) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(character));
        }

        return text.ToString();
    }
}
