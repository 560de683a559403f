using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Embedded;

/// <summary>Who waits for whom.</summary>
internal static class WaitGraph
{
    public static IEnumerable<IResource> DependentsOf(IEnumerable<IResource> resources, IResource dependency) =>
        resources.Where(resource => DependenciesOf(resource).Contains(dependency));

    public static void ThrowOnCycle(IEnumerable<IResource> resources)
    {
        var done = new HashSet<IResource>();
        foreach (var resource in resources)
        {
            Visit(resource, [], done);
        }
    }

    private static IEnumerable<IResource> DependenciesOf(IResource resource)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource);
        return resource is IResourceWithParent { Parent: var parent } ? waits.Append(parent) : waits;
    }

    private static void Visit(IResource resource, List<IResource> path, HashSet<IResource> done)
    {
        if (path.Contains(resource))
        {
            var cycle = path.SkipWhile(other => other != resource).Append(resource).Select(other => other.Name);
            throw new DistributedApplicationException($"These resources wait for each other: {string.Join(" -> ", cycle)}.");
        }

        if (done.Contains(resource))
        {
            return;
        }

        path.Add(resource);
        foreach (var dependency in DependenciesOf(resource))
        {
            Visit(dependency, path, done);
        }

        path.RemoveAt(path.Count - 1);
        done.Add(resource);
    }
}
