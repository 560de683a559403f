namespace Workflows.Engine.Jobs;

/// <summary>Where one item of a run stands.</summary>
public enum JobItemStatus
{
    /// <summary>Not all that it waits for has ended.</summary>
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,

    /// <summary>It does not run, since something before it did not complete or the run was stopped.</summary>
    Skipped,
}

/// <summary>A workflow of a job, or a step of a package.</summary>
public sealed record JobItem(Guid Id, JobItemStatus Status, IReadOnlyList<Guid> DependsOn);

/// <summary>What a run does next.</summary>
/// <param name="Start">Items to start now.</param>
/// <param name="Skip">Items that will not run.</param>
/// <param name="End">completed, failed or cancelled when the run is over; null while it goes on.</param>
public sealed record JobRunPlan(IReadOnlyList<Guid> Start, IReadOnlyList<Guid> Skip, string? End)
{
    /// <summary>Decides from the items as they are: the same answer however often it is asked.</summary>
    /// <param name="continues">After a failure, whether what does not depend on it still runs.</param>
    /// <param name="isSequence">The items are steps of a package: a failed step does not stop the next one when the run continues.</param>
    /// <param name="isCancelled">Somebody asked for the end: nothing starts any more.</param>
    public static JobRunPlan Of(IReadOnlyList<JobItem> items, bool continues, bool isSequence, bool isCancelled)
    {
        var status = items.ToDictionary(item => item.Id, item => item.Status);
        var isStopped = isCancelled || (!continues && items.Any(item => item.Status is JobItemStatus.Failed or JobItemStatus.Cancelled));
        var start = new List<Guid>();
        var skip = new List<Guid>();

        // What is skipped may make others skip: again until nothing changes. Each turn skips one at least, so it ends.
        bool hasChanged;
        do
        {
            hasChanged = false;
            foreach (var item in items.Where(item => status[item.Id] == JobItemStatus.Pending))
            {
                if (isStopped || item.DependsOn.Any(id => Blocks(status.GetValueOrDefault(id, JobItemStatus.Completed))))
                {
                    status[item.Id] = JobItemStatus.Skipped;
                    skip.Add(item.Id);
                    hasChanged = true;
                }
            }
        }
        while (hasChanged);

        foreach (var item in items.Where(item => status[item.Id] == JobItemStatus.Pending))
        {
            if (item.DependsOn.All(id => status.GetValueOrDefault(id, JobItemStatus.Completed) is not (JobItemStatus.Pending or JobItemStatus.Running)))
            {
                start.Add(item.Id);
            }
        }

        var isOver = start.Count == 0 && status.Values.All(value => value is not (JobItemStatus.Pending or JobItemStatus.Running));
        return new JobRunPlan(start, skip, isOver ? EndOf(status.Values, isCancelled) : null);

        bool Blocks(JobItemStatus before) =>
            before is JobItemStatus.Failed or JobItemStatus.Cancelled or JobItemStatus.Skipped && !(isSequence && continues);
    }

    private static string EndOf(IEnumerable<JobItemStatus> items, bool isCancelled) =>
        items.All(status => status == JobItemStatus.Completed) ? "completed" : isCancelled ? "cancelled" : "failed";
}
