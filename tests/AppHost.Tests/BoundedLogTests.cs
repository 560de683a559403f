using Workflows.AppHost.Local;

namespace Workflows.AppHost.Tests;

/// <summary>Logs that are bounded whatever is written, and nobody else's to read.</summary>
public sealed class BoundedLogTests : IDisposable
{
    private const int MaxBytes = 1_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("workflows-logs-").FullName;

    private string Log => Path.Combine(_folder, "api.log");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_keeps_the_newest_lines_in_three_files_of_bounded_size()
    {
        await using (var log = new BoundedLog(Log, MaxBytes))
        {
            for (var line = 0; line < 500; line++)
            {
                await log.WriteLineAsync($"line {line} äöü");
            }
        }

        string[] files = [$"{Log}.2", $"{Log}.1", Log];
        Assert.Equal(files.Order(), Directory.EnumerateFiles(_folder).Order());
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, MaxBytes));
        var lines = files.SelectMany(File.ReadLines).ToList();
        Assert.Equal(
            Enumerable.Range(500 - lines.Count, lines.Count).Select(line => $"line {line} äöü"), lines);
        Assert.All(files, file => Assert.True(
            OperatingSystem.IsWindows()
            || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite)));
    }

    [Fact]
    public async Task A_line_that_is_larger_than_a_file_is_cut()
    {
        await using (var log = new BoundedLog(Log, MaxBytes))
        {
            await log.WriteLineAsync(new string('x', 10 * MaxBytes));
            await log.WriteLineAsync("after");
        }

        Assert.InRange(new FileInfo($"{Log}.1").Length, 1, MaxBytes);
        Assert.Equal(["after"], await File.ReadAllLinesAsync(Log, Token));
    }

    [Fact]
    public async Task A_start_keeps_the_log_of_the_run_before()
    {
        await File.WriteAllTextAsync(Log, "before\n", Token);
        await using (var log = new BoundedLog(Log))
        {
            await log.WriteLineAsync("now");
        }

        Assert.Equal("before\n", await File.ReadAllTextAsync($"{Log}.1", Token));
        Assert.Equal("now\n", await File.ReadAllTextAsync(Log, Token));
    }

    [Fact]
    public async Task A_log_that_another_writes_is_emptied_under_its_hands_and_goes_on()
    {
        await using var other = new FileStream(
            Log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await other.WriteAsync(new byte[MaxBytes + 1], Token);
        await other.FlushAsync(Token);

        BoundedLog.Cut(Log, MaxBytes + 1); // not yet too large
        Assert.Equal(MaxBytes + 1, new FileInfo(Log).Length);
        BoundedLog.Cut(Log, MaxBytes);

        Assert.Equal(MaxBytes + 1, new FileInfo($"{Log}.1").Length);
        Assert.Equal(0, new FileInfo(Log).Length);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
