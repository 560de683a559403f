using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Notifications;

/// <param name="ObjectType">workspace, folder, job or workflow.</param>
/// <param name="Events">failure, success, approval.</param>
/// <param name="Channels">in_app, email.</param>
internal sealed record SubscribeRequest(string ObjectType, Guid ObjectId, string[] Events, string[] Channels);

/// <param name="ObjectId">What was subscribed to, with all that lies below it.</param>
internal sealed record SubscriptionView(
    Guid Id, string ObjectType, Guid ObjectId, IReadOnlyList<string> Events, IReadOnlyList<string> Channels,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>What the caller wants to be told of. Only of what they may see, now and at each delivery.</summary>
internal static class SubscriptionEndpoints
{
    private static readonly string[] Types = ["workspace", "folder", "job", "workflow"];
    private static readonly string[] Events = ["failure", "success", "approval"];
    private static readonly string[] Channels = ["in_app", "email"];

    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/users/me/subscriptions").WithTags("Notifications")
            .Requires(Permission.ExecutionsRead);
        own.MapGet("", ListAsync).WithSummary("List one's own subscriptions, newest first");
        own.MapPut("", PutAsync)
            .WithSummary("Subscribe to a workspace, folder, job or workflow; another subscription to it is replaced");
        own.MapDelete("/{subscriptionId:guid}", DeleteAsync).WithSummary("End a subscription of one's own");
    }

    private static async Task<ApiResponse<List<SubscriptionView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"subscriptions:{request.Caller.Id}");
        var own = Own(request).AsNoTracking();
        var total = await own.CountAsync(query, cancellationToken);
        var rows = (await own.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take).ToListAsync(cancellationToken)).ConvertAll(View);
        return ApiResponse<List<SubscriptionView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<SubscriptionView>(query));
    }

    private static async Task<ApiResponse<SubscriptionView>> PutAsync(
        Body<SubscribeRequest> body, ApiRequest request, MailSettings mails)
    {
        var wanted = body.Value;
        if (request.Caller.UserId is not { } me)
        {
            return new Problem(Errors.Conflict, "An API key is told nothing.");
        }

        if (Check(wanted) is { } problem)
        {
            return problem;
        }

        if (wanted.Channels.Contains("email") && !mails.CanSend)
        {
            return new Problem(Errors.MailNotConfigured);
        }

        return await request.ChangeAsync<SubscriptionView>(async token =>
        {
            if (!await IsThereAsync(request.Db, wanted, token))
            {
                return new Problem(ObjectRights.NotFound(wanted.ObjectType));
            }

            var kept = await Own(request).SingleOrDefaultAsync(row => row.ObjectId == wanted.ObjectId, token);
            if (kept is null && await Own(request).CountAsync(token) >= Limits.SubscriptionsPerUser)
            {
                return new Problem(
                    Errors.LimitReached,
                    $"A person has at most {Limits.SubscriptionsPerUser} subscriptions: choose what these lie in.");
            }

            if (kept is null)
            {
                kept = new Subscription
                {
                    TenantId = request.Caller.TenantId,
                    Id = request.NewId(),
                    UserId = me,
                    ObjectType = wanted.ObjectType,
                    ObjectId = wanted.ObjectId,
                    Events = [],
                    Channels = [],
                    CreatedAt = request.Now,
                };
                request.Db.Subscriptions.Add(kept);
            }

            kept.Events = [.. wanted.Events.Distinct()];
            kept.Channels = [.. wanted.Channels.Distinct()];
            kept.UpdatedAt = request.Now;
            request.Record(
                "subscription.put", wanted.ObjectType, wanted.ObjectId, null,
                after: new { kept.Events, kept.Channels });
            return View(kept);
        });
    }

    private static Problem? Check(SubscribeRequest wanted)
    {
        var checks = new Checks();
        if (!Types.Contains(wanted.ObjectType))
        {
            checks.Add("objectType", "VALUE", $"'objectType' is one of {string.Join(", ", Types)}.");
        }

        Choice(checks, "events", wanted.Events, Events);
        Choice(checks, "channels", wanted.Channels, Channels);
        return checks.Problem;
    }

    private static void Choice(Checks checks, string field, string[]? given, string[] known)
    {
        if (given is null or [] || given.Length > known.Length || given.Any(one => !known.Contains(one)))
        {
            checks.Add(field, "VALUE", $"'{field}' holds some of {string.Join(", ", known)}, each once.");
        }
    }

    // Who sees only what was granted finds nothing else here.
    private static Task<bool> IsThereAsync(WorkflowsDbContext db, SubscribeRequest wanted, CancellationToken token) =>
        wanted.ObjectType switch
        {
            "workspace" => db.Workspaces.AnyAsync(row => row.Id == wanted.ObjectId, token),
            "folder" => db.Folders.AnyAsync(row => row.Id == wanted.ObjectId, token),
            "job" => db.Jobs.AnyAsync(row => row.Id == wanted.ObjectId, token),
            _ => db.Workflows.AnyAsync(row => row.Id == wanted.ObjectId, token),
        };

    private static Task<ApiResponse<Done>> DeleteAsync(Guid subscriptionId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var row = await Own(request).SingleOrDefaultAsync(row => row.Id == subscriptionId, token);
            if (row is null)
            {
                return new Problem(Errors.SubscriptionNotFound);
            }

            request.Db.Subscriptions.Remove(row);
            request.Record(
                "subscription.delete", row.ObjectType, row.ObjectId, null, before: new { row.Events, row.Channels });
            return new Done(row.Id, "deleted");
        });

    private static IQueryable<Subscription> Own(ApiRequest request)
    {
        var me = request.Caller.UserId;
        return request.Db.Subscriptions.Where(row => row.UserId == me);
    }

    private static SubscriptionView View(Subscription row) =>
        new(row.Id, row.ObjectType, row.ObjectId, row.Events, row.Channels, row.CreatedAt, row.UpdatedAt);
}
