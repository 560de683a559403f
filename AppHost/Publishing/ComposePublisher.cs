using System.Text.Json.Nodes;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// The step <c>publish-compose</c> of <c>aspire publish</c>: writes <c>docker-compose.yaml</c> and <c>.env</c> beside Aspire's manifest. That is
/// read, for its format is documented and stable: no package beyond Aspire.Hosting is needed.
/// </summary>
internal static class ComposePublisher
{
#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004 // the pipeline is Aspire's way to publish; its types are still called experimental
    public static void AddDeploymentPublishers(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            builder.Pipeline.AddStep("publish-compose", PublishAsync, dependsOn: "publish-manifest", requiredBy: WellKnownPipelineSteps.Publish);
        }
    }

    private static async Task PublishAsync(PipelineStepContext context)
    {
        var folder = context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory();
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "aspire-manifest.json"), context.CancellationToken))!;
        var file = new ComposeFile(manifest["resources"]!.AsObject(), context.Model);
        await File.WriteAllTextAsync(Path.Combine(folder, "docker-compose.yaml"), file.Yaml, context.CancellationToken);
        await File.WriteAllLinesAsync(Path.Combine(folder, ".env"), file.Environment.Select(entry => $"{entry.Key}={entry.Value}"), context.CancellationToken);
    }
#pragma warning restore ASPIREPIPELINES001, ASPIREPIPELINES004
}
