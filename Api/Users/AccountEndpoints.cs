using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Users;

/// <param name="Password">The new one; the user should change it at the next login.</param>
internal sealed record SetPasswordRequest(string Password);

/// <summary>The way back in for people who are locked out, by who manages users.</summary>
internal static class AccountEndpoints
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/users/{userId:guid}").WithTags("Users").Requires(Permission.UsersManage)
            .WithMetadata(new NotRepeatable());
        users.MapPost("/unlock", UnlockAsync).WithSummary("Unlock an account after wrong passwords");
        users.MapPost("/password", SetPasswordAsync)
            .WithSummary("Give a user a new password; all of the user's sessions end");
    }

    private static Task<ApiResponse<Done>> UnlockAsync(Guid userId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
    {
        var (user, problem) = await FindAsync(userId, request, token);
        if (user is null)
        {
            return problem!;
        }

        await request.Db.UnlockAsync(user, request.Now, token);
        request.Record("user.unlock", "user", user.Id, user.Email);
        return new Done(user.Id, "unlocked");
    });

    private static async Task<ApiResponse<Done>> SetPasswordAsync(
        Guid userId, Body<SetPasswordRequest> body, ApiRequest request, Passwords passwords, Invalidation invalidation,
        CancellationToken cancellationToken)
    {
        var (found, refusal) = await FindAsync(userId, request, cancellationToken);
        if (found is null)
        {
            return refusal!;
        }

        var about = await request.AboutAsync(found, cancellationToken);
        if (new Checks().Password("password", body.Value.Password, about).Problem is { } problem)
        {
            return problem;
        }

        var hash = await passwords.HashAsync(body.Value.Password, cancellationToken);
        var response = await request.ChangeAsync<Done>(async token =>
        {
            // Again under the transaction: roles may have changed meanwhile.
            var (user, late) = await FindAsync(userId, request, token);
            if (user is null)
            {
                return late!;
            }

            await request.Db.SetPasswordAsync(user, hash, "password set by who manages users", request.Now, token);
            request.Record("user.password", "user", user.Id, user.Email);
            return new Done(user.Id, "changed");
        });
        invalidation.Publish(Invalidated.User, request.Caller.TenantId, userId);
        return response;
    }

    private static async Task<(User? User, Problem? Problem)> FindAsync(Guid userId, ApiRequest request,
        CancellationToken token)
    {
        var user = await request.Db.Users.Include(row => row.Roles).ThenInclude(row => row.Role)
            .SingleOrDefaultAsync(row => row.Id == userId, token);
        return user is null ? (null, new Problem(Errors.UserNotFound))
            : UserRights.Check(request.Caller, user) is { } problem ? (null, problem)
            : (user, null);
    }
}
