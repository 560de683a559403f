using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>What a connector adds to a call.</summary>
/// <param name="Sensitive">What of it nobody may read, besides the connector's own secrets.</param>
public sealed record HttpCredentials(Uri Address, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<string> Sensitive);

/// <summary>
/// Addresses and credentials of http connectors. Guarantees: no address outside the connector's base comes out, so that its credentials go nowhere else; OAuth
/// tokens are fetched through the same guard as any call, and kept until shortly before they end.
/// </summary>
public sealed class HttpConnector(HttpClients clients, TimeProvider clock)
{
    private const int TokenAnswerBytes = 64 * 1024;

    private static readonly TimeSpan TokenTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TokenDefault = TimeSpan.FromMinutes(5);

    private readonly TokenCache _tokens = new(clock);

    /// <summary>The address of a call and what authenticates it.</summary>
    /// <param name="path">Relative to the base, or an address within it.</param>
    /// <exception cref="ConnectorException">
    /// The address leaves the base, no token is given, or what authenticates cannot be a header.
    /// </exception>
    public async ValueTask<HttpCredentials> AuthorizeAsync(
        OpenConnector connector, string path, CancellationToken cancellationToken)
    {
        var credentials = await CredentialsAsync(connector, Address(connector, path), cancellationToken);
        foreach (var (name, value) in credentials.Headers)
        {
            if (HeaderText.FindProblem(name, value) is { } problem)
            {
                throw new ConnectorException("HTTP_HEADER", $"The connector '{connector.Name}': {problem}");
            }
        }

        return credentials;
    }

    private async ValueTask<HttpCredentials> CredentialsAsync(
        OpenConnector connector, Uri address, CancellationToken cancellationToken)
    {
        switch (connector["auth"] ?? "none")
        {
            case "basic":
                var login = $"{connector["username"]}:{connector["password"]}";
                var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes(login));
                return new(address, [new("Authorization", $"Basic {pair}")], [pair]);
            case "bearer":
                return new(address, [new("Authorization", $"Bearer {connector["token"]}")], []);
            case "apiKeyHeader":
                return new(address, [new(connector["keyName"]!, connector["apiKey"]!)], []);
            case "apiKeyQuery":
                var separator = address.Query.Length == 0 ? '?' : '&';
                var name = Uri.EscapeDataString(connector["keyName"]!);
                var key = Uri.EscapeDataString(connector["apiKey"]!);
                return new(new UriBuilder(address) { Query = $"{address.Query}{separator}{name}={key}" }.Uri, [], []);
            case "oauth2":
                var token = await TokenAsync(connector, cancellationToken);
                return new(address, [new("Authorization", $"Bearer {token}")], [token]);
            default:
                return new(address, [], []);
        }
    }

    /// <summary>Forgets the token: the target did not accept it.</summary>
    public void ForgetToken(OpenConnector connector) => _tokens.Drop((connector.Id, connector.Version));

    /// <summary>The address that a path means; it lies under the connector's base, also after dots are resolved.</summary>
    /// <exception cref="ConnectorException">It does not.</exception>
    public static Uri Address(OpenConnector connector, string path)
    {
        var isAbsolute = path.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || path.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        var text = isAbsolute ? path : $"{Base(connector)}{path.TrimStart('/')}";
        return Uri.TryCreate(text, UriKind.Absolute, out var address)
            && Covers(connector, address)
            ? address
            : throw new ConnectorException("CONNECTOR_ADDRESS",
                "The address does not lie under the connector's base address.");
    }

    /// <summary>Whether the connector's credentials may go to the address: it lies under its base.</summary>
    public static bool Covers(OpenConnector connector, Uri address)
    {
        var @base = Base(connector);
        return address.UserInfo.Length == 0
            && string.Equals(
                address.GetLeftPart(UriPartial.Authority),
                @base.GetLeftPart(UriPartial.Authority),
                StringComparison.OrdinalIgnoreCase)
            && $"{address.AbsolutePath}/".StartsWith(@base.AbsolutePath, StringComparison.Ordinal)
            && !HidesDots(address.AbsolutePath);
    }

    private static Uri Base(OpenConnector connector) => new(connector["baseUrl"]!.TrimEnd('/') + "/");

    // A target may decode what we did not resolve: %2e%2e/ or ..%2f would then lead out of the base.
    private static bool HidesDots(string path) => Uri.UnescapeDataString(path).Replace('\\', '/').Split('/').Contains("..");

    private async Task<string> TokenAsync(OpenConnector connector, CancellationToken cancellationToken)
    {
        var token = await _tokens.GetAsync(
            (connector.Id, connector.Version), () => FetchTokenAsync(connector), cancellationToken);
        return token.Text;
    }

    private async Task<AccessToken> FetchTokenAsync(OpenConnector connector)
    {
        using var timeout = new CancellationTokenSource(TokenTimeout, clock);
        return await FetchTokenAsync(connector, timeout.Token);
    }

    // RFC 6749, 4.4: client credentials, the client named by HTTP Basic (2.3.1).
    private async Task<AccessToken> FetchTokenAsync(OpenConnector connector, CancellationToken cancellationToken)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials" };
        if (connector["scope"] is { } scope)
        {
            form["scope"] = scope;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(connector["tokenUrl"]!)) { Content = new FormUrlEncodedContent(form) };
        var client = $"{Uri.EscapeDataString(connector["clientId"]!)}:{Uri.EscapeDataString(connector["clientSecret"]!)}";
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(client)));
        request.Headers.Accept.ParseAdd("application/json");
        using var invoker = await clients.ForAsync(connector.TenantId, cancellationToken);
        using var response = await invoker.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new ConnectorException("CONNECTOR_TOKEN", $"The token address answered {(int)response.StatusCode}.", isTransient: (int)response.StatusCode is >= 500 or 429);
        }

        try
        {
            using var body = await ReadAsync(connector, response, cancellationToken);
            var answer = JsonElement.Parse(body.Bytes.Span);
            var lifetime = answer.TryGetProperty("expires_in", out var seconds) && seconds.TryGetInt32(out var number) ? TimeSpan.FromSeconds(number) : TokenDefault;
            return answer.TryGetProperty("access_token", out var token) && token.GetString() is { Length: > 0 } text
                    && HeaderText.FindValueProblem("access_token", text) is null
                ? new AccessToken(text, lifetime)
                : throw new ConnectorException("CONNECTOR_TOKEN",
                    "The token address gave no access_token that can be sent.");
        }
        catch (Exception exception) when (
            exception is JsonException or InvalidOperationException or InvalidDataException)
        {
            throw new ConnectorException("CONNECTOR_TOKEN", "The token address did not answer in JSON.");
        }
    }

    private async Task<ResponseBody> ReadAsync(
        OpenConnector connector, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await ResponseBody.ReadAsync(
            stream,
            TokenAnswerBytes,
            response.Content.Headers.ContentLength,
            clients.Budget,
            connector.TenantId,
            cancellationToken);
    }
}
