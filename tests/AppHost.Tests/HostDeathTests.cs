using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.AppHost.Tests;

/// <summary>
/// An AppHost that is killed leaves nothing behind: no service that goes on working, no server that holds a port and
/// the data.
/// </summary>
public sealed class HostDeathTests
{
    private const int Kill = 9;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Everything_ends_with_a_killed_AppHost()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var platform = await Platform.StartAsync("debug", cancellationToken: cancellationToken);
        var processes = platform.Processes();
        Assert.Equal(6, processes.Count);
        Assert.All(processes, process => Assert.True(IsAlive(process.Id), $"{process.Resource} does not run"));

        Platform.Signal(new PlatformProcess("apphost", 1, platform.AppHostId()), Kill);

        var time = Stopwatch.StartNew();
        while (processes.Any(process => IsAlive(process.Id)))
        {
            var left = processes.Where(process => IsAlive(process.Id)).Select(process => process.Resource);
            Assert.True(time.Elapsed < Limit, $"still there after {Limit.TotalSeconds} s: {string.Join(", ", left)}");
            await Task.Delay(100, cancellationToken);
        }
    }

    // A zombie waits for its parent only.
    private static bool IsAlive(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
