using System.Globalization;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// A deployment as Docker Compose reads it: <c>docker-compose.yaml</c>, and what <c>.env</c> has to name.
/// </summary>
internal static class ComposeFile
{
    private const string Comment = """
        # Written by publishing the AppHost, which overwrites it: changes belong into docker-compose.override.yaml.
        # Fill in .env first. docs/deployment.md of the repository says how.


        """;

    private const string ForwardedHeaders = "ASPNETCORE_FORWARDEDHEADERS_ENABLED";

    private static readonly string[] AllCapabilities = ["ALL"];
    private static readonly string[] NoNewPrivileges = ["no-new-privileges:true"];

    /// <returns>
    /// The document, and the settings to be filled in: those of the deployment, one image for each project, one port
    /// for each way in.
    /// </returns>
    public static (string Yaml, IReadOnlyList<Setting> Settings) Write(Deployment deployment)
    {
        var settings = new List<Setting>();
        foreach (var workload in deployment.Workloads
            .Where(workload => workload is { IsProject: true, Operation.RunsOnce: false }))
        {
            var comment = $"The image of {workload.Name}.";
            settings.Add(new Setting(ImageName(workload), IsSecret: false, comment, workload.Image));
        }

        foreach (var workload in deployment.Workloads.Where(workload => workload.IsExternal))
        {
            var comment = $"The port of this machine at which {workload.Name} is reached, as in 8080.";
            settings.Add(new Setting(PortName(workload), IsSecret: false, comment));
        }

        var document = Yaml.Map(
            ("name", "workflows"),
            ("services", Yaml.Map(
                deployment.Workloads.Select(workload => (workload.Name, (object?)Service(workload, deployment))))),
            ("volumes", Yaml.Map(deployment.Workloads.SelectMany(workload => workload.Volumes)
                .Select(mount => (mount.Volume, (object?)Yaml.Map(("name", mount.Volume)))))));
        return (Comment + Yaml.Write(document), [.. settings, .. deployment.Settings]);
    }

    private static OrderedDictionary<string, object> Service(Workload workload, Deployment deployment)
    {
        var operation = workload.Operation;
        return Yaml.Map(
            ("image", workload.IsProject ? Required(ImageName(workload)) : workload.Image),
            ("entrypoint", workload.Entrypoint is { } entrypoint ? new[] { entrypoint } : null),
            ("command", workload.Arguments.Select(Render).ToList()),
            ("environment", Yaml.Map(
                Environment(workload).Select(variable => (variable.Key, (object?)variable.Value)))),
            ("ports", workload.IsExternal ? new[] { $"{Required(PortName(workload))}:{Text(workload.Port)}" } : null),
            ("volumes", workload.Volumes.Select(mount => $"{mount.Volume}:{mount.Target}").ToList()),
            ("depends_on", Yaml.Map(
                workload.WaitsFor.Select(
                    name => (name, (object?)Yaml.Map(("condition", Condition(name, deployment))))))),
            ("healthcheck", operation.RunsOnce ? null : Yaml.Map(
                ("test", (string[])["CMD", .. operation.HealthCheck.Select(Template.Escape)]),
                ("interval", "5s"),
                ("timeout", "5s"),
                ("retries", 3),
                ("start_period", Seconds(operation.StartSeconds)))),
            ("restart", operation.RunsOnce ? "no" : "unless-stopped"),
            ("stop_grace_period", Seconds(operation.StopSeconds)),
            ("deploy", Yaml.Map(
                // Several cannot have one port of the machine.
                ("replicas", workload.IsExternal ? 1 : workload.Replicas),
                ("resources", Yaml.Map(("limits", Yaml.Map(("memory", $"{Text(operation.MemoryLimit)}M"))))))),
            ("shm_size", operation.SharedMemory > 0 ? $"{Text(operation.SharedMemory)}m" : null),
            ("user", $"{Text(operation.User)}:{Text(operation.User)}"),
            ("read_only", true),
            ("tmpfs", operation.ScratchFolders),
            ("cap_drop", AllCapabilities),
            ("security_opt", NoNewPrivileges),
            ("init", workload.IsProject ? true : null)); // collects what scripts of a worker leave behind
    }

    private static IEnumerable<KeyValuePair<string, string>> Environment(Workload workload)
    {
        // Callers reach the port of the machine themselves. Were what they forward believed, each could name the address
        // that counts for limits and the log of activity.
        foreach (var (name, value) in workload.Environment.Where(variable => variable.Key != ForwardedHeaders))
        {
            yield return KeyValuePair.Create(name, Render(value));
        }

        // Nobody looks at the health here to spread the load, so that a stop need not wait for whoever does.
        if (workload.Operation.Drains && workload.Environment.All(variable => variable.Key != Operation.DrainVariable))
        {
            yield return KeyValuePair.Create(Operation.DrainVariable, "0");
        }
    }

    private static string Render(Template template) => template.Render(setting => Required(setting.Name));

    /// <summary>Compose starts nothing while it is empty.</summary>
    private static string Required(string name) => $"${{{name}:?}}";

    private static string Condition(string awaited, Deployment deployment) =>
        deployment.Workloads.Single(workload => workload.Name == awaited).Operation.RunsOnce
            ? "service_completed_successfully"
            : "service_healthy";

    // workflows-api is API_IMAGE: the migration is the API's program and has its image.
    private static string ImageName(Workload workload) =>
        $"{workload.ImageName.Split('-', 2)[^1].ToUpperInvariant()}_IMAGE";

    private static string PortName(Workload workload) => $"{workload.Name.ToUpperInvariant()}_PORT";

    private static string Seconds(int seconds) => $"{Text(seconds)}s";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
