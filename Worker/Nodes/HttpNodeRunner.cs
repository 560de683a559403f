using System.Globalization;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Calls HTTP endpoints for <c>http</c> nodes. Guarantees: no target outside <see cref="NetworkGuard"/>, also after
/// redirects; the same <c>Idempotency-Key</c> on every attempt of a node; no more of a response is read than the node
/// allows, and of all responses no more than <see cref="ResponseBudget"/> does.
/// </summary>
internal sealed class HttpNodeRunner(
    HttpClients clients, ConnectorAccess connectors, HttpConnector authorization, TimeProvider clock) : INodeRunner
{
    private readonly HttpSending _sending = new(clients);

    public string Type => "http";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        var http = HttpCall.Read(call.Run.Parameters);
        return http.Connector is { } name
            ? ConnectorAccess.GuardAsync(() => RunAsync(call, http, name, cancellationToken))
            : RunAsync(call, http, target => IsSameOrigin(target, http), cancellationToken);
    }

    private async Task<NodeResult> RunAsync(NodeCall call, HttpCall http, string name, CancellationToken cancellationToken)
    {
        var connector = await connectors.OpenAsync(call, name, ConnectorTypes.Http, cancellationToken);
        var result = await RunAsync(call, connector, http, cancellationToken);
        if (connector["auth"] == "oauth2" && result is NodeResult.Failure { Error.Code: "HTTP_401" })
        {
            authorization.ForgetToken(connector); // it may have been withdrawn before its time
            result = await RunAsync(call, connector, http, cancellationToken);
        }

        return result;
    }

    private async Task<NodeResult> RunAsync(
        NodeCall call, OpenConnector connector, HttpCall http, CancellationToken cancellationToken)
    {
        var authorized = await AuthorizeAsync(call, connector, http, cancellationToken);
        return await RunAsync(call, authorized, target => HttpConnector.Covers(connector, target), cancellationToken);
    }

    private async Task<HttpCall> AuthorizeAsync(
        NodeCall call, OpenConnector connector, HttpCall http, CancellationToken cancellationToken)
    {
        try
        {
            var credentials = await authorization.AuthorizeAsync(connector, http.Url, cancellationToken);
            call.Sensitive.AddRange(credentials.Sensitive);
            var own = http.Headers.Where(header => credentials.Headers.All(
                added => !added.Key.Equals(header.Key, StringComparison.OrdinalIgnoreCase)));
            return http with { Url = credentials.Address.AbsoluteUri, Headers = [.. credentials.Headers, .. own] };
        }
        catch (HttpRequestException exception)
        {
            var error = HttpFailures.Explain(exception); // of the address that gives tokens
            throw new ConnectorException(error.Code, error.Message, error.Kind == StepErrorKind.Transient);
        }
    }

    private async Task<NodeResult> RunAsync(
        NodeCall call, HttpCall http, Func<Uri, bool> belongs, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _sending.SendAsync(call, http, belongs, cancellationToken);
            Note(call, http, response);
            return await ReadAsync(call, http, response, cancellationToken);
        }
        catch (HttpCallException exception)
        {
            return new NodeResult.Failure(exception.Error);
        }
        catch (HttpRequestException exception)
        {
            return new NodeResult.Failure(HttpFailures.Explain(exception));
        }
        catch (IOException exception)
        {
            return new NodeResult.Failure(HttpFailures.Broken(exception));
        }
        catch (InvalidDataException)
        {
            return Failed("HTTP_RESPONSE_INVALID", "The response is not encoded as its Content-Encoding says.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new NodeResult.Failure(HttpFailures.NoConnection()); // neither aborted nor timed out by us
        }
        catch (AllowListException exception)
        {
            return Failed("HTTP_ALLOW_LIST", $"The tenant's httpAllow setting: {exception.Message}");
        }
    }

    // Without the query, which often holds what nobody should read, and without whoever is named before the host.
    private static void Note(NodeCall call, HttpCall http, HttpResponseMessage response)
    {
        var address = (response.RequestMessage?.RequestUri ?? new Uri(http.Url)).GetComponents(
            UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        call.Notes.Add(
            (int)response.StatusCode < 400 ? "info" : "warning", $"{http.Method} {address} answered {status}.",
            ("status", status), ("method", http.Method), ("url", address));
    }

    private async Task<NodeResult> ReadAsync(
        NodeCall call, HttpCall http, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var isSuccess = http.SuccessStatus.Contains((int)response.StatusCode);
        var limit = http.Response == HttpResponseHandling.None ? 0
            : isSuccess ? http.MaxResponseBytes
            : Connectors.Limits.ErrorBodyBytes;
        using var body = await ReadBodyAsync(call, response, limit, cancellationToken);
        if (!isSuccess)
        {
            var mask = SecretMask.Of(call.Secrets.Concat(call.Sensitive));
            return new NodeResult.Failure(HttpAnswer.Error(http, response, body, mask, clock.GetUtcNow()));
        }

        return body.IsCut
            ? Failed("HTTP_RESPONSE_TOO_LARGE", $"The response is larger than {limit} bytes.")
            : new NodeResult.Success("main", HttpAnswer.Output(http.Response, response, body.Bytes));
    }

    private async Task<ResponseBody> ReadBodyAsync(
        NodeCall call, HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        if (limit == 0)
        {
            return ResponseBody.Empty;
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await ResponseBody.ReadAsync(
            stream, limit, response.Content.Headers.ContentLength, clients.Budget, call.TenantId, cancellationToken);
    }

    private static bool IsSameOrigin(Uri target, HttpCall call) => Uri.Compare(
        target,
        new Uri(call.Url),
        UriComponents.SchemeAndServer,
        UriFormat.SafeUnescaped,
        StringComparison.OrdinalIgnoreCase) == 0;

    private static NodeResult.Failure Failed(string code, string message) => new(new StepError(code, message));
}
