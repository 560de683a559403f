using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Http;

/// <summary>
/// Calls the search service for a tenant. The service trusts the tenant since the API signs it:
/// <c>X-Workflows-Signature</c> is the HMAC-SHA256, in base64url, over <c>tenant|unix seconds|path and query</c>, and
/// <c>|person</c> where the caller sees only what was granted, under the key for internal calls, with the seconds in
/// <c>X-Workflows-Timestamp</c>; it is good for a minute.
/// </summary>
internal sealed partial class SearchClient(HttpClient http, Keys keys, TimeProvider clock, ILogger<SearchClient> log)
{
    public const string TenantHeader = "X-Workflows-Tenant";
    public const string TimestampHeader = "X-Workflows-Timestamp";
    public const string SignatureHeader = "X-Workflows-Signature";
    public const string PersonHeader = "X-Workflows-Person";

    // What the service may not show to callers without the permission.
    private static readonly (string Type, Permission Permission)[] TypePermissions =
    [
        ("workflow", Permission.WorkflowsRead), ("node", Permission.WorkflowsRead),
        ("execution", Permission.ExecutionsRead), ("knowledge_article", Permission.KnowledgeRead),
        ("prompt_card", Permission.PromptsRead),
    ];

    public async Task<ApiResponse<RawJson>> GetAsync(
        SearchAddress asked, Caller caller, CancellationToken cancellationToken)
    {
        var address = asked.Add("visible", Visible(caller)).ToString();
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
            using var document = await JsonDocument.ParseAsync(
                await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return new RawJson(document.RootElement.GetRawText());
            }

            LogRefused(log, (int)response.StatusCode);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return new Problem(Errors.NothingIndexed);
            }

            if (response.StatusCode == HttpStatusCode.BadRequest
                && document.RootElement.TryGetProperty("detail", out var detail))
            {
                return new Problem(Errors.InvalidParameter, detail.GetString());
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or TimeoutException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnreachable(log, exception);
        }

        return new Problem(Errors.Unavailable, "The search service cannot be reached at the moment.",
            retryAfter: TimeSpan.FromSeconds(2));
    }

    private string Sign(string text) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(keys.InternalCalls, Encoding.UTF8.GetBytes(text)));

    /// <returns>Null when the caller may see all types; a type that does not exist when none.</returns>
    private static string[]? Visible(Caller caller)
    {
        var visible = TypePermissions.Where(pair => caller.May(pair.Permission)).Select(pair => pair.Type).ToArray();
        return visible.Length == TypePermissions.Length ? null : visible.Length == 0 ? ["nothing"] : visible;
    }

    [LoggerMessage(LogLevel.Warning, "The search service answered {Status}")]
    private static partial void LogRefused(ILogger logger, int status);

    [LoggerMessage(LogLevel.Warning, "The search service cannot be reached")]
    private static partial void LogUnreachable(ILogger logger, Exception exception);
}

/// <summary>A path of the search service with its parameters, as it is signed and sent.</summary>
internal sealed class SearchAddress
{
    private readonly StringBuilder _address;
    private char _separator = '?';

    private SearchAddress(string path) => _address = new StringBuilder(path);

    public static SearchAddress Of(string path) => new(path);

    /// <summary>Adds a parameter, or nothing when it has no value.</summary>
    public SearchAddress Add(string name, object? value)
    {
        var text = value switch
        {
            null => null,
            DateTimeOffset instant => instant.ToString("O", CultureInfo.InvariantCulture),
            bool flag => flag ? "true" : "false",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture),
        };
        if (text is not null)
        {
            _address.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(text));
            _separator = '&';
        }

        return this;
    }

    /// <summary>Adds a parameter once for each value.</summary>
    public SearchAddress Add(string name, string[]? values)
    {
        foreach (var value in values ?? [])
        {
            Add(name, (object)value);
        }

        return this;
    }

    public override string ToString() => _address.ToString();
}
