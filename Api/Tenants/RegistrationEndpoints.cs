using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>Section <c>Registration</c> of the configuration.</summary>
/// <param name="Enabled">Whether strangers make tenants; off unless it is said.</param>
/// <param name="Plan">Of the tenants that they make.</param>
internal sealed record RegistrationOptions(bool Enabled = false, string Plan = "free");

internal sealed record RegisterRequest(string Email);

/// <param name="Token">Of the mailed link.</param>
/// <param name="Company">Name of the tenant.</param>
/// <param name="Slug">Names the tenant in addresses and at logins.</param>
/// <param name="Name">Of the person, who becomes its owner.</param>
internal sealed record CompleteRegistrationRequest(
    string Token, string Company, string Slug, string Name, string Password);

/// <param name="Status">accepted, whatever came of it.</param>
internal sealed record RegistrationAccepted(string Status);

internal sealed record RegisteredView(Guid TenantId, string Slug, string OwnerEmail);

/// <summary>
/// Companies that make their own tenant, where the configuration lets them. A link is mailed first, so that an owner
/// has an address that reaches them, and a stranger can have nothing made but mails, of which there are few.
/// </summary>
internal static class RegistrationEndpoints
{
    public static void MapRegistration(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth/register").WithTags("Authentication").AllowAnonymous()
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes));
        group.MapPost("", BeginAsync).WithMetadata(new SuccessStatus(202))
            .WithSummary("Have a link mailed that registers a company");
        group.MapPost("/complete", CompleteAsync).WithMetadata(new SuccessStatus(201))
            .WithSummary("Register a company by a mailed link: makes the tenant and its owner");
    }

    private static async Task<ApiResponse<RegistrationAccepted>> BeginAsync(
        Body<RegisterRequest> body, HttpContext context, RegistrationOptions options, LoginLimiter limiter,
        AccountMails mails)
    {
        if ((options.Enabled ? mails.Missing : new Problem(Errors.RegistrationClosed)) is { } closed)
        {
            return closed;
        }

        var email = body.Value.Email;
        if (new Checks().Email("email", email).Problem is { } problem)
        {
            return problem;
        }

        var from = LoginAddresses.Of(context.Connection.RemoteIpAddress);
        if (await limiter.TakeAsync(from.Key) is { Granted: 0 } refused)
        {
            return new Problem(
                Errors.RateLimited, "Too many requests from this address.", retryAfter: refused.RetryAfter);
        }

        var request = ApiRequest.For(context, Caller.Nobody(PlatformTenant.Id, "registration"));
        var done = await request.ChangeAsync<Done>(async token =>
        {
            // One after the other, so that those at once are counted.
            await request.Db.LockTenantsAsync(token);
            if (await AreTooManyAsync(request, email, token))
            {
                return new Done(Guid.Empty, "too many"); // nobody sees it
            }

            var link = new AccountLink
            {
                TenantId = PlatformTenant.Id,
                Id = Guid.CreateVersion7(request.Now),
                Kind = AccountLink.OfRegistration,
                Email = email,
                CreatedAt = request.Now,
                ExpiresAt = request.Now + Limits.RegistrationLifetime,
            };
            request.Db.AccountLinks.Add(link);
            mails.Register(request, link);
            request.Record("tenant.register", "account_link", link.Id, email);
            return new Done(link.Id, "mailed");
        });
        return done.Problem is { } failed
            ? failed
            : ApiResponse<RegistrationAccepted>.Accepted(new RegistrationAccepted("accepted"));
    }

    private static async Task<ApiResponse<RegisteredView>> CompleteAsync(
        Body<CompleteRegistrationRequest> body, HttpContext context, RegistrationOptions options, Tokens tokens,
        LoginLimiter limiter, Passwords passwords, CancellationToken cancellationToken)
    {
        if (!options.Enabled)
        {
            return new Problem(Errors.RegistrationClosed);
        }

        var wanted = body.Value with { Company = Names.Clean(body.Value.Company) };
        var (link, request, refusal) =
            await OneTimeLinks.FindAsync(context, tokens, limiter, wanted.Token, LinkKind.Registration);
        if (link is null)
        {
            return refusal!;
        }

        if (Check(wanted, link.Email) is { } problem)
        {
            return problem;
        }

        var hash = await passwords.HashAsync(wanted.Password, cancellationToken);
        return await request!.ChangeAsync<RegisteredView>(async token =>
        {
            await request.Db.LockTenantsAsync(token);
            if (wanted.Slug == PlatformTenant.Slug || await request.Db.IsSlugTakenAsync(wanted.Slug, token))
            {
                return new Problem(Errors.NameTaken, $"There is a tenant '{wanted.Slug}' already.");
            }

            if (!await OneTimeLinks.TryUseAsync(request, link, token))
            {
                return new Problem(Errors.LinkGone);
            }

            var tenant = new NewTenant(
                Guid.CreateVersion7(request.Now), wanted.Company, wanted.Slug, link.Email, hash, ApiKey: null)
            {
                Plan = options.Plan,
                OwnerName = wanted.Name,
                OwnerVerified = true,
            };
            request.Record(
                "tenant.create", "tenant", tenant.Id, tenant.Name,
                after: new { tenant.Slug, tenant.Plan, tenant.OwnerEmail, registered = true });
            await request.Db.UnderTenantAsync(
                tenant.Id,
                _ =>
                {
                    request.Db.AddTenant(tenant, request.Now);
                    return Task.FromResult(true);
                },
                token);
            return ApiResponse<RegisteredView>.Created(
                new RegisteredView(tenant.Id, tenant.Slug, tenant.OwnerEmail), "/api/v1/tenant");
        });
    }

    private static async Task<bool> AreTooManyAsync(ApiRequest request, string email, CancellationToken token)
    {
        var since = request.Now - TimeSpan.FromHours(1);
        var recent = request.Db.AccountLinks
            .Where(row => row.Kind == AccountLink.OfRegistration && row.CreatedAt > since);
        var lower = email.ToLowerInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
        return await recent.CountAsync(row => row.Email.ToLower() == lower, token) >= Limits.LinksPerHour
            || await recent.CountAsync(token) >= Limits.RegistrationsPerHour;
#pragma warning restore CA1304, CA1311, CA1862
    }

    private static Problem? Check(CompleteRegistrationRequest wanted, string email) =>
        new Checks().Name("company", wanted.Company).Slug(wanted.Slug).Name("name", wanted.Name)
            .Password("password", wanted.Password, [email, wanted.Name, wanted.Company, wanted.Slug]).Problem;
}
