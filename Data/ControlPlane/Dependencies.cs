namespace Workflows.Data.ControlPlane;

/// <summary>Which workflows of a job wait for which others.</summary>
public static class Dependencies
{
    /// <summary>Whether workflows would wait for each other in a circle.</summary>
    public static bool AreCircular(IReadOnlyCollection<(Guid Waiting, Guid Awaited)> edges)
    {
        // Takes away, again and again, what waits for nothing that is left; what remains is a circle, or waits for one.
        var left = edges.GroupBy(edge => edge.Waiting, edge => edge.Awaited)
            .ToDictionary(group => group.Key, group => group.ToHashSet());
        while (left.Where(entry => !entry.Value.Overlaps(left.Keys)).Select(entry => entry.Key).ToList()
            is { Count: > 0 } free)
        {
            free.ForEach(id => left.Remove(id));
        }

        return left.Count > 0;
    }
}
