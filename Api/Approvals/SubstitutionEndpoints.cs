using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Approvals;

/// <summary>Who decides for whom during an absence: set by the user, or by who manages users for one that is away already.</summary>
internal static class SubstitutionEndpoints
{
    public static void MapSubstitutions(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/users/me/substitutions").WithTags("Approvals").Requires(Permission.ApprovalsDecide);
        own.MapGet("", ListOwnAsync).WithSummary("List the substitutions in which one is the user or the substitute");
        own.MapPost("", CreateOwnAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Name who decides while one is away");
        own.MapDelete("/{substitutionId:guid}", (Guid substitutionId, ApiRequest request) => DeleteAsync(request.Caller.UserId, substitutionId, request))
            .WithSummary("End a substitution of one's own");
        var others = routes.MapGroup("/users/{userId:guid}/substitutions").WithTags("Approvals").Requires(Permission.UsersManage);
        others.MapGet("", ListAsync).WithSummary("List a user's substitutions");
        others.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Name who decides while a user is away");
        others.MapDelete("/{substitutionId:guid}", (Guid userId, Guid substitutionId, ApiRequest request) => DeleteAsync(userId, substitutionId, request))
            .WithSummary("End a user's substitution");
    }

    private static async Task<ApiResponse<List<SubstitutionView>>> ListOwnAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var me = request.Caller.UserId;
        return await Current(request).Where(row => row.UserId == me || row.SubstituteId == me).Take(Limits.MaxPageSize)
            .Select(row => new SubstitutionView(row.Id, row.UserId, row.SubstituteId, row.StartsAt, row.EndsAt)).ToListAsync(cancellationToken);
    }

    private static async Task<ApiResponse<List<SubstitutionView>>> ListAsync(Guid userId, ApiRequest request, CancellationToken cancellationToken) =>
        !await request.Db.Users.AnyAsync(user => user.Id == userId, cancellationToken)
            ? new Problem(Errors.UserNotFound)
            : await Current(request).Where(row => row.UserId == userId).Take(Limits.MaxPageSize)
                .Select(row => new SubstitutionView(row.Id, row.UserId, row.SubstituteId, row.StartsAt, row.EndsAt)).ToListAsync(cancellationToken);

    private static IQueryable<Substitution> Current(ApiRequest request) =>
        request.Db.Substitutions.AsNoTracking().Where(row => row.EndsAt > request.Now).OrderByDescending(row => row.Id);

    private static Task<ApiResponse<SubstitutionView>> CreateOwnAsync(Body<CreateSubstitutionRequest> body, ApiRequest request) =>
        request.Caller.UserId is { } me
            ? CreateAsync(me, body, request)
            : Task.FromResult<ApiResponse<SubstitutionView>>(new Problem(Errors.Conflict, "An API key decides nothing, so nobody can do it instead."));

    private static async Task<ApiResponse<SubstitutionView>> CreateAsync(Guid userId, Body<CreateSubstitutionRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var startsAt = (wanted.StartsAt ?? request.Now).ToUniversalTime();
        var endsAt = wanted.EndsAt.ToUniversalTime();
        if (Check(userId, wanted.SubstituteId, startsAt, endsAt, request.Now) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<SubstitutionView>(async token =>
        {
            var (user, refusal) = await FindUserAsync(userId, request, token);
            if (user is null)
            {
                return refusal!;
            }

            if (userId != request.Caller.UserId && await IsCallerAsync(wanted.SubstituteId, request, token))
            {
                return new Problem(Errors.Forbidden,
                    "Nobody makes themselves the substitute of another; ask the user, or who else manages users.");
            }

            if (!await request.Db.Users.AnyAsync(row => row.Id == wanted.SubstituteId && row.Active, token))
            {
                return Problem.Invalid("/substituteId", "That is no active user.", "UNKNOWN");
            }

            if (await Current(request).CountAsync(row => row.UserId == userId, token) >= Limits.SubstitutionsPerUser)
            {
                return new Problem(Errors.LimitReached, $"A user has at most {Limits.SubstitutionsPerUser} substitutions that are not over.");
            }

            var made = new Substitution
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                UserId = userId,
                SubstituteId = wanted.SubstituteId,
                StartsAt = startsAt,
                EndsAt = endsAt,
                CreatedAt = request.Now,
            };
            request.Db.Substitutions.Add(made);
            request.Record("substitution.create", "user", userId, user.Email, after: new { made.SubstituteId, made.StartsAt, made.EndsAt });
            if (userId != request.Caller.UserId)
            {
                request.Db.Notifications.Add(Telling(made, request));
            }

            return ApiResponse<SubstitutionView>.Created(
                new SubstitutionView(made.Id, made.UserId, made.SubstituteId, made.StartsAt, made.EndsAt), $"/api/v1/users/{userId}/substitutions/{made.Id}");
        });
    }

