using System.Buffers.Text;
using System.Globalization;
using System.Net;
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
    [property: FromQuery(Name = "tag")] string? Tag,
    [property: FromQuery(Name = "workspace")] Guid? Workspace,
    [property: FromQuery(Name = "from")] DateTimeOffset? From,
    [property: FromQuery(Name = "to")] DateTimeOffset? To,
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

        return await search.SearchAsync(query, request.Caller, cancellationToken);
    }
}

/// <summary>
/// Calls the search service for a tenant. The service trusts the tenant since the API signs it: <c>X-Workflows-Signature</c> is the HMAC-SHA256, in
/// base64url, over <c>tenant|unix seconds|path and query</c>, and <c>|person</c> where the
/// caller sees only what was granted, under the key for internal calls, with the seconds in
/// <c>X-Workflows-Timestamp</c>; it is good for a minute.
/// </summary>
internal sealed partial class SearchClient(HttpClient http, Keys keys, TimeProvider clock, ILogger<SearchClient> log)
{
    public const string TenantHeader = "X-Workflows-Tenant";
    public const string TimestampHeader = "X-Workflows-Timestamp";
    public const string SignatureHeader = "X-Workflows-Signature";
    public const string PersonHeader = "X-Workflows-Person";

    public async Task<ApiResponse<RawJson>> SearchAsync(
        SearchQuery query, Caller caller, CancellationToken cancellationToken)
    {
        var address = Address(query);
        Guid? person = caller.OnlyGranted ? caller.PersonId ?? Guid.Empty : null;
        using var message = new HttpRequestMessage(HttpMethod.Get, address);
        var seconds = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        message.Headers.Add(TenantHeader, caller.TenantId.ToString());
        message.Headers.Add(TimestampHeader, seconds);
        message.Headers.Add(
            SignatureHeader,
            Sign($"{caller.TenantId}|{seconds}|{address}{(person is null ? "" : $"|{person}")}"));
        if (person is { } id)
        {
            message.Headers.Add(PersonHeader, id.ToString());
        }

        try
        {
            using var response = await http.SendAsync(message, cancellationToken);
            using var document = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return new RawJson(document.RootElement.GetRawText());
            }

            LogRefused(log, (int)response.StatusCode);
            if (response.StatusCode == HttpStatusCode.BadRequest && document.RootElement.TryGetProperty("detail", out var detail))
            {
                return new Problem(Errors.InvalidParameter, detail.GetString());
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or TimeoutException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnreachable(log, exception);
        }

        return new Problem(Errors.Unavailable, "The search service cannot be reached at the moment.", retryAfter: TimeSpan.FromSeconds(2));
    }

    private string Sign(string text) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(keys.InternalCalls, Encoding.UTF8.GetBytes(text)));

    private static string Address(SearchQuery query)
    {
        var address = new StringBuilder("/internal/search?q=").Append(Uri.EscapeDataString(query.Q!));
        Add("limit", query.Limit?.ToString(CultureInfo.InvariantCulture));
        Add("type", query.Type);
        Add("tag", query.Tag);
        Add("workspace", query.Workspace?.ToString());
        Add("from", query.From?.ToString("O", CultureInfo.InvariantCulture));
        Add("to", query.To?.ToString("O", CultureInfo.InvariantCulture));
        Add("threshold", query.Threshold?.ToString(CultureInfo.InvariantCulture));
        return address.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                address.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The search service answered {Status}")]
    private static partial void LogRefused(ILogger logger, int status);

    [LoggerMessage(LogLevel.Warning, "The search service cannot be reached")]
    private static partial void LogUnreachable(ILogger logger, Exception exception);
}
