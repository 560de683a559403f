using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Auth;

/// <summary>What a provider signs, and what is believed of it.</summary>
public sealed class ProviderTokenTests(OpenIdApi api) : IClassFixture<OpenIdApi>
{
    [Theory]
    [InlineData("issuer", "another issuer")]
    [InlineData("audience", "another client")]
    [InlineData("nonce", "another login")]
    [InlineData("over", "is over")]
    [InlineData("endless", "is over")]
    [InlineData("key", "not signed by the provider")]
    [InlineData("shared", "not signed")]
    [InlineData("party", "another client")]
    public async Task An_id_token_that_vouches_for_nothing_here_is_refused(string how, string reason)
    {
        using var owner = api.Host.Owner();
        var (id, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        (await LogInAsync(slug)).Ok();
        api.Server.Tamper = token => Spoil(token, how);
        try
        {
            (await LogInAsync(slug)).Fails(HttpStatusCode.BadGateway, "IDENTITY_PROVIDER_FAILED");
        }
        finally
        {
            api.Server.Tamper = null;
        }

        Assert.Contains(reason, await api.Host.ReasonAsync(id), StringComparison.Ordinal);
        (await LogInAsync(slug)).Ok();
    }

    [Fact]
    public async Task Keys_that_the_provider_exchanged_are_noticed_at_the_next_login()
    {
        using var owner = api.Host.Owner();
        var (_, slug) = await api.AddProviderAsync(owner, new { provision = true });
        api.Server.Person = Providers.Stranger();
        (await LogInAsync(slug)).Ok();

        await api.Server.StartAsync();

        (await LogInAsync(slug)).Ok();
    }

    private async Task<Answer> LogInAsync(string slug)
    {
        using var browser = new Browser(api.Host);
        return await browser.LogInAsync(slug);
    }

    private static void Spoil(SecurityTokenDescriptor token, string how)
    {
        token.Claims ??= new Dictionary<string, object>();
        switch (how)
        {
            case "issuer":
                token.Issuer = "https://elsewhere.example/";
                break;
            case "audience":
                token.Claims["aud"] = "another-client";
                token.Audience = null;
                token.Audiences.Clear();
                break;
            case "party":
                token.Claims["azp"] = "another-client";
                break;
            case "nonce":
                token.Claims["nonce"] = "guessed";
                break;
            case "over":
                token.IssuedAt = token.NotBefore = TimeProvider.System.GetUtcNow().AddHours(-2).UtcDateTime;
                token.Expires = TimeProvider.System.GetUtcNow().AddMinutes(-5).UtcDateTime;
                break;
            case "endless":
                token.Expires = null;
                break;
            case "key":
                token.SigningCredentials = new SigningCredentials(
                    new RsaSecurityKey(RSA.Create(2048)) { KeyId = token.SigningCredentials.Key.KeyId },
                    SecurityAlgorithms.RsaSha256);
                break;
            case "shared":
                token.SigningCredentials = new SigningCredentials(
                    new SymmetricSecurityKey(SHA256.HashData(Encoding.UTF8.GetBytes(OpenIdServer.ClientSecret))),
                    SecurityAlgorithms.HmacSha256);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, "There is no such way.");
        }
    }
}
