using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;

namespace Workflows.Api.Auth;

internal sealed record EnrolRequest(string Password);

internal sealed record ConfirmRequest(string Code);

/// <param name="Code">Of the app, or a recovery code.</param>
internal sealed record RemoveFactorRequest(string Password, string Code);

/// <param name="Code">Of the app, or one of the codes that are replaced.</param>
internal sealed record RenewCodesRequest(string Password, string Code);

/// <param name="Enabled">Whether logins ask for it.</param>
/// <param name="RecoveryCodesLeft">Of those that were not used.</param>
internal sealed record SecondFactorView(bool Enabled, DateTimeOffset? ConfirmedAt, int RecoveryCodesLeft);

/// <param name="Secret">For apps that read no QR code.</param>
/// <param name="Uri">What a QR code shows.</param>
internal sealed record EnrolmentView(string Secret, string Uri);

/// <param name="Codes">Each stands in for the app once. In this answer and never again.</param>
internal sealed record RecoveryCodesView(IReadOnlyList<string> Codes);

/// <summary>One's own second factor, and the way back for who lost it.</summary>
internal static class SecondFactorEndpoints
{
    public static void MapSecondFactors(this IEndpointRouteBuilder routes)
    {
        routes.MapSecondFactorLogin();
        var me = routes.MapGroup("/users/me/second-factor").WithTags("Users").Requires(Permission.None)
            .WithMetadata(new NotRepeatable(), new BodyLimit(Limits.LoginBodyBytes));
        me.MapGet("", GetAsync).WithSummary("Get whether one's own logins ask for a second factor");
        me.MapPost("", EnrolAsync).WithSummary("Get a secret for an authenticator app; it counts once confirmed");
        me.MapPost("/confirm", ConfirmAsync)
            .WithSummary("Confirm the app by a code of it; answers recovery codes, once");
        me.MapPost("/recovery-codes", RenewAsync)
            .WithSummary("Replace all recovery codes by new ones; they are answered once");
        me.MapPost("/remove", RemoveAsync).WithSummary("Remove one's own second factor");
        routes.MapDelete("/users/{userId:guid}/second-factor", RemoveOfAsync).WithTags("Users")
            .Requires(Permission.UsersManage)
            .WithSummary("Remove the second factor of a user who lost it; all of the user's sessions end");
    }

    private static async Task<ApiResponse<SecondFactorView>> GetAsync(
        ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoFactor();
        }

