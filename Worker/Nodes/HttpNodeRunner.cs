using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Engine;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Calls HTTP endpoints for <c>http</c> nodes. Guarantees: no target outside <see cref="NetworkGuard"/>, also after redirects; the same
/// <c>Idempotency-Key</c> on every attempt of a node; no more of a response is read than the node allows.
/// </summary>
internal sealed class HttpNodeRunner(HttpClients clients, ConnectorAccess connectors, HttpConnector authorization, TimeProvider clock) : INodeRunner
{
    private const int ErrorExcerptBytes = 500;

    private static readonly HashSet<string> ReservedHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Idempotency-Key", "Transfer-Encoding", "Connection", "Upgrade", "Proxy-Authorization", "Expect", "TE", "Trailer",
    };

    private static readonly HashSet<string> HarmlessHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Accept-Language", "Content-Type", "Content-Language", "User-Agent",
    };

    public string Type => "http";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        var http = HttpCall.Read(call.Run.Parameters);
        return http.Connector is { } name
            ? ConnectorAccess.GuardAsync(() => RunAsync(call, http, name, cancellationToken))
            : RunAsync(call, http, cancellationToken);
    }

    private async Task<NodeResult> RunAsync(NodeCall call, HttpCall http, string name, CancellationToken cancellationToken)
    {
        var connector = await connectors.OpenAsync(call, name, ConnectorTypes.Http, cancellationToken);
        var result = await RunAsync(call, await AuthorizeAsync(call, connector, http, cancellationToken), cancellationToken);
        if (connector["auth"] == "oauth2" && result is NodeResult.Failure { Error.Code: "HTTP_401" })
        {
            authorization.ForgetToken(connector); // it may have been withdrawn before its time
            result = await RunAsync(call, await AuthorizeAsync(call, connector, http, cancellationToken), cancellationToken);
        }

        return result;
    }

    private async Task<HttpCall> AuthorizeAsync(NodeCall call, OpenConnector connector, HttpCall http, CancellationToken cancellationToken)
    {
        try
        {
            var credentials = await authorization.AuthorizeAsync(connector, http.Url, cancellationToken);
            call.Sensitive.AddRange(credentials.Sensitive);
            var own = http.Headers.Where(header => credentials.Headers.All(added => !added.Key.Equals(header.Key, StringComparison.OrdinalIgnoreCase)));
            return http with { Url = credentials.Address.AbsoluteUri, Headers = [.. own, .. credentials.Headers] };
        }
        catch (HttpRequestException exception)
        {
            var error = Explain(exception); // of the address that gives tokens
            throw new ConnectorException(error.Code, error.Message, error.Kind == StepErrorKind.Transient);
        }
    }

    private async Task<NodeResult> RunAsync(NodeCall call, HttpCall http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(call, http, cancellationToken);
            Note(call, http, response);
            return await ReadAsync(http, response, cancellationToken);
        }
        catch (HttpCallException exception)
        {
            return new NodeResult.Failure(exception.Error);
        }
        catch (HttpRequestException exception)
        {
            return new NodeResult.Failure(Explain(exception));
        }
        catch (IOException exception)
        {
            return new NodeResult.Failure(new StepError("HTTP_CONNECTION", exception.Message, StepErrorKind.Transient));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // neither aborted nor timed out by us: the connection did not come about in time
            return new NodeResult.Failure(new StepError("HTTP_CONNECTION", exception.Message, StepErrorKind.Transient));
        }
        catch (FormatException exception)
        {
            return new NodeResult.Failure(new StepError("HTTP_ALLOW_LIST", $"The tenant's httpAllow setting: {exception.Message}"));
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

    private async Task<HttpResponseMessage> SendAsync(NodeCall call, HttpCall http, CancellationToken cancellationToken)
    {
        try
        {
            using var client = await clients.ForAsync(call.TenantId, cancellationToken);
            return await SendAsync(client, http, call.Run.IdempotencyKey, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.InnerException is TargetRefusedException)
        {
            // The allow-list may have been extended a moment ago: look once more before refusing for good.
            clients.Forget(call.TenantId);
            using var client = await clients.ForAsync(call.TenantId, cancellationToken);
            return await SendAsync(client, http, call.Run.IdempotencyKey, cancellationToken);
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker client, HttpCall call, string idempotencyKey, CancellationToken cancellationToken)
    {
        var target = new Uri(call.Url);
        var method = new HttpMethod(call.Method);
        var withBody = !call.Body.IsEmpty;
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendOnceAsync(client, call, target, method, withBody, idempotencyKey, sameOrigin: SameOrigin(target, call), cancellationToken);
            if (!call.FollowRedirects || response.Headers.Location is not { } location || !IsRedirect(response.StatusCode))
            {
                return response;
            }

            var status = response.StatusCode;
            response.Dispose();
            if (redirects == Limits.HttpRedirects)
            {
                throw new HttpCallException("HTTP_REDIRECTS", $"More than {Limits.HttpRedirects} redirects, the last to {location}.");
            }

            target = location.IsAbsoluteUri ? location : new Uri(target, location);
            if (target.Scheme is not ("http" or "https"))
            {
                throw new HttpCallException("HTTP_REDIRECTS", $"A redirect leads to '{target.Scheme}', which is neither http nor https.");
            }

            // RFC 9110, 15.4: 303 (and, by long custom, 301 and 302 after POST) go on as GET.
            if (status == HttpStatusCode.SeeOther || (status is HttpStatusCode.Moved or HttpStatusCode.Found && method == HttpMethod.Post))
            {
                method = method == HttpMethod.Head ? method : HttpMethod.Get;
                withBody = false;
            }
        }
    }

    private static bool SameOrigin(Uri target, HttpCall call) =>
        Uri.Compare(target, new Uri(call.Url), UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static async Task<HttpResponseMessage> SendOnceAsync(
        HttpMessageInvoker client, HttpCall call, Uri target, HttpMethod method, bool withBody, string idempotencyKey, bool sameOrigin,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, target);
        if (withBody)
        {
            request.Content = Content(call);
        }

        foreach (var (name, value) in call.Headers)
        {
            if (ReservedHeaders.Contains(name))
            {
                throw new HttpCallException("HTTP_HEADER", $"The header '{name}' is set by the platform.");
            }

            // What may authenticate against the first origin (Authorization, Cookie, keys of any name) is not for another one to see.
            if (!sameOrigin && !HarmlessHeaders.Contains(name))
            {
                continue;
            }

            if (!name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && !request.Headers.TryAddWithoutValidation(name, value))
            {
                throw new HttpCallException("HTTP_HEADER", $"'{name}' is no valid header.");
            }
        }

        request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        return await client.SendAsync(request, cancellationToken);
    }

    private static ByteArrayContent Content(HttpCall call)
    {
        var type = call.Headers.FirstOrDefault(header => header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value;
        var plainText = type is not null && !type.Contains("json", StringComparison.OrdinalIgnoreCase) && call.Body.Span[0] == (byte)'"';
        var content = new ByteArrayContent(plainText ? Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>(call.Body.Span)!) : call.Body.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type ?? "application/json");
        return content;
    }

    private static bool IsRedirect(HttpStatusCode status) =>
        status is HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private async Task<NodeResult> ReadAsync(HttpCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var success = call.SuccessStatus.Contains(status);
        // An error's body helps to understand it, but a short part of it is enough.
        var limit = success ? call.MaxResponseBytes : ErrorExcerptBytes;
        var body = call.Response == HttpResponseHandling.None ? [] : await ReadBodyAsync(response, limit, orPartOfIt: !success, cancellationToken);
        if (!success)
        {
            var excerpt = Encoding.UTF8.GetString(body);
            return new NodeResult.Failure(new StepError(
                string.Create(CultureInfo.InvariantCulture, $"HTTP_{status}"),
                excerpt.Length == 0 ? $"The target answered {status}." : $"The target answered {status}: {Storable(excerpt)}",
                call.RetryStatus.Contains(status) ? StepErrorKind.Transient : StepErrorKind.Permanent,
                RetryAfter(response)));
        }

        return new NodeResult.Success("main", Output(call, response, body));
    }

    private static async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, int limit, bool orPartOfIt, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (body.Length + read > limit)
            {
                if (orPartOfIt)
                {
                    body.Write(buffer, 0, limit - (int)body.Length);
                    break;
                }

                throw new HttpCallException("HTTP_RESPONSE_TOO_LARGE", $"The response is larger than {limit} bytes.");
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static byte[] Output(HttpCall call, HttpResponseMessage response, byte[] body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("status", (int)response.StatusCode);
            writer.WriteStartObject("headers");
            foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            {
                writer.WriteString(JsonNamingPolicy.CamelCase.ConvertName(name).ToLowerInvariant(), Storable(string.Join(", ", values)));
            }

            writer.WriteEndObject();
            writer.WritePropertyName("body");
            WriteBody(writer, call, response, body);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteBody(Utf8JsonWriter writer, HttpCall call, HttpResponseMessage response, byte[] body)
    {
        var isJson = response.Content.Headers.ContentType?.MediaType?.Contains("json", StringComparison.OrdinalIgnoreCase) == true;
        if (body.Length == 0)
        {
            writer.WriteNullValue();
        }
        else if (call.Response == HttpResponseHandling.Json || (call.Response == HttpResponseHandling.Auto && isJson))
        {
            if (JsonText.FindProblem(body) is { } problem)
            {
                throw new HttpCallException("HTTP_RESPONSE_INVALID", $"The response is no JSON that can be kept: {problem}.");
            }

            writer.WriteRawValue(body);
        }
        else
        {
            writer.WriteStringValue(Storable(Encoding.UTF8.GetString(body)));
        }
    }

    // PostgreSQL's jsonb cannot hold U+0000.
    private static string Storable(string text) => text.Replace('\0', '\uFFFD');

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > clock.GetUtcNow() => date - clock.GetUtcNow(),
        _ => null,
    };

    private static StepError Explain(HttpRequestException exception) =>
        exception.InnerException is TargetRefusedException refused
            ? new StepError("HTTP_TARGET_REFUSED", refused.Message)
            : exception.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError => new StepError("HTTP_DNS", exception.Message, StepErrorKind.Transient),
                HttpRequestError.SecureConnectionError => new StepError("HTTP_TLS", exception.Message),
                _ when exception.InnerException is SocketException { SocketErrorCode: SocketError.HostNotFound } =>
                    new StepError("HTTP_DNS", exception.Message, StepErrorKind.Transient),
                _ => new StepError("HTTP_CONNECTION", exception.Message, StepErrorKind.Transient),
            };

    /// <summary>Ends a call with a step error.</summary>
    private sealed class HttpCallException(string code, string message) : Exception(message)
    {
        public StepError Error => new(code, Message);
    }
}
