using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Search;

internal sealed record SearchQuery(
    [property: FromQuery(Name = "q")] string? Q,
    [property: FromQuery(Name = "limit")] int? Limit,
    [property: FromQuery(Name = "type")] string? Type,
    [property: FromQuery(Name = "threshold")] double? Threshold);

internal static class SearchEndpoints
{
    public static void MapSearch(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/search", SearchAsync).WithTags("Search").Requires(Permission.SearchRead)
            .WithSummary("Search workflows and failed executions by words and by meaning");

    private static async Task<ApiResponse<RawJson>> SearchAsync(
        [AsParameters] SearchQuery query, ApiRequest request, SearchClient search, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(query.Q) || query.Q.Length > Limits.SearchQueryLength)
        {
            return Problem.Parameter("q", $"'q' is what to search for, in 1 to {Limits.SearchQueryLength} characters.");
        }

        if (query.Limit is < 1 or > Limits.SearchResults)
        {
            return Problem.Parameter("limit", $"'limit' lies between 1 and {Limits.SearchResults}.");
        }

        if (query.Threshold is < 0 or > 1)
        {
            return Problem.Parameter("threshold", "'threshold' lies between 0 and 1.");
        }

        return await search.SearchAsync(query, request.Caller.TenantId, cancellationToken) is { } answer
            ? answer
            : new Problem(Errors.Unavailable, "The search service cannot be reached at the moment.", retryAfter: TimeSpan.FromSeconds(2));
    }
}

/// <summary>
/// Calls the search service for a tenant. The service trusts the tenant since the API signs it: <c>X-Workflows-Signature</c> is the hexadecimal HMAC-SHA256
/// over <c>tenant|unix seconds</c> under the key for internal calls, with the seconds in <c>X-Workflows-Time</c>; it is good for a minute.
/// </summary>
internal sealed partial class SearchClient(HttpClient http, Keys keys, TimeProvider clock, ILogger<SearchClient> log)
{
    public const string TenantHeader = "X-Workflows-Tenant";
    public const string TimeHeader = "X-Workflows-Time";
    public const string SignatureHeader = "X-Workflows-Signature";

    /// <returns>The service's answer as it is; null when it gives none.</returns>
    public async Task<RawJson?> SearchAsync(SearchQuery query, Guid tenantId, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, Address(query));
        var seconds = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        message.Headers.Add(TenantHeader, tenantId.ToString());
        message.Headers.Add(TimeHeader, seconds);
        message.Headers.Add(SignatureHeader, Sign(tenantId, seconds));
        try
        {
            using var response = await http.SendAsync(message, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                LogRefused(log, (int)response.StatusCode);
                return null;
            }

            using var document = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            return new RawJson(document.RootElement.GetRawText());
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or TimeoutException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnreachable(log, exception);
            return null;
        }
    }

    private string Sign(Guid tenantId, string seconds) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(keys.InternalCalls, Encoding.UTF8.GetBytes($"{tenantId}|{seconds}")));

    private static string Address(SearchQuery query)
    {
        var address = new StringBuilder("/internal/search?q=").Append(Uri.EscapeDataString(query.Q!));
        if (query.Limit is { } limit)
        {
            address.Append(CultureInfo.InvariantCulture, $"&limit={limit}");
        }

        if (query.Type is { } type)
        {
            address.Append("&type=").Append(Uri.EscapeDataString(type));
        }

        if (query.Threshold is { } threshold)
        {
            address.Append(CultureInfo.InvariantCulture, $"&threshold={threshold}");
        }

        return address.ToString();
    }

    [LoggerMessage(LogLevel.Warning, "The search service answered {Status}")]
    private static partial void LogRefused(ILogger logger, int status);

    [LoggerMessage(LogLevel.Warning, "The search service cannot be reached")]
    private static partial void LogUnreachable(ILogger logger, Exception exception);
}
