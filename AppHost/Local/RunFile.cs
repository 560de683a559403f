using System.Text.Json.Nodes;

namespace Workflows.AppHost.Local;

/// <summary>What <see cref="RunFile"/> tells of.</summary>
internal sealed record PlatformResources(
    IResourceBuilder<ProjectResource> Api,
    IResourceBuilder<ProjectResource> AiSearch,
    IResourceBuilder<ProjectResource> Worker,
    IResourceBuilder<IResourceWithConnectionString> Database,
    IResourceBuilder<IResourceWithConnectionString> Redis,
    IResourceBuilder<ParameterResource> OwnerEmail);

/// <summary>
/// Tells scripts where the running platform is: <c>.local/run.json</c>, readable by its owner only, written once all
/// services are ready. The API keeps the credentials of its first start in a file beside it, which is merged in.
/// </summary>
internal sealed class RunFile(PlatformResources platform, string folder)
{
    private const int Services = 3;

    private readonly string _path = Path.Combine(folder, "run.json");
    private readonly string _credentials = Path.Combine(folder, "credentials.json");
    private int _ready;

    public void Write()
    {
        Directory.CreateDirectory(folder);
        File.Delete(_path);
        platform.Api.WithEnvironment("Bootstrap__CredentialsFile", _credentials);
        platform.Api.OnResourceReady((_, _, cancellationToken) => WriteWhenLastAsync(cancellationToken));
        platform.AiSearch.OnResourceReady((_, _, cancellationToken) => WriteWhenLastAsync(cancellationToken));
        platform.Worker.OnResourceReady((_, _, cancellationToken) => WriteWhenLastAsync(cancellationToken));
    }

    private async Task WriteWhenLastAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _ready) < Services)
        {
            return; // Later ones come from restarts. They write the same again.
        }

        var content = new JsonObject
        {
            ["api"] = platform.Api.GetEndpoint("http").Url,
            ["aiSearch"] = platform.AiSearch.GetEndpoint("http").Url,
            ["ownerEmail"] = await platform.OwnerEmail.Resource.GetValueAsync(cancellationToken),
            ["ownerPassword"] = null,
            ["apiKey"] = null,
            ["postgres"] = await platform.Database.Resource.GetConnectionStringAsync(cancellationToken),
            ["redis"] = await platform.Redis.Resource.GetConnectionStringAsync(cancellationToken),
        };
        if (File.Exists(_credentials))
        {
            var credentials = JsonNode.Parse(await File.ReadAllTextAsync(_credentials, cancellationToken))!.AsObject();
            foreach (var (name, value) in credentials)
            {
                content[name] = value?.DeepClone();
            }
        }

        LocalFile.Write(_path, content.ToJsonString(LocalFile.Indented));
    }
}
