namespace Workflows.AppHost.Commands;

/// <summary>Runs a sample on the running platform.</summary>
internal static class SampleCommand
{
    public static IResourceBuilder<ProjectResource> WithSampleCommand(this IResourceBuilder<ProjectResource> api)
    {
        if (api.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return api;
        }

        var script = Path.GetFullPath(Path.Combine(api.ApplicationBuilder.AppHostDirectory, "..", "eng", "sample.sh"));
#pragma warning disable ASPIREPROCESSCOMMAND001 // Commands that run a program are still called experimental.
        return api.WithProcessCommand("sample", "Run the sample", script, ["order"], new ProcessCommandOptions
        {
            Description = "Publishes an order workflow, has a CloudEvent start it, and shows its steps (eng/sample.sh).",
            IconName = "Play",
            IsHighlighted = true,
            MaxOutputLineCount = Limits.CommandOutputLines,
            UpdateState = CommandStates.WhenHealthy,
        });
#pragma warning restore ASPIREPROCESSCOMMAND001
    }
}
