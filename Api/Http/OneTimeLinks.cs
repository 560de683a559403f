using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>
/// From the token of a link to what it is for. A token is of one kind, works once and for a time; whoever has it has
/// shown that mails to its address reach them, or was handed it by who invited them.
/// </summary>
internal static class OneTimeLinks
{
    /// <summary>The link of a token that is good now; else why it cannot be used, and nothing more.</summary>
    public static async Task<(AccountLink? Link, ApiRequest? Request, Problem? Problem)> FindAsync(
        HttpContext context, Tokens tokens, LoginLimiter limiter, string token, LinkKind kind)
    {
        var from = LoginAddresses.Of(context.Connection.RemoteIpAddress);
        if (await limiter.TakeAsync(from.Key) is { Granted: 0 } refused)
        {
            return (null, null, new Problem(
                Errors.RateLimited, "Too many attempts from this address.", retryAfter: refused.RetryAfter));
        }

        if (!tokens.TryReadLinkToken(token, kind, out var read))
        {
            return (null, null, new Problem(Errors.LinkInvalid));
        }

        var request = ApiRequest.For(context, Caller.Nobody(read.TenantId, "link"));
        var link = await request.Db.AccountLinks.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == read.Id, context.RequestAborted);
        var isGood = link is { EndedAt: null } && link.ExpiresAt > request.Now && AccountMails.KindOf(link.Kind) == kind
            && await request.Db.Tenants.AnyAsync(tenant => tenant.Status == "active", context.RequestAborted);
        return isGood ? (link, request, null) : (null, null, new Problem(Errors.LinkGone));
    }

    /// <summary>Ends the link, within the transaction of what it does; false when another request was
    /// quicker.</summary>
    public static async Task<bool> TryUseAsync(ApiRequest request, AccountLink link, CancellationToken token) =>
        await request.Db.AccountLinks
            .Where(row => row.Id == link.Id && row.EndedAt == null && row.ExpiresAt > request.Now)
            .ExecuteUpdateAsync(row => row.SetProperty(other => other.EndedAt, request.Now), token) == 1;

    /// <summary>A change by the person whom a link is for.</summary>
    public static ApiRequest AsPerson(HttpContext context, AccountLink link, Guid userId, string email) =>
        ApiRequest.For(context, new Caller(link.TenantId, userId, email, Permission.None, link.Id));
}
