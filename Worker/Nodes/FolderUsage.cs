using System.Collections.Concurrent;
using Workflows.Engine.Connectors;

namespace Workflows.Worker.Nodes;

/// <summary>
/// How much each tenant has in the folder of the operator's, and how much more it may have. Measured by looking, at
/// most once in <see cref="Limits.FileUsageTrust"/> and then counted on: with several workers on one folder, a tenant
/// may for that time exceed its quota by what the others write.
/// </summary>
internal sealed class FolderUsage(long quotaBytes, int quotaFiles, TimeProvider clock)
{
    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = true,
    };

    private readonly ConcurrentDictionary<Guid, Usage> _known = new();

    /// <summary>Takes note of a file before it is written.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="folder">The tenant's folder; it may not be there yet.</param>
    /// <param name="before">Bytes of the file that it replaces; null when there is none.</param>
    /// <param name="after">Bytes of the file to come.</param>
    /// <returns>To be called when it was not written after all.</returns>
    /// <exception cref="ConnectorException">FILE_QUOTA: the tenant would have more than it may. What takes no more room
    /// than before is always allowed.</exception>
    public Action Reserve(Guid tenantId, string folder, long? before, long after)
    {
        var usage = Of(tenantId, folder);
        var (bytes, files) = (after - (before ?? 0), before is null ? 1 : 0);
        lock (usage)
        {
            if (files > 0 && usage.Files + files > quotaFiles)
            {
                throw new ConnectorException(
                    "FILE_QUOTA", $"The tenant has {usage.Files} files; {quotaFiles} is the most.");
            }

            if (bytes > 0 && usage.Bytes + bytes > quotaBytes)
            {
                throw new ConnectorException(
                    "FILE_QUOTA",
                    $"The tenant's files hold {usage.Bytes} bytes; with this one it would be more than {quotaBytes}.");
            }

            usage.Add(bytes, files);
        }

        return () => Change(usage, -bytes, -files);
    }

    /// <summary>Takes note of a file that was deleted.</summary>
    public void Release(Guid tenantId, string folder, long bytes) => Change(Of(tenantId, folder), -bytes, -1);

    private static void Change(Usage usage, long bytes, int files)
    {
        lock (usage)
        {
            usage.Add(bytes, files);
        }
    }

    private Usage Of(Guid tenantId, string folder)
    {
        if (_known.TryGetValue(tenantId, out var known)
            && clock.GetElapsedTime(known.MeasuredAt) < Limits.FileUsageTrust)
        {
            return known;
        }

        if (_known.Count >= Limits.FileUsagesKnown)
        {
            _known.Clear(); // each is measured again when it is needed
        }

        return _known[tenantId] = Measure(folder);
    }

    private Usage Measure(string folder)
    {
        var usage = new Usage(clock.GetTimestamp());
        if (!Directory.Exists(folder))
        {
            return usage;
        }

        // One file more than it may have is as many as anybody needs to know of.
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", Everything).Take(quotaFiles + 1))
        {
            usage.Add(file.Length, 1);
        }

        return usage;
    }

    private sealed class Usage(long measuredAt)
    {
        public long MeasuredAt => measuredAt;

        public long Bytes { get; private set; }

        public int Files { get; private set; }

        public void Add(long bytes, int files) => (Bytes, Files) = (Bytes + bytes, Files + files);
    }
}
