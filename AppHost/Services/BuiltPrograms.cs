namespace Workflows.AppHost.Services;

/// <summary>How the services run on this machine; nothing of it concerns what is published.</summary>
internal static class BuiltPrograms
{
    private static readonly string[] OwnSections = ["Parameters__", "ConnectionStrings__"];

    /// <summary>
    /// Starts each service as the program that the build of this AppHost has made, at a known port. Aspire's own way
    /// is <c>dotnet run</c>, which stays beside each service as a process of 140 MB and gets the signals meant for
    /// it. An IDE starts projects its own way.
    /// </summary>
    public static void RunBuiltPrograms(this IDistributedApplicationBuilder builder, PlatformOptions options)
    {
        var isStartedByIde = builder.Configuration["DEBUG_SESSION_PORT"] is not null;
        foreach (var resource in builder.Resources.OfType<ProjectResource>().ToList())
        {
            var project = builder.CreateResourceBuilder(resource).WithRunPort(options.HasDashboard);
            // Else Aspire warns that no developer certificate is trusted, though nothing speaks TLS here.
#pragma warning disable ASPIRECERTIFICATES001
            project.WithoutHttpsCertificate();
#pragma warning restore ASPIRECERTIFICATES001
            project.ForgetParameters();
            if (!options.HasDashboard)
            {
                project.WithEnvironment(ForgetTelemetry);
            }

            if (!isStartedByIde)
            {
                project.RunBuilt();
            }
        }
    }

    private static void RunBuilt(this IResourceBuilder<ProjectResource> project)
    {
        // artifacts/bin/AppHost/release/ of this program or a test's; artifacts/bin/Api/release/ of the service.
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var path = project.Resource.GetProjectMetadata().ProjectPath;
        var name = Path.GetFileNameWithoutExtension(path);
        var program = Path.GetFullPath(
            Path.Combine(own, "..", "..", name, Path.GetFileName(own), $"Workflows.{name}.dll"));
        if (!File.Exists(program))
        {
            throw new DistributedApplicationException($"{project.Resource.Name} is not built: there is no {program}.");
        }

        project
            .WithAnnotation(new ExecutableAnnotation
            {
                Command = "dotnet",
                WorkingDirectory = Path.GetDirectoryName(path)!,
            })
            .WithArgs(context => // before what the program itself is told
            {
                context.Args.Insert(0, "exec");
                context.Args.Insert(1, program);
            });
    }

    // What the AppHost was told by environment variable is inherited by all that it starts. Secrets are among it: each
    // service is given those that are for it.
    private static void ForgetParameters(this IResourceBuilder<ProjectResource> project)
    {
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsOfTheAppHost))
        {
            project.WithEnvironment(name, string.Empty);
        }
    }

    private static bool IsOfTheAppHost(string variable) =>
        Array.Exists(OwnSections, section => variable.StartsWith(section, StringComparison.OrdinalIgnoreCase));

    // Where nobody listens, Aspire still names an address, and the services would try it for ever.
    private static void ForgetTelemetry(EnvironmentCallbackContext context)
    {
        var names = context.EnvironmentVariables.Keys.Where(name => name.StartsWith("OTEL_", StringComparison.Ordinal));
        foreach (var name in names.ToList())
        {
            context.EnvironmentVariables.Remove(name);
        }
    }
}
