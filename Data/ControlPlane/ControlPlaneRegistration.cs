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
            // What a statement fails with is answered, or logged where it is not expected: a name that is taken is no error of ours.
            .ConfigureWarnings(warnings => warnings.Log(
                (RelationalEventId.CommandError, LogLevel.Debug), (CoreEventId.SaveChangesFailed, LogLevel.Debug)))
            .AddInterceptors(interceptor));
    }
}
