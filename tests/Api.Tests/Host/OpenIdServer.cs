using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Workflows.Testing;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Workflows.Api.Tests.Host;

/// <summary>Who is at the browser.</summary>
public sealed record AtBrowser(
    string Subject, string? Email = null, bool? EmailVerified = true, string? Name = null, params string[] Groups);

/// <summary>
/// An identity provider: OpenIddict's server on Kestrel, without a store, so that whoever is at the browser is whom the
/// test says. What it signs can be changed before it is signed.
/// </summary>
public sealed class OpenIdServer : IAsyncDisposable
{
    public const string ClientId = "workflows";
    public const string ClientSecret = "a secret of the client";

    private readonly int _port = FreePort.Next();
    private WebApplication? _app;

    /// <summary>Exactly as the server calls itself.</summary>
    public string Issuer => $"http://127.0.0.1:{_port}/";

    /// <summary>Null: nobody, and the server sends the browser back with an error.</summary>
    public AtBrowser? Person { get; set; }

    /// <summary>Changes an id_token before it is signed.</summary>
    public Action<SecurityTokenDescriptor>? Tamper { get; set; }

    /// <summary>How the client named itself when it exchanged a code.</summary>
    public string? AuthenticatedBy { get; private set; }

    /// <summary>Starts it, or starts it anew with other keys.</summary>
    public async Task StartAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict().AddServer(Configure);
        _app = builder.Build();
        _app.UseAuthentication();
        await _app.StartAsync();
        using var anybody = new HttpClient(); // its first answer takes long where the machine is busy
        await anybody.GetStringAsync(new Uri(new Uri(Issuer), ".well-known/openid-configuration"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    private void Configure(OpenIddictServerBuilder options)
    {
        options.EnableDegradedMode();
        options.SetIssuer(new Uri(Issuer));
        options.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token");
        options.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
        options.RegisterScopes(Scopes.Email, Scopes.Profile);
        options.AddEphemeralEncryptionKey();
        options.AddSigningKey(new RsaSecurityKey(RSA.Create(2048)) { KeyId = Guid.CreateVersion7().ToString("N") });
        options.UseAspNetCore().DisableTransportSecurityRequirement();
        options.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            if (context.ClientId != ClientId
                || context.RedirectUri?.StartsWith($"{OpenIdApi.PublicUrl}/api/v1/auth/oidc/", StringComparison.Ordinal)
                    != true)
            {
                context.Reject(Errors.InvalidClient);
            }

            return default;
        }));
        options.AddEventHandler<HandleAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            if (Person is { } person)
            {
                context.SignIn(Principal(person));
            }
            else
            {
                context.Reject(Errors.AccessDenied);
            }

            return default;
        }));
        options.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            AuthenticatedBy = context.ClientId == ClientId && context.ClientSecret == ClientSecret ? "secret" : null;
            if (AuthenticatedBy is null)
            {
                context.Reject(Errors.InvalidClient);
            }

            return default;
        }));
        options.AddEventHandler<GenerateTokenContext>(handler => handler
            .UseInlineHandler(context =>
            {
                if (context.TokenType == TokenTypeIdentifiers.IdentityToken)
                {
                    Tamper?.Invoke(context.SecurityTokenDescriptor);
                }

                return default;
            })
            .SetOrder(OpenIddictServerHandlers.Protection.GenerateIdentityModelToken.Descriptor.Order - 1));
    }

    private static ClaimsPrincipal Principal(AtBrowser person)
    {
        var identity = new ClaimsIdentity("test");
        identity.SetClaim(Claims.Subject, person.Subject).SetClaim(Claims.Email, person.Email)
            .SetClaim(Claims.Name, person.Name);
        if (person.EmailVerified is { } verified)
        {
            identity.SetClaim(Claims.EmailVerified, verified);
        }

        identity.SetClaims("groups", [.. person.Groups]);
        identity.SetScopes(Scopes.OpenId, Scopes.Email, Scopes.Profile);
        identity.SetDestinations(_ => [Destinations.IdentityToken]);
        return new ClaimsPrincipal(identity);
    }
}

/// <summary>An API whose tenants may reach a provider on this machine.</summary>
public sealed class OpenIdApi(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    public const string PublicUrl = "https://flows.example";

    private ApiHost? _host;

    public OpenIdServer Server { get; } = new();

    public ApiHost Host => _host ?? throw new InvalidOperationException("Not started yet.");

    public async ValueTask InitializeAsync()
    {
        await Server.StartAsync();
        _host = await ApiHost.StartAsync(
            postgres, redis,
            new() { ["Api:PublicUrl"] = PublicUrl, ["Connectors:Allow:0"] = "127.0.0.1" });
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Server.DisposeAsync();
    }
}

/// <summary>A browser that follows no redirect by itself, so that a test may look at each.</summary>
public sealed class Browser(ApiHost host) : IDisposable
{
    private readonly HttpClient _http =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    private readonly Dictionary<string, string> _cookies = [];

    public string? Cookie { get; private set; }

    /// <summary>Where the API leads the browser.</summary>
    public async Task<Uri> BeginAsync(string provider, string tenant = "default")
    {
        using var response = await _http.GetAsync(
            new Uri(host.BaseAddress, $"/api/v1/auth/oidc/{tenant}/{provider}/start"),
            TestContext.Current.CancellationToken);
        Assert.True(
            response.StatusCode == HttpStatusCode.Redirect, await response.Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken));
        Cookie = response.Headers.GetValues("Set-Cookie").Single();
        var pair = Cookie.Split(';')[0].Split('=', 2);
        _cookies[pair[0]] = pair[1];
        return response.Headers.Location!;
    }

    /// <summary>Where the provider sends the browser back to.</summary>
    public async Task<Uri> VisitAsync(Uri address)
    {
        using var response = await _http.GetAsync(address, TestContext.Current.CancellationToken);
        Assert.True(
            response.StatusCode is HttpStatusCode.Redirect or HttpStatusCode.SeeOther,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return response.Headers.Location!;
    }

    /// <summary>What the API answers to who comes back.</summary>
    public async Task<Answer> CompleteAsync(Uri callback)
    {
        using var client = host.Client();
        return await client.GetAsync(
            callback.PathAndQuery, [.. _cookies.Select(pair => ("Cookie", $"{pair.Key}={pair.Value}"))]);
    }

    /// <summary>All of it.</summary>
    public async Task<Answer> LogInAsync(string provider, string tenant = "default") =>
        await CompleteAsync(await VisitAsync(await BeginAsync(provider, tenant)));

    public void Dispose() => _http.Dispose();
}
