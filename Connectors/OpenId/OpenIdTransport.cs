using System.Net;
using System.Text;
using Microsoft.IdentityModel.Protocols;
using Workflows.Connectors.Network;

namespace Workflows.Connectors.OpenId;

/// <summary>
/// Calls to a tenant's identity provider: judged as every outgoing call of the tenant, bounded in time and size,
/// without redirects.
/// </summary>
internal sealed class OpenIdTransport(HttpClients clients, Guid tenantId, TimeProvider clock) : IDocumentRetriever
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The text at an address of the provider.</summary>
    /// <exception cref="OpenIdException">There is none.</exception>
    public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
    {
        var url = OpenIdTargets.Address(address);
        var (status, text) = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, url), cancel);
        return status == HttpStatusCode.OK
            ? text
            : throw new OpenIdException($"The provider answered {(int)status} where it describes itself.");
    }

    /// <param name="make">Makes the request anew for each attempt.</param>
    /// <exception cref="OpenIdException">There was no answer, or none that can be read.</exception>
    public async Task<(HttpStatusCode Status, string Text)> SendAsync(
        Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            try
            {
                return await ReadAsync(make, either.Token);
            }
            catch (HttpRequestException exception) when (exception.InnerException is TargetRefusedException)
            {
                clients.Forget(tenantId); // the list may have been extended a moment ago
                return await ReadAsync(make, either.Token);
            }
        }
        catch (HttpRequestException exception)
        {
            throw new OpenIdException(
                (exception.InnerException as TargetRefusedException)?.Message ?? "The provider cannot be reached.",
                exception);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            throw new OpenIdException("The provider's answer broke off.", exception);
        }
        catch (AllowListException exception)
        {
            throw new OpenIdException(exception.Message, exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OpenIdException($"The provider did not answer within {Timeout.TotalSeconds} s.", exception);
        }
    }

    private async Task<(HttpStatusCode Status, string Text)> ReadAsync(
        Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        using var request = make();
        using var client = await clients.ForAsync(tenantId, cancellationToken);
        using var response = await client.SendAsync(request, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = await ResponseBody.ReadAsync(
            stream, Limits.OpenIdAnswerBytes, response.Content.Headers.ContentLength, clients.Budget, tenantId,
            cancellationToken);
        return body.IsCut
            ? throw new OpenIdException($"The provider answered more than {Limits.OpenIdAnswerBytes / 1024} KiB.")
            : (response.StatusCode, Encoding.UTF8.GetString(body.Bytes.Span));
    }
}
