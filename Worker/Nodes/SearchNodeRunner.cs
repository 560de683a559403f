using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Workflows.Data.Secrets;
using Workflows.Engine;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Asks the search service for <c>search</c> nodes, for the execution's tenant and no other: the call is signed as the service wants it (HMAC-SHA256 over
/// <c>tenant|unix seconds</c> under a key derived from <c>Security:SearchKey</c>).
/// </summary>
internal sealed class SearchNodeRunner(HttpClient http, IConfiguration configuration, TimeProvider clock) : INodeRunner
{
    private const int AnswerBytes = 512 * 1024;
    private const int ReasonLength = 300;

    public string Type => "search";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        if (ServiceKeys.Search(configuration) is not { } secret)
        {
            return ConnectorAccess.Failed("SEARCH_OFF",
                "This worker has no key for the search service (Security:SearchKey).", isTransient: false);
        }

        var address = Address(parameters);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        var seconds = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("X-Workflows-Tenant", call.TenantId.ToString());
        request.Headers.Add("X-Workflows-Timestamp", seconds);
        request.Headers.Add("X-Workflows-Signature", Sign(secret, call.TenantId, seconds, address));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return await ReadAsync(response, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return ConnectorAccess.Failed("SEARCH_UNAVAILABLE", exception.Message, isTransient: true);
        }
    });

    private static async Task<NodeResult> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[AnswerBytes];
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        var status = (int)response.StatusCode;
        if (!response.IsSuccessStatusCode)
        {
            var reason = Encoding.UTF8.GetString(buffer, 0, Math.Min(length, ReasonLength)).Replace('\0', '\uFFFD');
            // 401: its key is being changed, on this side or the other, as during a release.
            var isTransient =
                response.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.Unauthorized;
            return ConnectorAccess.Failed(
                $"SEARCH_{status}", $"The search service answered {status}: {reason}", isTransient);
        }

        return JsonText.FindProblem(buffer.AsSpan(0, length)) is { } problem
            ? ConnectorAccess.Failed("SEARCH_ANSWER", $"The search service's answer cannot be kept: {problem}.", isTransient: false)
            : new NodeResult.Success("main", buffer[..length]);
    }

    private static string Address(RenderedCall parameters)
    {
        var address = new StringBuilder("/internal/search?q=").Append(Uri.EscapeDataString(parameters.RequiredText("query")))
            .Append("&limit=").Append(parameters.RequiredText("limit"));
        if (parameters.Text("type") is { } type)
        {
            address.Append("&type=").Append(Uri.EscapeDataString(type));
        }

        if (parameters.Number("threshold") is { } threshold)
        {
            address.Append("&threshold=").Append(threshold.ToString(CultureInfo.InvariantCulture));
        }

        return address.ToString();
    }

    private static string Sign(string secret, Guid tenantId, string seconds, string address)
    {
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "internal-calls"u8.ToArray());
        return Base64Url.EncodeToString(
            HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{tenantId}|{seconds}|{address}")));
    }
}
