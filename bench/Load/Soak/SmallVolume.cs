using System.Diagnostics;
using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>
/// A volume of its own (tmpfs) for the tablespace that the steps of executions go to, which can be made full: its size
/// is set to what it holds. Only who may mount has one; the log of PostgreSQL stays where it is.
/// </summary>
internal sealed class SmallVolume : IAsyncDisposable
{
    private const string MoveSql = """
        do $$
        declare part record;
        begin
          alter table step_executions set tablespace small;
          for part in select inhrelid::regclass as name from pg_inherits where inhparent = 'step_executions'::regclass
          loop
            execute format('alter table %s set tablespace small', part.name);
          end loop;
        end $$;
        select 1
        """;

    private readonly string _folder;

    private SmallVolume(string folder) => _folder = folder;

    /// <summary>Mounts it and moves the steps there, while there are few.</summary>
    /// <returns>Null where this user may not mount.</returns>
    public static async Task<SmallVolume?> CreateAsync(Platform platform, PlatformClient client)
    {
        var folder = Directory.CreateTempSubdirectory("workflows-volume-").FullName;
        var data = Path.Combine(platform.Folder, "postgres-17");
        if (!await RunAsync("mount", "-t", "tmpfs", "-o", "size=50%,mode=0700", "tmpfs", folder))
        {
            Directory.Delete(folder);
            return null;
        }

        var volume = new SmallVolume(folder);
        await RunAsync("chown", $"--reference={data}", folder);
        await ExecuteAsync(client, $"create tablespace small location '{folder}'");
        await ExecuteAsync(client, "grant create on tablespace small to public");
        await client.ScalarAsync<int>(MoveSql);
        return volume;
    }

    /// <summary>No further page fits.</summary>
    /// <exception cref="InvalidOperationException">The volume could not be changed.</exception>
    public Task FillAsync()
    {
        var drive = new DriveInfo(_folder);
        var kilobytes = (drive.TotalSize - drive.TotalFreeSpace) / 1024;
        return ResizeAsync(string.Create(CultureInfo.InvariantCulture, $"{kilobytes}k"));
    }

    public Task EmptyAsync() => ResizeAsync("50%");

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "--lazy", _folder);
        Directory.Delete(_folder);
    }

    private async Task ResizeAsync(string size)
    {
        if (!await RunAsync("mount", "-o", $"remount,size={size}", _folder))
        {
            throw new InvalidOperationException($"The size of {_folder} could not be set to {size}.");
        }
    }

    private static async Task ExecuteAsync(PlatformClient client, string sql)
    {
#pragma warning disable CA2100 // the folder of a tablespace cannot be a parameter; it is one of this process
        await using var command = client.Database.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
