using System.Net;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;

namespace Workflows.Models.Providers;

/// <summary>
/// What the providers' clients call through. Guarantees: the tenant's connections behind the network guard, no address
/// outside the connector's base, no redirect, no answer above <see cref="Limits.AnswerBytes"/>. Keeps what the last
/// answer said of itself, since each client tells of failures in its own words.
/// </summary>
internal sealed class ModelTransport(HttpClients clients, OpenConnector connector) : HttpMessageHandler
{
    /// <summary>Of the last answer; null = none came.</summary>
    public HttpStatusCode? Status { get; private set; }

    /// <summary>How long the last answer asked to wait.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>What the last answer said, if it was an error.</summary>
    public string? Error { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (Status, RetryAfter, Error) = (null, null, null);
        if (request.RequestUri is not { } address || !HttpConnector.Covers(connector, address))
        {
            throw new ConnectorException(
                "CONNECTOR_ADDRESS", "The address does not lie under the connector's base address.");
        }

        // Azure takes a key in a header of its own.
        if (connector["provider"] == ModelProviders.Azure && connector["apiKey"] is { } key)
        {
            request.Headers.Authorization = null;
            request.Headers.Add("api-key", key);
        }

        using var client = await clients.ForAsync(connector.TenantId, cancellationToken);
        var response = await client.SendAsync(request, cancellationToken);
        Status = response.StatusCode;
        RetryAfter = ReadRetryAfter(response);
        var body = new BoundedAnswerStream(
            await response.Content.ReadAsStreamAsync(cancellationToken), Limits.AnswerBytes);
        response.Content = Replace(response.Content, response.IsSuccessStatusCode
            ? new StreamContent(body)
            : new ByteArrayContent(await ReadErrorAsync(body, cancellationToken)));
        return response;
    }

    private async Task<byte[]> ReadErrorAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[Limits.ErrorBytes];
        await using (body)
        {
            var length = await body.ReadAtLeastAsync(
                buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            var error = buffer[..length];
            Error = ProviderErrors.Read(error);
            return error;
        }
    }

    private static HttpContent Replace(HttpContent old, HttpContent content)
    {
        foreach (var (name, values) in old.Headers)
        {
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                content.Headers.TryAddWithoutValidation(name, values);
            }
        }

        return content;
    }

    private static TimeSpan? ReadRetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? (header?.Date - response.Headers.Date);
        return wait > TimeSpan.Zero ? wait : null;
    }
}