        var confirmed = await request.Db.SecondFactors.Where(row => row.UserId == me)
            .Select(row => row.ConfirmedAt).SingleOrDefaultAsync(cancellationToken);
        var left = await request.Db.RecoveryCodes.CountAsync(
            row => row.UserId == me && row.UsedAt == null, cancellationToken);
        return new SecondFactorView(confirmed is not null, confirmed, left);
    }

    private static async Task<ApiResponse<EnrolmentView>> EnrolAsync(
        Body<EnrolRequest> body, ApiRequest request, Passwords passwords, LoginLimiter limiter, SecretSealer sealer,
        CancellationToken cancellationToken)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoFactor();
        }

        if (await OwnPassword.CheckAsync(request, body.Value.Password, passwords, limiter, cancellationToken)
            is { } problem)
        {
            return problem;
        }

        var secret = OneTimeCodes.NewSecret();
        var @sealed = await sealer.SealAsync(
            request.Caller.TenantId, SecondFactor.PurposeOf(me), secret, cancellationToken);
        var tenant = await request.Db.Tenants.Select(row => row.Name).SingleAsync(cancellationToken);
        return await request.ChangeAsync<EnrolmentView>(async token =>
        {
            if (await request.Db.LockUserAsync(me, token) is null)
            {
                return new Problem(Errors.UserNotFound);
            }

            var present = await request.Db.LockSecondFactorAsync(me, token);
            if (present is { ConfirmedAt: not null })
            {
                return new Problem(Errors.Conflict, "There is a second factor: remove it first.");
            }

            if (present is null)
            {
                present = new SecondFactor
                {
                    TenantId = request.Caller.TenantId,
                    UserId = me,
                    KeyId = @sealed.KeyId,
                    Sealed = @sealed.Bytes,
                };
                request.Db.SecondFactors.Add(present);
            }

            (present.KeyId, present.Sealed, present.CreatedAt) = (@sealed.KeyId, @sealed.Bytes, request.Now);
            request.Record("second_factor.enrol", "user", me, request.Caller.Name);
            return new EnrolmentView(
                OneTimeCodes.TextOf(secret), OneTimeCodes.AddressOf(tenant, request.Caller.Name, secret));
        });
    }

    private static async Task<ApiResponse<RecoveryCodesView>> ConfirmAsync(
        Body<ConfirmRequest> body, ApiRequest request, LoginLimiter limiter, SecretSealer sealer,
        Invalidation invalidation)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoFactor();
        }

        if (await limiter.TakeAsync(request.Caller.Id) is { Granted: 0 } refused)
        {
            return new Problem(Errors.RateLimited, "Too many codes were tried.", retryAfter: refused.RetryAfter);
        }

        var codes = NewCodes();
        var response = await request.ChangeAsync<RecoveryCodesView>(async token =>
        {
            if (await request.Db.LockSecondFactorAsync(me, token) is not { ConfirmedAt: null } factor)
            {
                return new Problem(Errors.Conflict, "There is no second factor that waits to be confirmed.");
            }

            var secret = await sealer.OpenAsync(
                factor.TenantId, SecondFactor.PurposeOf(me), new SealedBytes(factor.KeyId, factor.Sealed), token);
            if (!OneTimeCodes.TryFind(secret, body.Value.Code, request.Now, factor.LastStep, out var step))
            {
                return Problem.Invalid("/code", "The code is not one of the app now.", "WRONG");
            }

            (factor.LastStep, factor.ConfirmedAt) = (step, request.Now);
            AddCodes(request, me, codes);
            request.Record("second_factor.confirm", "user", me, request.Caller.Name);
            return new RecoveryCodesView(codes);
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, me);
        return response;
    }

    private static async Task<ApiResponse<RecoveryCodesView>> RenewAsync(
        Body<RenewCodesRequest> body, ApiRequest request, Passwords passwords, LoginLimiter limiter,
        SecretSealer sealer, CancellationToken cancellationToken)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoFactor();
        }

        if (await OwnPassword.CheckAsync(request, body.Value.Password, passwords, limiter, cancellationToken)
            is { } problem)
        {
            return problem;
        }

        var codes = NewCodes();
        return await request.ChangeAsync<RecoveryCodesView>(async token =>
        {
            if (!await SecondFactors.TryUseAsync(request, sealer, me, body.Value.Code, token))
            {
                return new Problem(Errors.InvalidCredentials, "The code is wrong, was used, or there is no factor.");
            }

            await request.Db.RecoveryCodes.Where(row => row.UserId == me).ExecuteDeleteAsync(token);
            AddCodes(request, me, codes);
            request.Record("second_factor.recovery_codes", "user", me, request.Caller.Name);
            return new RecoveryCodesView(codes);
        });
    }

    private static async Task<ApiResponse<Done>> RemoveAsync(
        Body<RemoveFactorRequest> body, ApiRequest request, Passwords passwords, LoginLimiter limiter,
        SecretSealer sealer, Invalidation invalidation, CancellationToken cancellationToken)
    {
        if (request.Caller.UserId is not { } me)
        {
            return NoFactor();
        }

        if (await OwnPassword.CheckAsync(request, body.Value.Password, passwords, limiter, cancellationToken)
            is { } problem)
        {
            return problem;
        }

        var response = await request.ChangeAsync<Done>(async token =>
        {
            if (!await SecondFactors.TryUseAsync(request, sealer, me, body.Value.Code, token))
            {
                return new Problem(Errors.InvalidCredentials, "The code is wrong, was used, or there is no factor.");
            }

            await request.Db.SaveChangesAsync(token);
            await request.Db.SecondFactors.Where(row => row.UserId == me).ExecuteDeleteAsync(token);
            request.Record("second_factor.remove", "user", me, request.Caller.Name);
            return new Done(me, "removed");
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, me);
        return response;
    }

    private static async Task<ApiResponse<Done>> RemoveOfAsync(
        Guid userId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockUserAsync(userId, token) is not { } user)
            {
                return new Problem(Errors.UserNotFound);
            }

            if (UserRights.Check(request.Caller, user) is { } refusal)
            {
                return refusal;
            }

            // One's own is removed with password and code: a stolen session must not be enough.
            if (userId == request.Caller.Id)
            {
                return new Problem(Errors.Conflict, "One's own second factor is removed at /users/me/second-factor.");
            }

            if (await request.Db.SecondFactors.Where(row => row.UserId == userId).ExecuteDeleteAsync(token) == 0)
            {
                return new Problem(Errors.Conflict, "The user has no second factor.");
            }

            await request.Db.Sessions.Where(row => row.UserId == userId && row.RevokedAt == null).ExecuteUpdateAsync(
                row => row.SetProperty(session => session.RevokedAt, request.Now)
                    .SetProperty(session => session.RevokeReason, "second factor removed"), token);
            request.Record("second_factor.remove", "user", userId, user.Email);
            return new Done(userId, "removed");
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, userId);
        return response;
    }

    private static List<string> NewCodes() =>
        [.. Enumerable.Range(0, Limits.RecoveryCodes).Select(_ => OneTimeCodes.NewRecoveryCode())];

    private static void AddCodes(ApiRequest request, Guid userId, List<string> codes) =>
        request.Db.RecoveryCodes.AddRange(codes.Select(code => new RecoveryCode
        {
            TenantId = request.Caller.TenantId,
            UserId = userId,
            Hash = OneTimeCodes.HashOfRecoveryCode(code),
        }));

    private static Problem NoFactor() => new(Errors.Conflict, "An API key has no second factor.");
}
