using System.Globalization;
using Microsoft.AspNetCore.Routing.Patterns;
using Workflows.Data.Database;
using Workflows.Data.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>What may be done with an object that was granted; each level holds the ones before it.</summary>
internal enum ObjectLevel
{
    /// <summary>See it and all that lies below it.</summary>
    View = 1,

    /// <summary>Change it, put things into it, start and control what runs of it.</summary>
    Edit = 2,

    /// <summary>Delete it, name its owner, and say who else may what.</summary>
    Admin = 3,
}

/// <summary>The level that a route needs, where its method does not say it: GET view, DELETE of the hierarchy admin,
/// everything else edit.</summary>
internal sealed record LevelRequirement(ObjectLevel Level);

/// <summary>What the route does concerns the whole tenant, and it judges itself what its caller may.</summary>
internal sealed record SeesWholeTenant;

/// <summary>The route changes what belongs to nobody in particular: not for who sees only what was granted.</summary>
internal sealed record WholeTenantOnly;

/// <summary>
/// The one place that decides what callers may do who see only the objects that were granted to them. What they cannot
/// see is not there for them (404): the database's policies leave it out of whatever they ask for
/// (<see cref="ObjectScope"/>). What they see and may not change is refused here by the object in the route's address;
/// the policies refuse the rest.
/// </summary>
internal sealed class ObjectRights(ObjectRanks ranks)
{
    private static readonly (string Parameter, string Kind, ErrorCode NotFound)[] Kinds =
    [
        ("workflowId", "workflow", Errors.WorkflowNotFound),
        ("jobId", "job", Errors.JobNotFound),
        ("folderId", "folder", Errors.FolderNotFound),
        ("workspaceId", "workspace", Errors.WorkspaceNotFound),
        ("executionId", "execution", Errors.ExecutionNotFound),
        ("deadLetterId", "dead_letter", Errors.DeadLetterNotFound),
        ("scheduleId", "schedule", Errors.ScheduleNotFound),
        ("packageId", "package", Errors.JobPackageNotFound),
        ("runId", "run", Errors.JobRunNotFound),
    ];

    /// <summary>Judges a request of a caller whose scope is entered.</summary>
    public async Task<Problem?> CheckAsync(HttpContext context, Endpoint endpoint, Caller caller)
    {
        if (endpoint.Metadata.GetMetadata<WholeTenantOnly>() is not null)
        {
            return new Problem(Errors.Forbidden, "This needs a role that sees the whole tenant.");
        }

        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            return null;
        }

        foreach (var (parameter, kind, notFound) in Kinds)
        {
            if (context.GetRouteValue(parameter) is { } value)
            {
                var id = Guid.Parse(value.ToString()!, CultureInfo.InvariantCulture);
                var needed = endpoint.Metadata.GetMetadata<LevelRequirement>()?.Level
                    ?? (HttpMethods.IsDelete(context.Request.Method) && IsOfHierarchy(kind)
                        && EndsIn(endpoint, parameter)
                        ? ObjectLevel.Admin
                        : ObjectLevel.Edit);
                return await CheckAsync(caller.TenantId, kind, id, needed, notFound, context.RequestAborted);
            }
        }

        return null;
    }

    /// <summary>Whether the person of the scope has the level on an object of the hierarchy.</summary>
    /// <returns>Null, or the refusal.</returns>
    public Task<Problem?> CheckAsync(
        Guid tenantId, string kind, Guid id, ObjectLevel needed, CancellationToken cancellationToken) =>
        CheckAsync(tenantId, kind, id, needed, NotFound(kind), cancellationToken);

    /// <summary>The error of an object of a kind that the caller does not see.</summary>
    public static ErrorCode NotFound(string kind) => Array.Find(Kinds, known => known.Kind == kind).NotFound;

    private async Task<Problem?> CheckAsync(
        Guid tenantId, string kind, Guid id, ObjectLevel needed, ErrorCode notFound,
        CancellationToken cancellationToken)
    {
        var rank = await ranks.FindAsync(tenantId, kind, id, cancellationToken);
        if (rank is null)
        {
            return new Problem(notFound);
        }

        var name = needed.ToString().ToLowerInvariant();
        return rank >= (int)needed ? null : new Problem(
            Errors.Forbidden,
            $"This needs the level '{name}' on the {kind.Replace('_', ' ')}.",
            [new ErrorDetail(id.ToString(), "LEVEL", name)]);
    }

    // The object itself, and not something of it.
    private static bool EndsIn(Endpoint endpoint, string parameter) =>
        endpoint is RouteEndpoint { RoutePattern.PathSegments: [.., { Parts: [RoutePatternParameterPart part] }] }
            && part.Name == parameter;

    private static bool IsOfHierarchy(string kind) => kind is "workspace" or "folder" or "job" or "workflow";
}
