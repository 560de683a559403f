using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Database;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>The one place that decides who may look on at what. What one may not see is not there.</summary>
internal sealed class LiveRights(LiveObjects objects, IServiceScopeFactory scopes)
{
    /// <summary>Judges a topic as a client names it.</summary>
    /// <returns>Null, or the refusal.</returns>
    public async Task<Problem?> CheckAsync(Caller caller, string topic, CancellationToken cancellationToken)
    {
        switch (topic)
        {
            case LiveTopics.Executions:
                return OfTenant(caller, Permission.ExecutionsRead);
            case LiveTopics.Activity:
                return OfTenant(caller, Permission.ActivityRead);
            case LiveTopics.System:
                return null;
            case LiveTopics.User:
                return caller.IsUser ? null : new Problem(Errors.Forbidden, "Nothing is addressed to an API key.");
            default:
                return await OfObjectAsync(caller, topic, cancellationToken);
        }
    }

    /// <summary>Whether what was allowed may have ended although the caller's permissions are the same.</summary>
    public static bool MayEnd(Caller caller) => caller.OnlyGranted;

    /// <summary>The user's notifications after one of them, oldest first.</summary>
    public async Task<List<Notification>> NotificationsAsync(
        Caller caller, Guid after, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        db.TenantId = caller.TenantId;
        return await db.Notifications.AsNoTracking()
            .Where(row => row.UserId == caller.Id && row.Id > after)
            .OrderBy(row => row.Id).Take(Limits.LiveBacklog / 2).ToListAsync(cancellationToken);
    }

    private static Problem? OfTenant(Caller caller, Permission needed) =>
        Needs(caller, needed)
        ?? (caller.OnlyGranted
            ? new Problem(Errors.Forbidden, "This shows the whole tenant; subscribe to single executions or workflows.")
            : null);

    private static Problem? Needs(Caller caller, Permission needed) =>
        caller.May(needed)
            ? null
            : new Problem(Errors.Forbidden, $"This needs the permission '{Permissions.Names(needed)[0]}'.");

    private async Task<Problem?> OfObjectAsync(Caller caller, string topic, CancellationToken cancellationToken)
    {
        if (caller.OnlyGranted)
        {
            ObjectScope.Enter(caller.PersonId ?? Guid.Empty); // until the end of this method
        }

        if (TryRead(topic, LiveTopics.ExecutionPrefix, out var id))
        {
            return Needs(caller, Permission.ExecutionsRead)
                ?? (await objects.IsExecutionAsync(caller.TenantId, id, cancellationToken)
                    ? null
                    : new Problem(Errors.ExecutionNotFound));
        }

        if (TryRead(topic, LiveTopics.WorkflowPrefix, out id) || TryRead(topic, LiveTopics.CollaborationPrefix, out id))
        {
            return Needs(caller, Permission.WorkflowsRead)
                ?? (await objects.IsWorkflowAsync(caller.TenantId, id, cancellationToken)
                    ? null
                    : new Problem(Errors.WorkflowNotFound));
        }

        return Problem.Parameter(
            "topic",
            "Topics are execution:{id}, executions, workflow:{id}, collaboration:{workflowId}, activity, user "
                + "and system.");
    }

    private static bool TryRead(string topic, string prefix, out Guid id)
    {
        id = default;
        return topic.StartsWith(prefix, StringComparison.Ordinal)
            && Guid.TryParseExact(topic.AsSpan(prefix.Length), "D", out id)
            && topic.AsSpan(prefix.Length).SequenceEqual(id.ToString()); // one topic has one name
    }
}
