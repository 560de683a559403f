using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Docker;

/// <summary>Where compute resources are published to as Docker Compose services.</summary>
public class DockerComposeEnvironmentResource(string name) : Resource(name), IComputeEnvironmentResource;

/// <summary>What a compute resource becomes in the Compose file.</summary>
public class DockerComposeServiceResource(string name, IResource resource) : Resource(name)
{
    public IResource TargetResource { get; } = resource;
}
