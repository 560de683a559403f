using System.Collections.Concurrent;

namespace Workflows.AppHost.Local;

/// <summary>What runs at the moment, as the orchestrator tells it.</summary>
internal sealed class Instances(DistributedApplicationModel model, ResourceNotificationService notifications)
{
    private readonly ConcurrentDictionary<string, Instance> _known = new();

    /// <summary>All that have been started so far, in the order of the model.</summary>
    public IReadOnlyList<Instance> All() =>
    [
        .. _known.Values
            .OrderBy(instance => model.Resources.IndexOf(instance.Resource))
            .ThenBy(instance => instance.Replica),
    ];

    /// <summary>Those of that name, or all replicas of a resource of that name.</summary>
    public IReadOnlyList<Instance> Named(string name) =>
        [.. All().Where(instance => instance.Name == name || instance.Resource.Name == name)];

    public bool AreAllReady() =>
        _known.Count >= model.Resources.Where(IsShown).Sum(resource => resource.GetReplicaCount())
        && _known.Values.All(instance => instance.IsReady || instance.IsDone);

    /// <summary>Follows them until cancelled.</summary>
    /// <param name="onNew">Is told of each when it is first heard of.</param>
    /// <param name="onChange">Is called after each change.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FollowAsync(Action<Instance> onNew, Action onChange, CancellationToken cancellationToken)
    {
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            // Of a resource with replicas, some changes concern the resource as a whole.
            var isReplica = change.Resource.GetReplicaCount() == 1 || change.ResourceId != change.Resource.Name;
            if (!IsShown(change.Resource) || !isReplica)
            {
                continue;
            }

            if (!_known.TryGetValue(change.ResourceId, out var instance))
            {
                var replica = 1 + _known.Values.Count(other => other.Resource == change.Resource);
                instance = _known[change.ResourceId] = new(change.ResourceId, change.Resource, replica);
                onNew(instance);
            }

            instance.Update(change.Snapshot);
            onChange();
        }
    }

    /// <summary>Waits until one is as asked.</summary>
    public static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition())
        {
            await Task.Delay(Limits.Poll, cancellationToken);
        }
    }

    // Not shown are Aspire's own: the dashboard, and for each project a hidden child that can build it again.
    private static bool IsShown(IResource resource) =>
        resource is (ProjectResource or ExecutableResource or ContainerResource) and not IResourceWithParent
        && !resource.Name.StartsWith("aspire-", StringComparison.Ordinal);
}
