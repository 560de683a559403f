using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Workflows.AppHost;

/// <summary>
/// What whoever starts the platform may choose, by environment variable (<c>Api__Replicas</c>) or argument
/// (<c>--Api:Replicas=2</c>). Where the servers run is said by <c>Servers</c>, ports by <c>Ports:NAME</c>, the data
/// folder by <c>LocalFolder</c>.
/// </summary>
/// <param name="HasDashboard"><c>Dashboard=off</c> leaves it out: services then export no telemetry and take any free
/// port.</param>
/// <param name="PublicUrl"><c>Api:PublicUrl</c>, the address that callers from outside use.</param>
internal sealed record PlatformOptions(bool HasDashboard, string? PublicUrl)
{
    private const int MaxApiReplicas = 16;
    private const int PublishedApiReplicas = 2;

    private int? WishedApiReplicas { get; init; }

    private string? DrainSeconds { get; init; }

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

        return new(dashboard == "on", NullIfEmpty(configuration["Api:PublicUrl"]))
        {
            WishedApiReplicas = ReadReplicas(NullIfEmpty(configuration["Api:Replicas"])),
            DrainSeconds = NullIfEmpty(configuration["Api:DrainSeconds"]),
        };
    }

    /// <summary><c>Api:Replicas</c>, 1 to 16; else one here, and two where one that fails must not be missed.</summary>
    public int ApiReplicas(DistributedApplicationExecutionContext context) =>
        WishedApiReplicas ?? (context.IsPublishMode ? PublishedApiReplicas : 1);

    /// <summary>
    /// <c>Api:DrainSeconds</c>, or 0 where nobody looks at the health to spread the load, so that a stop need not
    /// wait for whoever does. Null leaves the API's own.
    /// </summary>
    public string? ApiDrainSeconds(DistributedApplicationExecutionContext context) =>
        DrainSeconds ?? (context.IsRunMode ? "0" : null);

    private static int? ReadReplicas(string? text)
    {
        if (text is null)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var replicas)
            && replicas is > 0 and <= MaxApiReplicas
            ? replicas
            : throw new DistributedApplicationException($"Api:Replicas is '{text}'; it can be 1 to {MaxApiReplicas}.");
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
