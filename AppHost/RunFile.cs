using System.Text.Json.Nodes;
using Workflows.AppHost.Servers;

namespace Workflows.AppHost;

/// <summary>
/// Tells scripts where the running platform is: <c>.local/run.json</c>, readable by its owner only, written once all
/// services are ready. The API keeps the credentials of its first start in a file beside it, which is merged in.
/// </summary>
internal static class RunFile
{
    public static void WriteRunFile(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<ProjectResource> api,
        IResourceBuilder<ProjectResource> aiSearch,
        IResourceBuilder<ProjectResource> worker,
        IResourceBuilder<IResourceWithConnectionString> database,
        IResourceBuilder<IResourceWithConnectionString> redis,
        IResourceBuilder<ParameterResource> ownerEmail)
    {
        var folder = ServerProcesses.LocalFolder(builder);
        var runFile = Path.GetFullPath(Path.Combine(folder, "run.json"));
        var credentialsFile = Path.GetFullPath(Path.Combine(folder, "credentials.json"));
        Directory.CreateDirectory(Path.GetDirectoryName(runFile)!);
        File.Delete(runFile);
        api.WithEnvironment("Bootstrap__CredentialsFile", credentialsFile);

        var awaited = 3;
        async Task WriteWhenLastAsync(CancellationToken cancellationToken)
        {
            if (Interlocked.Decrement(ref awaited) > 0)
            {
                return; // later decrements come from restarts; they rewrite the same
            }

            var content = new JsonObject
            {
                ["api"] = api.GetEndpoint("http").Url,
                ["aiSearch"] = aiSearch.GetEndpoint("http").Url,
                ["ownerEmail"] = await ownerEmail.Resource.GetValueAsync(cancellationToken),
                ["ownerPassword"] = null,
                ["apiKey"] = null,
                ["postgres"] = await database.Resource.GetConnectionStringAsync(cancellationToken),
                ["redis"] = await redis.Resource.GetConnectionStringAsync(cancellationToken),
            };
            if (File.Exists(credentialsFile))
            {
                var credentials = JsonNode.Parse(await File.ReadAllTextAsync(credentialsFile, cancellationToken))!.AsObject();
                foreach (var (name, value) in credentials)
                {
                    content[name] = value?.DeepClone();
                }
            }

            LocalFile.Write(runFile, content.ToJsonString(LocalFile.Indented));
        }

        api.OnResourceReady((_, _, cancellationToken) => WriteWhenLastAsync(cancellationToken));
        aiSearch.OnResourceReady((_, _, cancellationToken) => WriteWhenLastAsync(cancellationToken));
        worker.OnResourceReady((_, _, cancellationToken) => WriteWhenLastAsync(cancellationToken));
    }
}
