using System.Text.Json.Nodes;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// Two steps of <c>aspire publish</c>: <c>publish-compose</c> writes the folder <c>compose</c>,
/// <c>publish-kubernetes</c> the folder <c>kubernetes</c>, both beside Aspire's manifest, which they read.
/// <c>Images:Registry</c> and <c>Images:Tag</c> say where the images of the projects are.
/// </summary>
internal static class DeploymentPublishers
{
    private const string DefaultTag = "dev";

    // The pipeline is Aspire's way to publish; its types are still called experimental.
#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004
    public static void AddDeploymentPublishers(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsPublishMode)
        {
            return;
        }

        var registry = builder.Configuration["Images:Registry"] is { Length: > 0 } named
            ? $"{named.TrimEnd('/')}/"
            : string.Empty;
        var tag = builder.Configuration["Images:Tag"] is { Length: > 0 } wished ? wished : DefaultTag;
        AddStep("compose", WriteCompose);
        AddStep("kubernetes", WriteKubernetes);

        void AddStep(string target, Action<Deployment, string> write) =>
            builder.Pipeline.AddStep(
                $"publish-{target}",
                async context =>
                {
                    var output = context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory();
                    var manifest = await File.ReadAllTextAsync(
                        Path.Combine(output, "aspire-manifest.json"), context.CancellationToken);
                    var deployment = ManifestReader.Read(
                        JsonNode.Parse(manifest)!, context.Model, name => $"{registry}workflows-{name}:{tag}");
                    write(deployment, Directory.CreateDirectory(Path.Combine(output, target)).FullName);
                },
                dependsOn: "publish-manifest",
                requiredBy: WellKnownPipelineSteps.Publish);
    }
#pragma warning restore ASPIREPIPELINES001, ASPIREPIPELINES004

    private static void WriteCompose(Deployment deployment, string folder)
    {
        var (yaml, settings) = ComposeFile.Write(deployment);
        File.WriteAllText(Path.Combine(folder, "docker-compose.yaml"), yaml);
        SettingsFile.Write(
            Path.Combine(folder, ".env"),
            [
                "What docker-compose.yaml leaves open. Publishing again keeps what is filled in, but for the images.",
                "Keep it as safe as the data: its secrets open them.",
            ],
            settings);
    }

    private static void WriteKubernetes(Deployment deployment, string folder)
    {
        foreach (var (name, content) in KubernetesFiles.Write(deployment))
        {
            File.WriteAllText(Path.Combine(folder, name), content);
        }

        SettingsFile.Write(
            Path.Combine(folder, KubernetesFiles.SecretsFile),
            [
                "The secrets, of which kustomization.yaml makes one object. Publishing again keeps what is filled in.",
                "Keep it as safe as the data: it opens them.",
            ],
            [.. deployment.Settings.Where(setting => setting.IsSecret)]);
        SettingsFile.Write(
            Path.Combine(folder, KubernetesFiles.SettingsFile),
            ["The settings, of which kustomization.yaml makes one object. Publishing again keeps what is filled in."],
            [.. deployment.Settings.Where(setting => !setting.IsSecret)]);
    }
}
