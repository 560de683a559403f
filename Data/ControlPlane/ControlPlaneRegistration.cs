using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Workflows.Data.Database;

namespace Workflows.Data.ControlPlane;

public static class ControlPlaneRegistration
{
    private const int Retries = 3;

    // A client waits meanwhile: better told soon to come back than answered after a minute.
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Registers <see cref="WorkflowsDbContext"/> on the data source of the process's role.</summary>
    public static IServiceCollection AddControlPlane(this IServiceCollection services)
    {
        var interceptor = new TenantCommandInterceptor();
        return services.AddDbContext<WorkflowsDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<WorkflowsDatabase>().Source, postgres => postgres.EnableRetryOnFailure(Retries, LongestRetryDelay, null))
            .AddInterceptors(interceptor)
            .ConfigureWarnings(LeaveFailuresToTheCaller));
    }

    // Each is thrown as well. A conflict that a caller is told of (409) would stand in the log as two errors with their
    // stacks; what nobody expected is logged where it is answered.
    private static void LeaveFailuresToTheCaller(WarningsConfigurationBuilder warnings) => warnings.Log(
        (RelationalEventId.CommandError, LogLevel.Debug),
        (CoreEventId.SaveChangesFailed, LogLevel.Debug),
        (CoreEventId.QueryIterationFailed, LogLevel.Debug));
}
