using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Workflows.Testing;

namespace Workflows.AppHost.Tests;

/// <summary>
/// The environments of the processes of a running platform, as another process of this user sees them.
/// </summary>
public sealed class ProcessRightsTests
{
    // Shows what a script sees of the worker that runs it.
    private const string Peek = """
        {"schema": 1, "nodes": [
          {"id": "peek", "type": "script", "parameters": {"script": "peek", "output": "text"}}],
          "edges": [], "output": "{{ steps.peek.output }}"}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_process_holds_what_it_may_not_and_a_script_sees_nothing_of_its_worker()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Other systems have no /proc.");
        }

        await using var platform = await Platform.StartAsync("debug", Settings(), Token);
        var kept = await File.ReadAllTextAsync(Path.Combine(platform.Folder, "parameters.json"), Token);
        var secrets = JsonElement.Parse(kept).EnumerateObject()
            .ToDictionary(secret => secret.Name, secret => secret.Value.GetString()!);
        var held = platform.Processes().ToLookup(
            process => process.Resource, process => Held(EnvironmentOf(process), secrets));

        Assert.Equal(ProcessRights.Secrets["api"].Order(), Assert.Single(held["api"]));
        Assert.Equal(ProcessRights.Secrets["aisearch"].Order(), Assert.Single(held["aisearch"]));
        Assert.Equal(2, held["worker"].Count());
        Assert.All(held["worker"], Assert.Empty); // it forgets what it was told, for the sake of its scripts

        var seen = await PeekAsync(platform);
        Assert.True(
            Environment.UserName != "root" || seen.Contains("Worker__Scripts__peek__Command", StringComparison.Ordinal),
            $"The script did not look: {seen}");
        Assert.Empty(Held(seen, secrets));
        Assert.DoesNotContain("Username=postgres", seen, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Settings() => new()
    {
        ["Worker__Scripts__peek__Command"] = "/bin/sh",
        ["Worker__Scripts__peek__Arguments__0"] = "-c",
        ["Worker__Scripts__peek__Arguments__1"] = "tr '\\0' '\\n' <\"/proc/$PPID/environ\" 2>/dev/null || true",
        // What the AppHost is told itself is no service's business.
        ["Parameters__postgres-password"] = "told-to-the-apphost-by-variable",
    };

    // A worker closes its own to all but root.
    private static string EnvironmentOf(PlatformProcess process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/environ");
        }
        catch (UnauthorizedAccessException) when (process.Resource == "worker")
        {
            return "";
        }
    }

    private static IEnumerable<string> Held(string environment, Dictionary<string, string> secrets) =>
        secrets.Where(secret => environment.Contains(secret.Value, StringComparison.Ordinal))
            .Select(secret => secret.Key)
            .Concat(environment.Contains("told-to-the-apphost", StringComparison.Ordinal) ? ["postgres-password"] : [])
            .Order();

    private static async Task<string> PeekAsync(Platform platform)
    {
        using var client = new PlatformClient(platform);
        var workflow = await client.PublishAsync("peek", Peek);
        using var http = new HttpClient { BaseAddress = platform.Api };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", platform.ApiKey);
        http.DefaultRequestHeaders.TryAddWithoutValidation("Prefer", "wait=30");
        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync($"/api/v1/workflows/{workflow}/execute", body, Token);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
        var execution = answer.RootElement.GetProperty("data");
        Assert.Equal("completed", execution.GetProperty("status").GetString());
        return execution.GetProperty("output").GetString()!;
    }
}
