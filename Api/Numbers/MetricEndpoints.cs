using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Numbers;

namespace Workflows.Api.Numbers;

/// <param name="Name">Words of small letters, digits and _ divided by points, as orders.value.</param>
/// <param name="Dimensions">Up to 10 texts of up to 100 characters, as {"country": "KE"}.</param>
/// <param name="At">Now when left out; at most a day ago or five minutes ahead.</param>
internal sealed record MetricPointRequest(
    string Name, double Value, Dictionary<string, string>? Dimensions = null, DateTimeOffset? At = null);

/// <param name="Points">1 to 1,000; all are taken or none.</param>
internal sealed record ReportMetricsRequest(MetricPointRequest[] Points);

internal sealed record ReportedView(int Accepted);

/// <param name="Step">minute, hour or day; hour when left out.</param>
/// <param name="GroupBy">A dimension by which the values are told apart.</param>
/// <param name="Where">What points must have, as country:KE,channel:ussd.</param>
internal sealed record MetricQuery(
    [property: FromQuery(Name = "name")] string? Name,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
    [property: FromQuery(Name = "step")] string? Step,
    [property: FromQuery(Name = "group_by")] string? GroupBy,
    [property: FromQuery(Name = "where")] string? Where);

/// <param name="Group">Value of the dimension asked for; empty where points lack it, or none was asked for.</param>
internal sealed record MetricValueView(
    DateTimeOffset At, string Group, long Points, double Sum, double Average, double Min, double Max, double Last);

/// <param name="Capped">There are more than 2,000: ask for a longer step or a shorter time.</param>
internal sealed record MetricView(
    string Name, DateTimeOffset From, DateTimeOffset To, string Step, bool Capped,
        IReadOnlyList<MetricValueView> Values);

/// <summary>Numbers that programs and workflows report, and questions about them.</summary>
internal static partial class MetricEndpoints
{
    private static readonly Dictionary<string, TimeSpan> Steps = new()
    {
        ["minute"] = TimeSpan.FromMinutes(1), ["hour"] = TimeSpan.FromHours(1), ["day"] = TimeSpan.FromDays(1),
    };

    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        var metrics = routes.MapGroup("/analytics/metrics").WithTags("Analytics");
        metrics.MapPost("", ReportAsync).Requires(Permission.EventsPublish).WithMetadata(new NotRepeatable())
            .WithSummary("Report numbers; each adds to the sums of its minute");
        metrics.MapGet("", ReadAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Get the numbers reported under a name, by minute, hour or day");
        metrics.MapGet("/names", NamesAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("List the names under which numbers were reported");
    }

    private static async Task<ApiResponse<ReportedView>> ReportAsync(
        Body<ReportMetricsRequest> body, ApiRequest request, MetricStore metrics, CancellationToken cancellationToken)
    {
        var points = body.Value.Points;
        if (points.Length is 0 or > Limits.MetricPoints)
        {
            return Problem.Invalid("/points", $"1 to {Limits.MetricPoints} points are reported at once.", "COUNT");
        }

        var checks = new Checks();
        for (var index = 0; index < points.Length; index++)
        {
            Check(checks, $"points/{index}", points[index], request.Now);
        }

        if (checks.Problem is { } problem)
        {
            return problem;
        }

        try
        {
            await metrics.AddAsync(
                request.Caller.TenantId,
                [.. points.Select(point => new MetricPoint(
                    point.Name, point.Value, JsonOf(point.Dimensions ?? []), point.At ?? request.Now))],
                cancellationToken);
        }
        catch (MetricLimitException exception)
        {
            return new Problem(Errors.LimitReached, exception.Message);
        }

        return new ReportedView(points.Length);
    }

    private static void Check(Checks checks, string field, MetricPointRequest point, DateTimeOffset now)
    {
        if (point.Name.Length > Limits.MetricNameLength || !NameRule().IsMatch(point.Name))
        {
            checks.Add(
                $"{field}/name", "NAME",
                "A name consists of words of small letters, digits and _ divided by points, at most "
                + $"{Limits.MetricNameLength} characters.");
        }

        if (!double.IsFinite(point.Value))
        {
            checks.Add($"{field}/value", "VALUE", "A value is a finite number.");
        }

        if (point.At is { } at && (at < now - Limits.MetricAge || at > now + Limits.MetricAhead))
        {
            checks.Add($"{field}/at", "RANGE", "A point is at most a day old, and at most five minutes ahead.");
        }

        if (point.Dimensions?.Count > Limits.MetricDimensions)
        {
            checks.Add($"{field}/dimensions", "TOO_MANY", $"A point has at most {Limits.MetricDimensions} dimensions.");
        }

        if (point.Dimensions?.Sum(pair => Bytes(pair.Key) + Bytes(pair.Value)) > Limits.MetricDimensionBytes)
        {
            checks.Add(
                $"{field}/dimensions", "TOO_LONG",
                $"The dimensions of a point have at most {Limits.MetricDimensionBytes} bytes of UTF-8.");
        }

        foreach (var (name, value) in point.Dimensions ?? [])
        {
            if (name.Length > Limits.MetricTextLength || !NameRule().IsMatch(name))
            {
                checks.Add($"{field}/dimensions", "NAME", $"The dimension '{name}' has no name as metrics have.");
            }

            checks.Name($"{field}/dimensions/{name}", value, Limits.MetricTextLength);
        }
    }

    private static async Task<ApiResponse<MetricView>> ReadAsync(
        [AsParameters] MetricQuery query, ApiRequest request, MetricStore metrics, CancellationToken cancellationToken)
    {
        if (query.Name is not { } name || !NameRule().IsMatch(name))
        {
            return Problem.Parameter("name", "'name' is the name of a metric.");
        }

        if (Ranges.Read(query.From, query.To, request.Now, 1, out var from, out var to) is { } problem)
        {
            return problem;
        }

        var step = query.Step ?? "hour";
        if (!Steps.TryGetValue(step, out var length))
        {
            return Problem.Parameter("step", $"'step' is one of {string.Join(", ", Steps.Keys)}.");
        }

        if (ReadWhere(query.Where) is not { } where)
        {
            return Problem.Parameter("where", "'where' is written as country:KE,channel:ussd.");
        }

        var values = await metrics.ReadAsync(
            request.Caller.TenantId, name, from, to, length, JsonOf(where), query.GroupBy, cancellationToken);
        return new MetricView(
            name, from, to, step, values.Count > Data.Limits.MetricValues,
            [.. values.Take(Data.Limits.MetricValues).Select(value => new MetricValueView(
                value.At, value.Group, value.Points, value.Sum, value.Sum / value.Points, value.Min, value.Max,
                value.Last))]);
    }

    private static async Task<ApiResponse<List<MetricName>>> NamesAsync(
        ApiRequest request, MetricStore metrics, CancellationToken cancellationToken) =>
        await metrics.NamesAsync(request.Caller.TenantId, cancellationToken);

    private static Dictionary<string, string>? ReadWhere(string? text)
    {
        var found = new Dictionary<string, string>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf(':', StringComparison.Ordinal);
            if (at <= 0 || !found.TryAdd(part[..at], part[(at + 1)..]) || found.Count > Limits.MetricDimensions)
            {
                return null;
            }
        }

        return found;
    }

    private static int Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static byte[] JsonOf(Dictionary<string, string> dimensions) =>
        JsonSerializer.SerializeToUtf8Bytes(dimensions, Envelope.Json);

    [System.Text.RegularExpressions.GeneratedRegex(@"\A[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\z")]
    private static partial System.Text.RegularExpressions.Regex NameRule();
}
