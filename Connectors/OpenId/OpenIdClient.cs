using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BitFaster.Caching;
using BitFaster.Caching.Lru;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Workflows.Connectors.Network;

namespace Workflows.Connectors.OpenId;

/// <summary>
/// OpenID Connect as the relying party: the code flow with PKCE. Guarantees: a person is one whom an id_token vouches
/// for that the provider signed for this client and this login, and that is not over; a key that the provider has
/// exchanged is noticed at the first token that bears the new one.
/// </summary>
public sealed class OpenIdClient(HttpClients clients, TimeProvider clock)
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    // Signatures that only the provider can make: none, and those by the shared client secret, are not among them.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler _tokens = new() { MaximumTokenSizeInBytes = Limits.OpenIdAnswerBytes };

    private readonly IAsyncCache<(Guid TenantId, string Issuer), OpenIdConnectConfiguration> _known =
        new ConcurrentLruBuilder<(Guid TenantId, string Issuer), OpenIdConnectConfiguration>()
            .WithCapacity(Limits.KnownOpenIdProviders).WithExpireAfterWrite(Limits.OpenIdTrust).AsAsyncCache()
            .WithAtomicGetOrAdd().Build();

    /// <summary>Reads what the provider says of itself, now.</summary>
    /// <exception cref="OpenIdException">It cannot be read, or is not what it should be.</exception>
    public async Task TestAsync(OpenIdProvider provider, CancellationToken cancellationToken)
    {
        _known.TryRemove((provider.TenantId, provider.Issuer));
        await ConfigurationAsync(provider, cancellationToken);
    }

    /// <summary>Where a person is sent to log in.</summary>
    /// <exception cref="OpenIdException">The provider cannot be asked.</exception>
    public async Task<string> AddressAsync(
        OpenIdProvider provider, OpenIdLogin login, CancellationToken cancellationToken)
    {
        var configuration = await ConfigurationAsync(provider, cancellationToken);
        var message = new OpenIdConnectMessage
        {
            IssuerAddress = configuration.AuthorizationEndpoint,
            ClientId = provider.ClientId,
            RedirectUri = login.RedirectUri,
            ResponseType = OpenIdConnectResponseType.Code,
            ResponseMode = OpenIdConnectResponseMode.Query,
            Scope = string.Join(' ', login.Scopes),
            State = login.State,
            Nonce = login.Nonce,
        };
        message.SetParameter(
            "code_challenge",
            Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(login.CodeVerifier))));
        message.SetParameter("code_challenge_method", "S256");
        return message.CreateAuthenticationRequestUrl();
    }

    /// <summary>Exchanges the code that a person came back with.</summary>
    /// <param name="groupsClaim">The claim that names groups; null = none is wanted.</param>
    /// <exception cref="OpenIdException">The provider cannot be asked, refuses the code, or its answer cannot be
    /// believed.</exception>
    public async Task<OpenIdPerson> RedeemAsync(
        OpenIdProvider provider, OpenIdLogin login, string code, string? groupsClaim,
        CancellationToken cancellationToken)
    {
        var configuration = await ConfigurationAsync(provider, cancellationToken);
        var idToken = await ExchangeAsync(provider, configuration, login, code, cancellationToken);
        var result = await ValidateAsync(provider, configuration, idToken);
        if (result.Exception is SecurityTokenInvalidSignatureException)
        {
            _known.TryRemove((provider.TenantId, provider.Issuer)); // the keys may have been exchanged
            result = await ValidateAsync(provider, await ConfigurationAsync(provider, cancellationToken), idToken);
        }

        return result is { IsValid: true, SecurityToken: JsonWebToken token }
            ? Person(provider, login, token, groupsClaim)
            : throw new OpenIdException(Reason(result.Exception), result.Exception);
    }

    private async Task<OpenIdConnectConfiguration> ConfigurationAsync(
        OpenIdProvider provider, CancellationToken cancellationToken) =>
        await _known.GetOrAddAsync((provider.TenantId, provider.Issuer), ReadAsync).AsTask()
            .WaitAsync(cancellationToken);

    // Shared by whoever waits for it; it has an end of its own.
    private async Task<OpenIdConnectConfiguration> ReadAsync((Guid TenantId, string Issuer) key)
    {
        var transport = new OpenIdTransport(clients, key.TenantId, clock);
        OpenIdConnectConfiguration configuration;
        try
        {
            configuration = await OpenIdConnectConfigurationRetriever.GetAsync(
                $"{key.Issuer.TrimEnd('/')}/.well-known/openid-configuration", transport, CancellationToken.None);
        }
        catch (Exception exception) when (
            exception is JsonException or ArgumentException or InvalidOperationException or FormatException)
        {
            throw new OpenIdException("The provider's discovery document, or its keys, cannot be read.", exception);
        }

        OpenIdTargets.Address(configuration.AuthorizationEndpoint);
        OpenIdTargets.Address(configuration.TokenEndpoint);
        return configuration.Issuer != key.Issuer
            ? throw new OpenIdException(
                "The provider calls itself by another issuer: give it exactly as its discovery document does.")
            : configuration.SigningKeys.Count == 0
                ? throw new OpenIdException("The provider has published no key that signs.")
                : configuration;
    }

    private async Task<string> ExchangeAsync(
        OpenIdProvider provider, OpenIdConnectConfiguration configuration, OpenIdLogin login, string code,
        CancellationToken cancellationToken)
    {
        var message = new OpenIdConnectMessage
        {
            GrantType = OpenIdConnectGrantTypes.AuthorizationCode,
            Code = code,
            RedirectUri = login.RedirectUri,
        };
        message.SetParameter("code_verifier", login.CodeVerifier);
        var byHeader = provider.ClientSecret is not null && MayUseHeader(configuration);
        message.ClientId = byHeader ? null : provider.ClientId;
        message.ClientSecret = byHeader ? null : provider.ClientSecret;
        var (status, text) = await new OpenIdTransport(clients, provider.TenantId, clock).SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, OpenIdTargets.Address(configuration.TokenEndpoint))
            {
                Content = new FormUrlEncodedContent(message.Parameters.Where(parameter => parameter.Value is not null)),
                Headers = { Authorization = byHeader ? Basic(provider) : null },
            },
            cancellationToken);
        if (status != HttpStatusCode.OK)
        {
            throw new OpenIdException($"The provider answered {(int)status} where codes are exchanged.");
        }

        try
        {
            return new OpenIdConnectMessage(text).IdToken is { Length: > 0 } idToken
                ? idToken
                : throw new OpenIdException("The provider gave no id_token; 'openid' must be among the scopes.");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or FormatException)
        {
            throw new OpenIdException("The provider did not answer in JSON where codes are exchanged.", exception);
        }
    }

    // By HTTP Basic where the provider says nothing (OpenID Connect Discovery, 3).
    private static bool MayUseHeader(OpenIdConnectConfiguration configuration) =>
        configuration.TokenEndpointAuthMethodsSupported.Count == 0
        || configuration.TokenEndpointAuthMethodsSupported.Contains("client_secret_basic");

    private static AuthenticationHeaderValue Basic(OpenIdProvider provider) => new(
        "Basic",
        Convert.ToBase64String(Encoding.UTF8.GetBytes(
            $"{WebUtility.UrlEncode(provider.ClientId)}:{WebUtility.UrlEncode(provider.ClientSecret)}")));

    private Task<TokenValidationResult> ValidateAsync(
        OpenIdProvider provider, OpenIdConnectConfiguration configuration, string idToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return _tokens.ValidateTokenAsync(idToken, new TokenValidationParameters
        {
            ValidIssuer = provider.Issuer,
            ValidAudience = provider.ClientId,
            IssuerSigningKeys = configuration.SigningKeys,
            ValidAlgorithms = Algorithms,
            RequireExpirationTime = true,
            // By our clock, which is the database's.
            LifetimeValidator = (notBefore, expires, _, _) =>
                expires > now - ClockSkew && !(notBefore > now + ClockSkew),
        });
    }

    private static OpenIdPerson Person(
        OpenIdProvider provider, OpenIdLogin login, JsonWebToken token, string? groupsClaim)
    {
        if (Claim(token, "nonce") != login.Nonce)
        {
            throw new OpenIdException("The id_token is of another login.");
        }

        // One for several audiences names whom it was made for (OpenID Connect Core, 3.1.3.7).
        if (Claim(token, "azp") is var party && (party is not null || token.Audiences.Skip(1).Any())
            && party != provider.ClientId)
        {
            throw new OpenIdException("The id_token was made for another client.");
        }

        return token.Subject is { Length: > 0 and <= Limits.OpenIdSubjectLength } subject
            ? new OpenIdPerson(
                subject,
                Claim(token, "email"),
                Claim(token, "email_verified") is { } verified
                    ? string.Equals(verified, "true", StringComparison.OrdinalIgnoreCase)
                    : null,
                Claim(token, "name"),
                Claim(token, "preferred_username"),
                groupsClaim is null
                    ? []
                    : [.. token.Claims.Where(claim => claim.Type == groupsClaim).Select(claim => claim.Value)])
            : throw new OpenIdException("The id_token names nobody.");
    }

    private static string? Claim(JsonWebToken token, string type) =>
        token.Claims.FirstOrDefault(claim => claim.Type == type)?.Value;

    private static string Reason(Exception? exception) => exception switch
    {
        SecurityTokenInvalidIssuerException => "The id_token is of another issuer.",
        SecurityTokenInvalidAudienceException => "The id_token was made for another client.",
        SecurityTokenInvalidLifetimeException or SecurityTokenNoExpirationException =>
            "The id_token is over, or does not say when it is.",
        SecurityTokenInvalidAlgorithmException => "The id_token is not signed in a way that is taken.",
        SecurityTokenInvalidSignatureException => "The id_token is not signed by the provider.",
        _ => "The id_token cannot be read.",
    };
}
