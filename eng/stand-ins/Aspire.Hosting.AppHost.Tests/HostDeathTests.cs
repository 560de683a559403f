using System.Diagnostics;
using Workflows.Testing;

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>The AppHost as a process of its own, killed without warning.</summary>
public sealed class HostDeathTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestHost _host = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task No_process_outlives_a_killed_host_and_the_next_one_finds_everything_as_it_was()
    {
        using var first = await StartAsync();
        var processes = _host.Processes();
        var variables = await _host.EnvironmentOfAsync("service-1");
        var passwordOfRedis = variables["REDIS_PASSWORD"];
        await Servers.RedisClient.AskAsync((int)_host.Process("redis")["port"]!, passwordOfRedis, "SET kept value");
        Assert.Equal(4, processes.Length);

        // everysec: what a second old is, is on the disk
        await Eventually.TrueAsync(
            async () => await Servers.RedisClient.AskAsync((int)_host.Process("redis")["port"]!, passwordOfRedis, "WAITAOF 1 0 1000") == "*2",
            Limit, Cancelled);
        first.Kill();
        await first.WaitForExitAsync(Cancelled);

        await Eventually.TrueAsync(() => processes.All(process => !IsAlive((int)process["pid"]!)), Limit, Cancelled);
        await Eventually.TrueAsync(() => Directory.GetFiles(_host.PathOf("pids")).Length == 0, Limit, Cancelled);

        using var second = await StartAsync();
        var again = await _host.EnvironmentOfAsync("service-1");
        Assert.Equal(variables["ConnectionStrings__items"], again["ConnectionStrings__items"]);
        Assert.Equal(variables["ASPNETCORE_URLS"], again["ASPNETCORE_URLS"]);
        Assert.Equal("$5", await Servers.RedisClient.AskAsync((int)_host.Process("redis")["port"]!, again["REDIS_PASSWORD"], "GET kept"));
        await StopAsync(second);
        Assert.Empty(_host.Processes());
    }

    [Fact]
    public async Task Leftovers_of_a_host_that_died_with_its_watcher_are_ended_by_the_next_one()
    {
        using var first = await StartAsync();
        var processes = _host.Processes();
        foreach (var watcher in Process.GetProcesses().Where(IsWatcherOfThisFolder))
        {
            watcher.Kill();
        }

        first.Kill();
        await first.WaitForExitAsync(Cancelled);
        Assert.Contains(processes, process => IsAlive((int)process["pid"]!));

        using var second = await StartAsync();
        Assert.All(processes, process => Assert.False(IsAlive((int)process["pid"]!)));
        await StopAsync(second);
    }

    private static bool IsAlive(int processId) =>
        File.Exists($"/proc/{processId}/stat") && !File.ReadAllText($"/proc/{processId}/stat").Contains(") Z ", StringComparison.Ordinal);

    private bool IsWatcherOfThisFolder(Process process)
    {
        var arguments = $"/proc/{process.Id}/cmdline";
        return File.Exists(arguments)
            && File.ReadAllText(arguments) is var text
            && text.Contains("reap.sh", StringComparison.Ordinal)
            && text.Contains(_host.Folder, StringComparison.Ordinal);
    }

    private async Task<Process> StartAsync()
    {
        File.Delete(_host.PathOf("ready"));
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", new Projects.Aspire_Hosting_AppHost_Sample().TargetPath, "apphost",
            $"--Embedded:LocalFolder={_host.Folder}", "--Embedded:Silent=true", $"--WORKFLOWS_SERVERS_BIN={Repository.ServersBin()}"])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        await Eventually.TrueAsync(() => process.HasExited || File.Exists(_host.PathOf("ready")), Limit, Cancelled);
        Assert.False(process.HasExited);
        return process;
    }

    private static async Task StopAsync(Process host)
    {
        using var signal = Process.Start("kill", ["-TERM", $"{host.Id}"]);
        await host.WaitForExitAsync(Cancelled);
        Assert.Equal(0, host.ExitCode);
    }
}
