using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure.AppContainers;

namespace Aspire.Hosting;

public static class AzureContainerAppExtensions
{
    /// <summary>In run mode the environment is not part of the model, as in the original.</summary>
    public static IResourceBuilder<AzureContainerAppEnvironmentResource> AddAzureContainerAppEnvironment(
        this IDistributedApplicationBuilder builder, string name)
    {
        var environment = new AzureContainerAppEnvironmentResource(name);
        return builder.ExecutionContext.IsRunMode
            ? builder.CreateResourceBuilder(environment)
            : builder.AddResource(environment);
    }
}
