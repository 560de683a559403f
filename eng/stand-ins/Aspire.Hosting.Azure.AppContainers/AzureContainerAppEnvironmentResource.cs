using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Azure.AppContainers;

/// <summary>Where compute resources are published to as Azure Container Apps.</summary>
public class AzureContainerAppEnvironmentResource(string name) : Resource(name), IComputeEnvironmentResource;
