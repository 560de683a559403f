namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>The deploy section of a Compose service.</summary>
public sealed class Deploy
{
    public int? Replicas { get; set; }

    public string? Mode { get; set; }
}
