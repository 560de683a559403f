using System.Text;

namespace Workflows.AppHost.Local;

/// <summary>
/// A log that never outgrows <see cref="Limits.LogBytes"/> for each of its files: the present one and
/// <see cref="Limits.LogGenerations"/> older ones (<c>api.log</c>, <c>api.log.1</c>, …). Readable by its owner only, as
/// lines may hold data.
/// </summary>
internal sealed class BoundedLog : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly long _maxBytes;
    private StreamWriter _writer;
    private long _bytes;

    /// <param name="path">Where the present one is; what lies there becomes the first of the older ones.</param>
    /// <param name="maxBytes">Bytes of one file.</param>
    public BoundedLog(string path, long maxBytes = Limits.LogBytes)
    {
        (_path, _maxBytes) = (path, maxBytes);
        if (File.Exists(path))
        {
            MoveOn(path);
        }

        _writer = Open(path);
    }

    /// <summary>Adds a line; one that is longer than a whole file is cut.</summary>
    public async Task WriteLineAsync(string line)
    {
        var text = line.Length < _maxBytes ? line : line[..(int)(_maxBytes - 1)];
        var bytes = Encoding.UTF8.GetByteCount(text) + 1;
        if (_bytes > 0 && _bytes + bytes > _maxBytes)
        {
            await _writer.DisposeAsync();
            MoveOn(_path);
            _writer = Open(_path);
            _bytes = 0;
        }

        _bytes += bytes;
        await _writer.WriteAsync(text.AsMemory());
        await _writer.WriteAsync('\n');
        await _writer.FlushAsync();
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    /// <summary>
    /// The same bound for a file that another writes to its end (<c>&gt;&gt;</c>): the content is copied away and the
    /// file emptied. What is written between the two is lost.
    /// </summary>
    public static void Cut(string path, long maxBytes = Limits.LogBytes)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length <= maxBytes)
        {
            return;
        }

        Shift(path);
        file.CopyTo($"{path}.1");
        using var emptied = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        emptied.SetLength(0);
    }

    private static StreamWriter Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new StreamWriter(path, options);
    }

    private static void MoveOn(string path)
    {
        Shift(path);
        File.Move(path, $"{path}.1");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode($"{path}.1", OwnerOnly); // it may be of a version that let everybody read
        }
    }

    private static void Shift(string path)
    {
        File.Delete($"{path}.{Limits.LogGenerations}");
        for (var generation = Limits.LogGenerations - 1; generation > 0; generation--)
        {
            if (File.Exists($"{path}.{generation}"))
            {
                File.Move($"{path}.{generation}", $"{path}.{generation + 1}");
            }
        }
    }
}
