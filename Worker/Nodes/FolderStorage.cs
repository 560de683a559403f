using Workflows.Connectors;
using Workflows.Engine.Connectors;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Files of tenants in a folder of the operator's (<c>Worker:FileRoot</c>), each tenant in one of its own. Guarantees: no path leads out of the tenant's folder, also
/// not through a link that lies in it; a file appears whole or not at all.
/// </summary>
internal sealed class FolderStorage(WorkerOptions options)
{
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
        try
        {
            await File.WriteAllBytesAsync(temporary, content, cancellationToken);
            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public void Delete(Guid tenantId, string path)
    {
        var target = Locate(tenantId, path);
        if (File.Exists(target)) // its folder may be missing, which File.Delete would not forgive
        {
            File.Delete(target);
        }
    }

    /// <summary>Files whose path begins so, in order.</summary>
    public (IReadOnlyList<StoredFile> Files, bool IsTruncated) List(Guid tenantId, string path, int count)
    {
        var folder = Folder(tenantId);
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden };
        var files = !Directory.Exists(folder)
            ? []
            : new DirectoryInfo(folder).EnumerateFiles("*", all)
                .Select(file => new StoredFile(Path.GetRelativePath(folder, file.FullName).Replace('\\', '/'), file.Length, file.LastWriteTimeUtc))
                .Where(file => file.Path.StartsWith(path, StringComparison.Ordinal))
                .OrderBy(file => file.Path, StringComparer.Ordinal).Take(count + 1).ToList();
        return (files[..Math.Min(files.Count, count)], files.Count > count);
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
