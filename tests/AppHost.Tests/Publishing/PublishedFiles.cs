using System.Diagnostics;
using System.Text.Json.Nodes;
using k8s;
using Workflows.Testing;
using YamlDotNet.Serialization;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>
/// What the AppHost publishes, as a process as whoever deploys starts it. The folder lies as deep in the repository
/// as <c>Published</c>, so that relative paths in the manifest are the same.
/// </summary>
public sealed class PublishedFiles : IAsyncLifetime
{
    private static readonly string Root = Path.Combine(Repository.Root, "artifacts", "published");
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>The committed copy.</summary>
    public static string Committed { get; } = Path.Combine(Repository.Root, "tests", "AppHost.Tests", "Published");

    public string Folder { get; } = NewFolder();

    public JsonObject Manifest => JsonNode.Parse(Text("aspire-manifest.json"))!["resources"]!.AsObject();

    public JsonObject Compose => ParseYaml(Text("compose/docker-compose.yaml")).AsObject();

    /// <summary>
    /// The objects of all files of the folder <c>kubernetes</c>; a member that its type does not have is an error.
    /// </summary>
    public IReadOnlyList<object> KubernetesObjects =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Folder, "kubernetes"), "*.yaml")
            .Where(path => Path.GetFileName(path) != "kustomization.yaml")
            .SelectMany(path => KubernetesYaml.LoadAllFromString(File.ReadAllText(path), null, strict: true)),
    ];

    public string Text(string name) => File.ReadAllText(Path.Combine(Folder, name));

    /// <summary>The lines <c>NAME=value</c> of a file.</summary>
    public IReadOnlyDictionary<string, string> Settings(string name) => ReadSettings(Path.Combine(Folder, name));

    public static IReadOnlyDictionary<string, string> ReadSettings(string path) => File.ReadLines(path)
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts[1]);

    public static string NewFolder() => Path.Combine(Root, Guid.CreateVersion7().ToString("N"));

    /// <summary>Publishes into <paramref name="folder"/>.</summary>
    /// <param name="folder">Where to; it may exist.</param>
    /// <param name="configuration">Settings of the AppHost.</param>
    public static async Task PublishAsync(string folder, params (string Name, string Value)[] configuration)
    {
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var program = Path.Combine(
            Repository.Root, "artifacts", "bin", "AppHost", Path.GetFileName(own), "Workflows.AppHost.dll");
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "exec", program, "--operation", "publish", "--step", "publish", "--output-path", folder },
            WorkingDirectory = Path.Combine(Repository.Root, "AppHost"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in configuration)
        {
            start.ArgumentList.Add($"--{name}={value}");
        }

        var token = TestContext.Current.CancellationToken;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(token);
        var errors = process.StandardError.ReadToEndAsync(token);
        await process.WaitForExitAsync(token).WaitAsync(Timeout, token);
        Assert.True(process.ExitCode == 0, $"Publishing ended with {process.ExitCode}: {await output} {await errors}");
    }

    public static JsonNode ParseYaml(string text)
    {
        var reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
        var document = reader.Deserialize<object>(text);
        return JsonNode.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(document))!;
    }

    public async ValueTask InitializeAsync() => await PublishAsync(Folder);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Published once for all tests that only read.</summary>
[CollectionDefinition(nameof(PublishedFiles))]
public sealed class OnePublication : ICollectionFixture<PublishedFiles>;
