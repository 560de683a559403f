using Aspire.Hosting.Eventing;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The model is complete; nothing has been started.</summary>
public sealed class BeforeStartEvent(IServiceProvider services) : IDistributedApplicationEvent
{
    public IServiceProvider Services { get; } = services;
}

/// <summary>The resource's waits are over; its process is about to start.</summary>
public sealed class BeforeResourceStartedEvent(IResource resource, IServiceProvider services)
    : IDistributedApplicationResourceEvent
{
    public IResource Resource { get; } = resource;

    public IServiceProvider Services { get; } = services;
}

/// <summary>The resource runs and is healthy. Whoever waits for it goes on after the subscribers are done.</summary>
public sealed class ResourceReadyEvent(IResource resource, IServiceProvider services)
    : IDistributedApplicationResourceEvent
{
    public IResource Resource { get; } = resource;

    public IServiceProvider Services { get; } = services;
}
