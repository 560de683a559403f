using System.Net;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// Carries the requests of an object store's client through the tenant's guarded connections. Guarantees: what the
/// client reads into memory is bounded, which is every answer but a file's content; no redirect is followed; what the
/// guard refuses, and what never got an answer, has a name.
/// </summary>
internal sealed class GuardedStoreHandler(HttpMessageInvoker connections) : HttpMessageHandler
{
    private const int ErrorBytes = 64 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await connections.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw exception.InnerException is TargetRefusedException refused
                ? new ConnectorException("FILE_TARGET_REFUSED", refused.Message)
                : new ConnectorException("FILE_CONNECTION", exception.Message, isTransient: true);
        }

        response.Headers.Location = null; // the client would go there by itself
        var isList = request.Method == HttpMethod.Get
            && request.RequestUri!.Query.Contains("list-type=", StringComparison.Ordinal);
        if (response.StatusCode != HttpStatusCode.OK || request.Method != HttpMethod.Get)
        {
            await BoundAsync(response, ErrorBytes, mustBeWhole: false, cancellationToken);
        }
        else if (isList)
        {
            await BoundAsync(response, Limits.StoreAnswerBytes, mustBeWhole: true, cancellationToken);
        }

        return response;
    }

    private static async Task BoundAsync(
        HttpResponseMessage response, int maxBytes, bool mustBeWhole, CancellationToken cancellationToken)
    {
        using var original = response.Content;
        await using var stream = await original.ReadAsStreamAsync(cancellationToken);
        var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; body.Length <= maxBytes && (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            body.Write(buffer, 0, read);
        }

        if (body.Length > maxBytes)
        {
            if (mustBeWhole)
            {
                response.Dispose();
                throw new ConnectorException("FILE_LIST", $"The store's list is longer than {maxBytes} bytes.");
            }

            body.SetLength(maxBytes);
        }

        body.Position = 0;
        response.Content = new StreamContent(body);
        foreach (var (name, values) in original.Headers.Where(header => header.Key != "Content-Length"))
        {
            response.Content.Headers.TryAddWithoutValidation(name, values);
        }
    }
}
