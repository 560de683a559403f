using System.Text.Json;
using System.Text.Json.Nodes;
using Workflows.Testing;

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>A <c>.local</c> folder of a test's own, and builders that use it. Everything goes when it is disposed.</summary>
internal sealed class TestHost : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("apphost-tests-").FullName;

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <param name="arguments">Configuration as on a command line: <c>--Parameters:name=value</c>.</param>
    public IDistributedApplicationBuilder CreateBuilder(params string[] arguments) => CreateBuilder(disableDashboard: false, arguments);

    public IDistributedApplicationBuilder CreateBuilder(bool disableDashboard, params string[] arguments) =>
        DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            DisableDashboard = disableDashboard,
            ProjectDirectory = Folder,
            Args = [$"--Embedded:LocalFolder={Folder}", "--Embedded:Silent=true", $"--WORKFLOWS_SERVERS_BIN={Repository.ServersBin()}", .. arguments],
        });

    public JsonObject[] Processes()
    {
        var file = PathOf("processes.json");
        return File.Exists(file)
            ? [.. JsonNode.Parse(File.ReadAllText(file))!["processes"]!.AsArray().Select(process => process!.AsObject())]
            : [];
    }

    public JsonObject Process(string name) => Processes().Single(process => (string?)process["name"] == name);

    public string Url(string name) => (string)Process(name)["url"]!;

    public async Task<Dictionary<string, string>> EnvironmentOfAsync(string name)
    {
        using var client = new HttpClient();
        var json = await client.GetStringAsync(new Uri($"{Url(name)}/env"), TestContext.Current.CancellationToken);
        return JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
