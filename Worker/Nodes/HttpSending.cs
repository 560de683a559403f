using System.Net;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;
using Workflows.Engine.Nodes;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Sends the requests of an http node, one for each hop. Guarantees: nothing is sent before every header was checked; a
/// hop whose target is refused is never made, and no hop before it again; what may authenticate goes only where it
/// belongs, and not even there once a redirect has led elsewhere.
/// </summary>
internal sealed class HttpSending(HttpClients clients)
{
    // What a target needs to read the request, and nobody is known by.
    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Accept-Language", "User-Agent", "Content-Type", "Content-Language", "Content-Encoding",
        "Content-Disposition", "Content-Location", "Content-MD5", "Content-Range",
    };

    // Headers that the client wants to have beside the body, also when it is empty.
    private static readonly HashSet<string> OfContent = new(StringComparer.OrdinalIgnoreCase)
    {
        "Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Location", "Content-MD5",
        "Content-Range", "Content-Type", "Expires", "Last-Modified",
    };

    /// <param name="belongs">Whether a target may get what authenticates the call.</param>
    /// <exception cref="HttpCallException">It cannot be sent.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    /// <exception cref="AllowListException">The tenant's allow-list holds an invalid entry.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        NodeCall call, HttpCall http, Func<Uri, bool> belongs, CancellationToken cancellationToken)
    {
        foreach (var (name, value) in http.Headers)
        {
            if (HeaderText.FindProblem(name, value) is { } problem)
            {
                throw new HttpCallException("HTTP_HEADER", problem);
            }
        }

        var body = HttpRequestBody.Of(http);
        var hasContent = !http.Body.IsEmpty || DescribeContent(http);
        var hop = new Hop(new Uri(http.Url), new HttpMethod(http.Method), hasContent, IsAtHome: true);
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendAsync(call, http, hop, body, cancellationToken);
            if (!http.FollowRedirects || response.Headers.Location is not { } location
                || !IsRedirect(response.StatusCode))
            {
                return response;
            }

            var status = response.StatusCode;
            response.Dispose();
            if (redirects == Limits.HttpRedirects)
            {
                throw new HttpCallException(
                    "HTTP_REDIRECTS", $"More than {Limits.HttpRedirects} redirects, the last to {location}.");
            }

            hop = hop.Next(status, location, belongs);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        NodeCall call, HttpCall http, Hop hop, HttpRequestBody body, CancellationToken cancellationToken)
    {
        try
        {
            return await SendOnceAsync(call, http, hop, body, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.InnerException is TargetRefusedException)
        {
            // Nothing was sent. The allow-list may have been extended a moment ago: look once more.
            clients.Forget(call.TenantId);
            return await SendOnceAsync(call, http, hop, body, cancellationToken);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        NodeCall call, HttpCall http, Hop hop, HttpRequestBody body, CancellationToken cancellationToken)
    {
        using var client = await clients.ForAsync(call.TenantId, cancellationToken);
        using var request = new HttpRequestMessage(hop.Method, hop.Target);
        request.Content = hop.HasContent ? body.ToContent() : null;
        foreach (var (name, value) in http.Headers.Where(header => hop.IsAtHome || Harmless.Contains(header.Key)))
        {
            if (!OfContent.Contains(name))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
            else if (!name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        request.Headers.TryAddWithoutValidation("Idempotency-Key", call.Run.IdempotencyKey);
        return await client.SendAsync(request, cancellationToken);
    }

    // An empty body may have a type, too.
    private static bool DescribeContent(HttpCall http) => http.Headers.Any(header => OfContent.Contains(header.Key));

    private static bool IsRedirect(HttpStatusCode status) =>
        status is HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    /// <summary>One request on the way to the answer.</summary>
    /// <param name="IsAtHome">It may authenticate: no redirect has led elsewhere yet.</param>
    private sealed record Hop(Uri Target, HttpMethod Method, bool HasContent, bool IsAtHome)
    {
        /// <exception cref="HttpCallException">The redirect leads nowhere.</exception>
        public Hop Next(HttpStatusCode status, Uri location, Func<Uri, bool> belongs)
        {
            if (!Uri.TryCreate(Target, location, out var target))
            {
                throw new HttpCallException("HTTP_REDIRECTS", "A redirect leads to what is no address.");
            }

            if (target.Scheme is not ("http" or "https"))
            {
                throw new HttpCallException(
                    "HTTP_REDIRECTS", $"A redirect leads to '{target.Scheme}', which is neither http nor https.");
            }

            // RFC 9110, 15.4: 303 (and, by long custom, 301 and 302 after POST) go on as GET.
            var asGet = status == HttpStatusCode.SeeOther
                || (status is HttpStatusCode.Moved or HttpStatusCode.Found && Method == HttpMethod.Post);
            return new Hop(
                target,
                asGet && Method != HttpMethod.Head ? HttpMethod.Get : Method,
                HasContent && !asGet,
                IsAtHome && belongs(target));
        }
    }
}
