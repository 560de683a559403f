using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Connectors.OpenId;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;

namespace Workflows.Api.Auth;

/// <summary>
/// Logins by an identity provider. Guarantees: a login ends in the browser that began it, once, and within its time;
/// it opens a session as a password does, second factor included; the answer does not tell whether an address exists.
/// </summary>
internal sealed class ProviderLoginEndpoints(
    IdentityProviderStore store, LoginLimiter limiter, OpenIdClient client, SecretSealer sealer, Tokens tokens,
    MailSettings settings, Invalidation invalidation)
{
    private const string CookiePrefix = "wf_login_";
    private const int IdBytes = 16;
    private const int SecretBytes = 32;
    private const int CodeLength = 4_096;

    public async Task<IResult> StartAsync(string tenant, string provider, HttpContext context)
    {
        if (settings.PublicUrl is not { } publicUrl)
        {
            return new Problem(Errors.Conflict, "The platform does not know its own address (Api:PublicUrl).");
        }

        var (found, request, problem) = await FindAsync(tenant, provider, context);
        if (found is null)
        {
            return problem!;
        }

        var id = Guid.CreateVersion7(request!.Now);
        var browser = Random();
        var login = new OpenIdLogin(
            ProviderAddresses.Callback(settings, tenant, provider)!, found.Scopes, NewState(id), Random(), Random());
        string address;
        try
        {
            address = await client.AddressAsync(await OpenAsync(found, context), login, context.RequestAborted);
        }
        catch (OpenIdException exception)
        {
            return await FailAsync(request, found, exception.Message);
        }

        var response = await request.ChangeAsync<Done>(token =>
        {
            request.Db.ProviderLogins.Add(new ProviderLogin
            {
                TenantId = found.TenantId,
                Id = id,
                ProviderId = found.Id,
                StateHash = Tokens.Hash(login.State),
                BrowserHash = Tokens.Hash(browser),
                Nonce = login.Nonce,
                CodeVerifier = login.CodeVerifier,
                CreatedAt = request.Now,
                ExpiresAt = request.Now + Limits.ProviderLoginLifetime,
            });
            return Task.FromResult<ApiResponse<Done>>(new Done(id, "begun"));
        });
        if (response.Problem is { } conflict)
        {
            return conflict;
        }

        context.Response.Cookies.Append(CookieOf(id), browser, ProviderAddresses.Cookie(publicUrl));
        context.Response.Headers.CacheControl = "no-store";
        return Results.Redirect(address);
    }

    public async Task<ApiResponse<TokenView>> CompleteAsync(string tenant, string provider, HttpContext context)
    {
        if (settings.PublicUrl is not { } publicUrl)
        {
            return new Problem(Errors.Conflict, "The platform does not know its own address (Api:PublicUrl).");
        }

        var (found, request, problem) = await FindAsync(tenant, provider, context);
        if (found is null)
        {
            return problem!;
        }

        if (await TakeAsync(request!, found, context) is not { } begun)
        {
            return new Problem(Errors.LoginExpired);
        }

        context.Response.Cookies.Delete(CookieOf(begun.Id), ProviderAddresses.Cookie(publicUrl));
        var query = context.Request.Query;
        if (query["code"].ToString() is not { Length: > 0 and <= CodeLength } code)
        {
            return await RefuseAsync(request!, found, "The provider sent the person back without a code.");
        }

        // A provider that says who it is must be this one (RFC 9207).
        if (query["iss"].ToString() is { Length: > 0 } issuer && issuer != found.Issuer)
        {
            return await FailAsync(request!, found, "The person came back from another issuer.");
        }

        var login = new OpenIdLogin(
            ProviderAddresses.Callback(settings, tenant, provider)!, found.Scopes, query["state"].ToString(),
            begun.Nonce, begun.CodeVerifier);
        OpenIdPerson person;
        try
        {
            person = await client.RedeemAsync(
                await OpenAsync(found, context), login, code, found.GroupsClaim, context.RequestAborted);
        }
        catch (OpenIdException exception)
        {
            return await FailAsync(request!, found, exception.Message);
        }

        return await OpenSessionAsync(tenant, found, person, request!, context);
    }

    private async Task<(IdentityProvider? Provider, ApiRequest? Request, Problem? Problem)> FindAsync(
        string tenant, string provider, HttpContext context)
    {
        var from = LoginAddresses.Of(context.Connection.RemoteIpAddress);
        if (await limiter.TakeAsync(from.Key) is { Granted: 0 } refused)
        {
            return (null, null, new Problem(
                Errors.RateLimited, "Too many logins from this address.", retryAfter: refused.RetryAfter));
        }

        // A tenant that is not there, or suspended, answers as one that has no such provider.
        if (!IdentityProviderChecks.IsSlug(tenant) || !IdentityProviderChecks.IsSlug(provider)
            || await store.FindAsync(tenant, provider, context.RequestAborted) is not { } known)
        {
            return (null, null, new Problem(Errors.IdentityProviderNotFound));
        }

        var request = ApiRequest.For(context, Caller.Nobody(known.TenantId, $"provider {provider}"));
        var found = await request.Db.IdentityProviders.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == known.ProviderId, context.RequestAborted);
        return (found, request, found is null ? new Problem(Errors.IdentityProviderNotFound) : null);
    }

    /// <summary>The login that state and cookie are of; it is over then. Null when there is none.</summary>
    private static async Task<ProviderLogin?> TakeAsync(
        ApiRequest request, IdentityProvider provider, HttpContext context)
    {
        var state = context.Request.Query["state"].ToString();
        if (IdOf(state) is not { } id || context.Request.Cookies[CookieOf(id)] is not { } browser)
        {
            return null;
        }

        var begun = await request.Db.ProviderLogins.AsNoTracking().SingleOrDefaultAsync(
            row => row.Id == id && row.ProviderId == provider.Id, context.RequestAborted);
        if (begun is null || begun.ExpiresAt <= request.Now
            || !CryptographicOperations.FixedTimeEquals(begun.StateHash, Tokens.Hash(state))
            || !CryptographicOperations.FixedTimeEquals(begun.BrowserHash, Tokens.Hash(browser)))
        {
            return null;
        }

        var taken = await request.ChangeAsync<Done>(async token =>
            await request.Db.ProviderLogins.Where(row => row.Id == id).ExecuteDeleteAsync(token) == 1
                ? new Done(id, "taken")
                : new Problem(Errors.LoginExpired));
        return taken.Problem is null ? begun : null;
    }

    private async Task<ApiResponse<TokenView>> OpenSessionAsync(
        string tenant, IdentityProvider provider, OpenIdPerson person, ApiRequest request, HttpContext context)
    {
        string? refusal = null;
        User? user = null;
        var found = await request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockIdentityProviderAsync(provider.Id, token) is not { Enabled: true } present)
            {
                return new Problem(Errors.IdentityProviderNotFound);
            }

            (user, refusal) = await ProviderAccounts.FindAsync(request, present, person, token);
            return user is null ? new Problem(Errors.LoginRefused) : new Done(user.Id, "found");
        });
        if (found.Problem is not null)
        {
            return await RefuseAsync(request, provider, refusal ?? found.Problem.Message);
        }

        var account = user!;
        invalidation.Publish(Invalidated.User, account.TenantId, account.Id); // its roles may have changed
        var login = new Login(account.TenantId, tenant, account.Id, account.PasswordHash, account.Active, null);
        if (await SecondFactors.ChallengeAsync(context, login, tokens, request.Now, context.RequestAborted)
            is { } challenge)
        {
            return challenge;
        }

        var opening = ApiRequest.For(
            context,
            new Caller(account.TenantId, account.Id, account.Email, Permission.None, Guid.CreateVersion7()));
        return await opening.ChangeAsync<TokenView>(async token =>
        {
            if (await opening.Db.Users.Where(row => row.Id == account.Id && row.Active).ExecuteUpdateAsync(
                row => row.SetProperty(other => other.LastLoginAt, opening.Now), token) == 0)
            {
                return new Problem(Errors.LoginRefused);
            }

            opening.Record(
                "auth.login", "session", opening.Caller.SessionId, account.Email,
                after: new { provider = provider.Slug });
            return SessionOpening.Open(opening, tokens);
        });
    }

    private async Task<OpenIdProvider> OpenAsync(IdentityProvider provider, HttpContext context)
    {
        var secret = provider is { KeyId: { } keyId, Sealed: { } bytes }
            ? Encoding.UTF8.GetString(await sealer.OpenAsync(
                provider.TenantId, IdentityProvider.PurposeOf(provider.Id), new SealedBytes(keyId, bytes),
                context.RequestAborted))
            : null;
        return new OpenIdProvider(provider.TenantId, provider.Issuer, provider.ClientId, secret);
    }

    // Why is for who manages the tenant: whoever asks learns that it failed.
    private static Task<Problem> RefuseAsync(ApiRequest request, IdentityProvider provider, string reason) =>
        TellAsync(request, provider, "auth.provider_refused", reason, new Problem(Errors.LoginRefused));

    private static Task<Problem> FailAsync(ApiRequest request, IdentityProvider provider, string reason) =>
        TellAsync(request, provider, "auth.provider_failed", reason, new Problem(Errors.IdentityProviderFailed));

    private static async Task<Problem> TellAsync(
        ApiRequest request, IdentityProvider provider, string action, string reason, Problem problem)
    {
        var told = await request.ChangeAsync<Done>(_ =>
        {
            request.Record(action, "identity_provider", provider.Id, provider.Name, after: new { reason });
            return Task.FromResult<ApiResponse<Done>>(new Done(provider.Id, "told"));
        });
        return told.Problem ?? problem;
    }

    private static string CookieOf(Guid id) => $"{CookiePrefix}{id:N}";

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    private static string NewState(Guid id) => Base64Url.EncodeToString(
        [.. id.ToByteArray(bigEndian: true), .. RandomNumberGenerator.GetBytes(SecretBytes)]);

    private static Guid? IdOf(string state)
    {
        Span<byte> bytes = stackalloc byte[IdBytes + SecretBytes];
        return state.Length == Base64Url.GetEncodedLength(bytes.Length)
            && Base64Url.TryDecodeFromChars(state, bytes, out var length) && length == bytes.Length
            ? new Guid(bytes[..IdBytes], bigEndian: true)
            : null;
    }
}
