using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Rounds;

namespace Workflows.Api.Tenants;

/// <summary>
/// Erases closed tenants whose time is over, a bounded number of rows in each transaction. Any instance of the API may
/// die meanwhile: another one goes on. The activity of the platform keeps that there was a tenant and when it was
/// erased.
/// </summary>
internal sealed partial class TenantErasure(
    IServiceScopeFactory scopes, Loop loop, Invalidation invalidation, ILogger<TenantErasure> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        loop.RunAsync("Erasing closed tenants", LookAsync, stoppingToken);

    private async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        var due = await db.Database.SqlQuery<DueTenant>(
            $"""select tenant_id as "TenantId", slug as "Slug" from tenants_to_erase()""")
            .ToListAsync(cancellationToken);
        var isMore = false;
        foreach (var tenant in due)
        {
            var gone = await db.Database.SqlQuery<long>(
                $"""select erase_tenant({tenant.TenantId}, {Limits.ErasedAtOnce}) as "Value" """)
                .SingleAsync(cancellationToken);
            isMore |= gone > 0;
            if (gone > 0)
            {
                LogErased(log, gone, tenant.Slug);
                invalidation.Publish(Invalidated.Tenant, tenant.TenantId, tenant.TenantId);
            }
        }

        return isMore ? TimeSpan.Zero : Pause;
    }

    [LoggerMessage(LogLevel.Information, "Erased {Rows} rows of the closed tenant '{Slug}'")]
    private static partial void LogErased(ILogger logger, long rows, string slug);

    private sealed record DueTenant(Guid TenantId, string Slug);
}
