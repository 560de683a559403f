using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Primitives;
using Workflows.Data.Database;

namespace Workflows.Api.Http.Security;

/// <summary>
/// The one place that decides who asks and whether they may. A route says what it requires; a route that says nothing is closed. Then the caller's
/// budget of requests.
/// </summary>
internal sealed class CallerMiddleware(
    RequestDelegate next, Callers callers, RateLimiter limiter, ObjectRights rights)
{
    private const string ApiKeyHeader = "X-Api-Key";
    private const string Bearer = "Bearer ";

    private readonly string _limit = limiter.Options.Burst.ToString(CultureInfo.InvariantCulture);
    private readonly string _policy = string.Create(
        CultureInfo.InvariantCulture, $"{limiter.Options.Burst};w={Math.Max(1, (int)Math.Ceiling(limiter.Options.Burst / limiter.Options.PermitsPerSecond))}");

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        // Endpoints that routing makes itself only answer 405 and 415.
        if (endpoint is not RouteEndpoint || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            await next(context);
            return;
        }

        var (caller, problem) = await callers.IdentifyAsync(Credential(context.Request.Headers), context.RequestAborted);
        problem ??= Authorize(endpoint, caller!);
        if (problem is null)
        {
            var decision = await limiter.TakeAsync(caller!);
            WriteBudget(context.Response.Headers, decision);
            problem = decision.Allowed ? null : new Problem(Errors.RateLimited, retryAfter: decision.RetryAfter);
        }

        if (problem is null)
        {
            context.Features.Set(caller);
            if (caller!.OnlyGranted && endpoint.Metadata.GetMetadata<SeesWholeTenant>() is null)
            {
                ObjectScope.Enter(caller.PersonId ?? Guid.Empty); // for the rest of this request
                problem = await rights.CheckAsync(context, endpoint, caller);
            }
        }

        if (problem is not null)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        await next(context);
    }

    private static Problem? Authorize(Endpoint endpoint, Caller caller)
    {
        var required = endpoint.Metadata.GetMetadata<PermissionRequirement>()
            ?? throw new InvalidOperationException($"{endpoint.DisplayName} does not say what it requires.");
        if (caller.LacksTerms && endpoint.Metadata.GetMetadata<OpenBeforeTerms>() is null)
        {
            return new Problem(Errors.TermsNotAccepted);
        }

        return caller.May(required.Permission)
            ? null
            : new Problem(
                Errors.Forbidden,
                $"This needs the permission '{Permissions.Names(required.Permission)[0]}'.",
                [.. Permissions.Names(required.Permission).Select(name => new ErrorDetail("", "PERMISSION", name))]);
    }

    /// <summary>The token or key that a request came with; null when it has none.</summary>
    public static string? Credential(IHeaderDictionary headers)
    {
        string? authorization = headers.Authorization;
        return authorization is null ? headers[ApiKeyHeader]
            : authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim()
            : "";
    }

    private void WriteBudget(IHeaderDictionary headers, RateDecision decision)
    {
        headers["RateLimit-Limit"] = _limit;
        headers["RateLimit-Policy"] = _policy;
        headers["RateLimit-Remaining"] = new StringValues(decision.Remaining.ToString(CultureInfo.InvariantCulture));
        headers["RateLimit-Reset"] = decision.Allowed
            ? "1"
            : Math.Max(1, (int)Math.Ceiling(decision.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
    }
}
