using Workflows.Connectors;
using Workflows.Engine.Connectors;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Files of tenants in a folder of the operator's (<c>Worker:FileRoot</c>), each tenant in one of its own. Guarantees: no path leads out of the tenant's folder, also
/// not through a link that lies in it; a file appears whole or not at all.
/// </summary>
/// <param name="options">The folder, and what one tenant may have in it.</param>
/// <param name="clock">Tells how old a measurement is.</param>
/// <param name="filesLookedAt">Files that one list looks at.</param>
internal sealed class FolderStorage(
    WorkerOptions options, TimeProvider clock, int filesLookedAt = Limits.FilesLookedAt)
{
    private readonly FolderUsage _usage = new(options.FileQuotaBytes, options.FileQuotaCount, clock);

    public async Task<byte[]?> ReadAsync(Guid tenantId, string path, int maxBytes, CancellationToken cancellationToken)
    {
        var file = new FileInfo(Locate(tenantId, path));
        if (!file.Exists)
        {
            return null;
        }

        return file.Length <= maxBytes
            ? await File.ReadAllBytesAsync(file.FullName, cancellationToken)
            : throw new ConnectorException("FILE_TOO_LARGE", $"The file is larger than {maxBytes} bytes.");
    }

    public async Task WriteAsync(Guid tenantId, string path, byte[] content, CancellationToken cancellationToken)
    {
        var target = Locate(tenantId, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var temporary = Path.Combine(Folder(tenantId), $".{Guid.CreateVersion7():N}.new");
        var before = new FileInfo(target);
        var takeBack = _usage.Reserve(tenantId, Folder(tenantId), before.Exists ? before.Length : null, content.Length);
        try
        {
            await File.WriteAllBytesAsync(temporary, content, cancellationToken);
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            takeBack();
            throw;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public void Delete(Guid tenantId, string path)
    {
        var target = new FileInfo(Locate(tenantId, path));
        if (target.Exists) // its folder may be missing, which File.Delete would not forgive
        {
            var bytes = target.Length;
            target.Delete();
            _usage.Release(tenantId, Folder(tenantId), bytes);
        }
    }

    /// <summary>Files whose path begins so, in order.</summary>
    /// <exception cref="ConnectorException">FILE_LIST_TOO_LARGE: there are more below the folder that the path names
    /// than anybody may have looked at.</exception>
    public (IReadOnlyList<StoredFile> Files, bool IsTruncated) List(Guid tenantId, string path, int count)
    {
        var folder = Folder(tenantId);
        var all = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden,
        };
        var start = path.Contains('\0', StringComparison.Ordinal) ? null : StartOf(folder, path);
        var looked = 0;
        var files = start is null
            ? []
            : new DirectoryInfo(start).EnumerateFiles("*", all)
                .TakeWhile(_ => ++looked <= filesLookedAt)
                .Select(file => new StoredFile(
                    Path.GetRelativePath(folder, file.FullName).Replace('\\', '/'), file.Length, file.LastWriteTimeUtc))
                .Where(file => file.Path.StartsWith(path, StringComparison.Ordinal))
                .OrderBy(file => file.Path, StringComparer.Ordinal).Take(count + 1).ToList();
        return looked <= filesLookedAt
            ? (files[..Math.Min(files.Count, count)], files.Count > count)
            : throw new ConnectorException(
                "FILE_LIST_TOO_LARGE",
                $"There are more than {filesLookedAt} files to look at; begin the path with the folder they are in.");
    }

    // The folder that all files of the prefix are in, so that no other is read: of "a/b/c" that is "a/b". Null when there
    // is none, or when the path leads elsewhere.
    private static string? StartOf(string folder, string path)
    {
        var named = path.LastIndexOf('/') is > 0 and var end ? path[..end] : "";
        var start = named.Length == 0 ? folder : Path.Combine(folder, named);
        if (Path.GetFullPath(start) != start || !start.StartsWith(folder, StringComparison.Ordinal))
        {
            return null; // no file's path begins so
        }

        for (var part = new DirectoryInfo(start); part.FullName.Length > folder.Length; part = part.Parent!)
        {
            if (part.LinkTarget is not null)
            {
                return null;
            }
        }

        return Directory.Exists(start) ? start : null;
    }

    private string Folder(Guid tenantId) => options.FileRoot is { Length: > 0 } root
        ? Path.GetFullPath(Path.Combine(root, tenantId.ToString("N")))
        : throw new ConnectorException("FILE_STORAGE_OFF", "The operator offers no folder for files (Worker:FileRoot); name a connector of the type 's3'.");

    private string Locate(Guid tenantId, string path)
    {
        var folder = Folder(tenantId);
        var target = Path.GetFullPath(Path.Combine(folder, FilePaths.Checked(path)));
        if (!target.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new ConnectorException("FILE_PATH", "The path leaves the tenant's folder.");
        }

        for (FileSystemInfo? part = new FileInfo(target); part is not null && part.FullName.Length > folder.Length; part = Directory.GetParent(part.FullName))
        {
            if (part.LinkTarget is not null)
            {
                throw new ConnectorException("FILE_PATH", "The path leads through a link.");
            }
        }

        return target;
    }
}
