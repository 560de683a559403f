using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Workflows.AppHost;

/// <summary>
/// What whoever starts the platform may choose, by environment variable (<c>Api__Replicas</c>) or argument (<c>--Api:Replicas=2</c>).
/// Where the servers run is said by <c>Servers</c>, ports by <c>Ports:NAME</c>, the data folder by <c>LocalFolder</c>.
/// </summary>
/// <param name="HasDashboard"><c>Dashboard=off</c> leaves it out: services then export no telemetry and take any free port.</param>
/// <param name="ApiReplicas"><c>Api:Replicas</c>, 1 to 16.</param>
/// <param name="PublicUrl"><c>Api:PublicUrl</c>, the address that callers from outside use.</param>
internal sealed record PlatformOptions(bool HasDashboard, int ApiReplicas, string? PublicUrl)
{
    private const int MaxApiReplicas = 16;

    private string? DrainSeconds { get; init; }

    private bool IsForCompose { get; init; }

    /// <summary>Reads them before there is a builder, which has to be told of the dashboard.</summary>
    /// <exception cref="DistributedApplicationException">A value is none of those that are possible.</exception>
    public static PlatformOptions Read(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var dashboard = configuration["Dashboard"] ?? "on";
        if (dashboard is not ("on" or "off"))
        {
            throw new DistributedApplicationException($"Dashboard is '{dashboard}'; it can be on or off.");
        }

        var replicas = configuration["Api:Replicas"] ?? "1";
        if (!int.TryParse(replicas, NumberStyles.None, CultureInfo.InvariantCulture, out var apiReplicas) || apiReplicas is < 1 or > MaxApiReplicas)
        {
            throw new DistributedApplicationException($"Api:Replicas is '{replicas}'; it can be 1 to {MaxApiReplicas}.");
        }

        return new(dashboard == "on", apiReplicas, NullIfEmpty(configuration["Api:PublicUrl"]))
        {
            DrainSeconds = NullIfEmpty(configuration["Api:DrainSeconds"]),
            IsForCompose = configuration["Deployment:Target"] == "compose",
        };
    }

    /// <summary>
    /// <c>Api:DrainSeconds</c>, or 0 where nobody looks at the health to spread the load, so that a stop need not wait for whoever does.
    /// Null leaves the API's own.
    /// </summary>
    public string? ApiDrainSeconds(DistributedApplicationExecutionContext context) =>
        DrainSeconds ?? (context.IsRunMode || IsForCompose ? "0" : null);

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
