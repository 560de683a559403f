using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Embedded;

/// <summary>Finds the program the build made of a project and says how to start it.</summary>
internal static class ProjectProgram
{
    public static ProcessCommand CommandOf(ProjectResource resource, IReadOnlyDictionary<string, string> environment)
    {
        if (!resource.TryGetLastAnnotation<IProjectMetadata>(out var project))
        {
            throw new DistributedApplicationException($"Resource '{resource.Name}' has no project.");
        }

        if (project is not IBuiltProject { TargetPath: var program })
        {
            throw new DistributedApplicationException(
                $"{project.ProjectPath} was not built as part of the AppHost. Reference it as a project.");
        }

        if (!File.Exists(program))
        {
            throw new DistributedApplicationException($"{program} is missing. Build the AppHost again.");
        }

        var profile = resource.Annotations.OfType<EffectiveLaunchProfile>().FirstOrDefault()?.Profile;
        return new ProcessCommand(DotnetHost(), ["exec", program, .. Split(profile?.CommandLineArgs)])
        {
            WorkingDirectory = Path.GetDirectoryName(project.ProjectPath),
            Environment = environment,
        };
    }

    private static string[] Split(string? arguments) =>
        arguments?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>The dotnet that runs this host, so that both use one runtime.</summary>
    private static string DotnetHost()
    {
        if (Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            return self;
        }

        // The shared framework lies at ROOT/shared/Microsoft.NETCore.App/VERSION.
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var beside = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
        return File.Exists(beside) ? beside : "dotnet";
    }
}
