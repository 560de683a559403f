namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>A service of the Compose file.</summary>
public sealed class Service
{
    public ServiceNodes.Swarm.Deploy? Deploy { get; set; }

    public string? Restart { get; set; }
}