    private static Problem? Check(
        Guid userId, Guid substituteId, DateTimeOffset startsAt, DateTimeOffset endsAt, DateTimeOffset now)
    {
        var checks = new Checks();
        if (endsAt <= startsAt || endsAt <= now || endsAt - startsAt > Limits.SubstitutionLifetime)
        {
            checks.Add(
                "endsAt", "RANGE",
                "A substitution ends after it starts, in the future, and lasts at most "
                    + $"{Limits.SubstitutionLifetime.TotalDays:0} days.");
        }

        if (substituteId == userId)
        {
            checks.Add("substituteId", "SELF", "Nobody substitutes themselves.");
        }

        return checks.Problem;
    }

    // One's own affairs are one's own; on those of others acts who may as much as they.
    private static async Task<(User? User, Problem? Problem)> FindUserAsync(Guid userId, ApiRequest request,
        CancellationToken token)
    {
        var user = await request.Db.Users.AsNoTracking().Include(row => row.Roles).ThenInclude(row => row.Role)
            .SingleOrDefaultAsync(row => row.Id == userId, token);
        return user is null ? (null, new Problem(Errors.UserNotFound))
            : userId != request.Caller.UserId && UserRights.Check(request.Caller, user) is { } problem ? (null, problem)
            : (user, null);
    }

    // An API key acts for who made it.
    private static async Task<bool> IsCallerAsync(Guid userId, ApiRequest request, CancellationToken token) =>
        request.Caller.UserId is { } me
            ? me == userId
            : await request.Db.ApiKeys.AnyAsync(
                key => key.Id == request.Caller.Id && key.CreatedBy == userId && key.ServiceAccountId == null, token);

    private static Notification Telling(Substitution made, ApiRequest request) => new()
    {
        TenantId = made.TenantId,
        UserId = made.UserId,
        Id = Guid.CreateVersion7(request.Now),
        Source = $"substitution:{made.Id}",
        Kind = "approval",
        Level = "warning",
        Title = "Somebody was named to decide approvals in your place",
        Body = $"From {made.StartsAt:u} until {made.EndsAt:u}, by {request.Caller.Name}. "
            + "You can end it under your substitutions.",
        Link = "/users/me/substitutions",
        CreatedAt = request.Now,
    };

    private static Task<ApiResponse<Done>> DeleteAsync(Guid? userId, Guid substitutionId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var row = await request.Db.Substitutions.SingleOrDefaultAsync(row => row.Id == substitutionId && row.UserId == userId, token);
        if (row is null)
        {
            return new Problem(Errors.SubstitutionNotFound);
        }

        if (await FindUserAsync(row.UserId, request, token) is (null, { } refusal))
        {
            return refusal;
        }

        request.Db.Substitutions.Remove(row);
        request.Record("substitution.delete", "user", row.UserId, null, before: new { row.SubstituteId, row.StartsAt, row.EndsAt });
        return new Done(row.Id, "deleted");
    });
}
