using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Workflows.ServiceDefaults;

/// <summary>
/// <c>/health</c>: may this process get work (every check, 503 when one is unhealthy; degraded still gets work);
/// <c>/alive</c>: must it be restarted (only checks tagged <c>live</c>, so that a lost database restarts nothing).
/// Both answer without credentials, so a reason never carries any.
/// </summary>
internal static partial class HealthEndpoints
{
    public const string LiveTag = "live";

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        MapProbe(endpoints, PlatformTelemetry.HealthPath, _ => true);
        MapProbe(endpoints, PlatformTelemetry.AlivePath, check => check.Tags.Contains(LiveTag));
    }

    public static void AddChecks(IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(check => check.Timeout == Timeout.InfiniteTimeSpan))
            {
                check.Timeout = TimeSpan.FromSeconds(Limits.HealthCheckTimeoutSeconds);
            }
        });
    }

    private static void MapProbe(IEndpointRouteBuilder endpoints, string path, Func<HealthCheckRegistration, bool> predicate) =>
        endpoints
            .MapHealthChecks(path, new HealthCheckOptions { Predicate = predicate, ResponseWriter = WriteAsync })
            .AllowAnonymous()
            .DisableHttpMetrics();

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var answer = new HealthAnswer(
            report.Status,
            Milliseconds(report.TotalDuration),
            report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new CheckAnswer(entry.Value.Status, Milliseconds(entry.Value.Duration), Reason(entry.Value))));
        return context.Response.WriteAsJsonAsync(answer, JsonDefaults.Options, context.RequestAborted);
    }

    private static double Milliseconds(TimeSpan duration) => Math.Round(duration.TotalMilliseconds, 1);

    private static string? Reason(HealthReportEntry entry)
    {
        var reason = entry.Description ?? entry.Exception?.Message;
        if (reason is null)
        {
            return null;
        }

        var firstLine = reason.Split('\n', 2)[0].TrimEnd();
        var harmless = UserInfo().Replace(Secret().Replace(firstLine, "$1***"), "://***@");
        return harmless.Length <= Limits.HealthReasonMaxLength ? harmless : harmless[..Limits.HealthReasonMaxLength];
    }

    // Drivers quote parts of a connection string in some of their messages.
    [GeneratedRegex(@"((?:password|passwd|pwd|secret|token|api[-_ ]?key|accountkey|sharedaccesskey)\s*[=:]\s*)(?:""[^""]*""|'[^']*'|[^;,\s]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex(@"://[^/@\s]+@")]
    private static partial Regex UserInfo();

    private sealed record HealthAnswer(HealthStatus Status, double LatencyMilliseconds, IReadOnlyDictionary<string, CheckAnswer> Checks);

    private sealed record CheckAnswer(HealthStatus Status, double LatencyMilliseconds, string? Reason);
}
