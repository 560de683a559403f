using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Data.Database;

namespace Workflows.Data.ControlPlane;

public static class ControlPlaneRegistration
{
    /// <summary>Registers <see cref="WorkflowsDbContext"/> on the data source of the process's role.</summary>
    public static IServiceCollection AddControlPlane(this IServiceCollection services)
    {
        var interceptor = new TenantCommandInterceptor();
        return services.AddDbContext<WorkflowsDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<WorkflowsDatabase>().Source, postgres => postgres.EnableRetryOnFailure())
            .AddInterceptors(interceptor));
    }
}
