using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>The part of <see cref="ControlPlaneModel"/> about what executions use: secrets, variables, connectors, context, node definitions.</summary>
internal static class ConnectionsModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Secret>(secret =>
        {
            secret.ToTable("secrets").HasKey(row => new { row.TenantId, row.Id });
            secret.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Variable>(variable =>
        {
            variable.ToTable("variables").HasKey(row => new { row.TenantId, row.Id });
            variable.Property(row => row.Value).HasColumnType("jsonb");
            variable.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<Connector>(connector =>
        {
            connector.ToTable("connectors").HasKey(row => new { row.TenantId, row.Id });
            connector.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<ContextEntry>(entry =>
        {
            entry.ToTable("context_entries").HasKey(row => new { row.TenantId, row.Id });
            entry.Property(row => row.Value).HasColumnType("jsonb");
            entry.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<NodeDefinitionRecord>(definition =>
        {
            definition.ToTable("node_definitions").HasKey(row => new { row.TenantId, row.Id });
            definition.Property(row => row.Schema).HasColumnType("jsonb");
            definition.Property(row => row.Implementation).HasColumnType("jsonb");
            definition.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
    }
}
