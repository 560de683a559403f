using System.Text;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Approvals;
using Workflows.Data.Database;

namespace Workflows.Api.Approvals;

/// <summary>What waits for people's decisions. A list is the caller's own; one request is for those it concerns and for who may read executions.</summary>
internal static class ApprovalEndpoints
{
    private static readonly string[] Listings = ["open", "decided", "all"];
    private static readonly string[] Statuses = ["open", "approved", "rejected", "expired", "cancelled", "unassigned"];

    public static void MapApprovals(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/approvals").WithTags("Approvals");
        group.MapGet("", ListAsync).Requires(Permission.ApprovalsRead).WithSummary("List approval requests, newest first: those that wait for the caller");
        group.MapGet("/{approvalId:guid}", GetAsync).Requires(Permission.ApprovalsRead).WithSummary("Get an approval request with its form, decisions and comments");
        group.MapPost("/{approvalId:guid}/decide", DecisionEndpoints.DecideAsync).Requires(Permission.ApprovalsDecide)
            .WithMetadata(new SeesWholeTenant()).WithSummary("Approve or reject");
        group.MapPost("/{approvalId:guid}/delegate", DecisionEndpoints.DelegateAsync).Requires(Permission.ApprovalsDecide)
            .WithMetadata(new SeesWholeTenant())
            .WithSummary("Hand one's part of an approval request to another user");
        group.MapPost("/{approvalId:guid}/comment", DecisionEndpoints.CommentAsync).Requires(Permission.ApprovalsDecide).WithSummary("Comment on an open approval request");
    }

    private static async Task<ApiResponse<List<ApprovalItemView>>> ListAsync(
        [AsParameters] ApprovalQuery filter, [AsParameters] PageQuery query, ApiRequest request, ApprovalInbox inbox, Pager pager, CancellationToken cancellationToken)
    {
        if (filter.Scope is not (null or "mine" or "all"))
        {
            return Problem.Parameter("scope", "'scope' is mine or all.");
        }

        var known = filter.Scope == "all" ? Statuses : Listings;
        if (filter.State is { } state && !known.Contains(state))
        {
            return Problem.Parameter("state", $"'state' is one of {string.Join(", ", known)}.");
        }

        if (filter.Scope == "all" && !request.Caller.May(Permission.ExecutionsRead))
        {
            return new Problem(Errors.Forbidden, "All requests of the tenant need the permission 'executions.read'.", [new ErrorDetail("", "PERMISSION", "executions.read")]);
        }

        if (filter.Scope != "all" && !request.Caller.IsUser)
        {
            return Problem.Parameter("scope", "An API key is asked for nothing itself; 'scope=all' lists the tenant's requests.");
        }

        if (filter.Scope != "all" && filter.Execution is not null)
        {
            return Problem.Parameter("execution", "The requests of one execution are listed with 'scope=all'.");
        }

        var fields = FieldSelection.Read<ApprovalItemView>(query);
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"approvals?{filter}:{request.Caller.Id}");
        (int, bool)? total = null;
        if (query.IncludeTotal == true)
        {
            var counted = (await ReadAsync(null, Limits.CountedTotal + 1)).Count;
            total = (Math.Min(counted, Limits.CountedTotal), counted > Limits.CountedTotal);
        }

        var rows = (await ReadAsync(page.After?.Id, page.Take)).ConvertAll(View);
        return ApiResponse<List<ApprovalItemView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), fields);

        Task<List<ApprovalItem>> ReadAsync(Guid? before, int limit) => filter.Scope == "all"
            ? inbox.ListTenantAsync(
                request.Caller.TenantId, filter.State, filter.Execution, before, limit, cancellationToken)
            : inbox.ListAsync(request.Caller.TenantId, request.Caller.Id, ListingOf(filter.State), before, limit, cancellationToken);
    }

    private static ApprovalListing ListingOf(string? state) => state switch
    {
        "decided" => ApprovalListing.Decided,
        "all" => ApprovalListing.All,
        _ => ApprovalListing.Open,
    };

    private static async Task<ApiResponse<ApprovalView>> GetAsync(
        Guid approvalId, ApiRequest request, ApprovalInbox inbox, CancellationToken cancellationToken) =>
        await FindAsync(approvalId, request, inbox, cancellationToken) is { } detail ? View(detail) : new Problem(Errors.ApprovalNotFound);

    /// <summary>Null when there is no such request, or it is none of the caller's business.</summary>
    public static async Task<ApprovalDetail?> FindAsync(Guid approvalId, ApiRequest request, ApprovalInbox inbox, CancellationToken cancellationToken)
    {
        var caller = request.Caller;
        var detail = await inbox.FindAsync(caller.TenantId, approvalId, cancellationToken);
        return detail is null || caller.May(Permission.ExecutionsRead | Permission.AllObjects)
            || ObjectScope.Person is not null // found within what was granted
            || (caller.UserId is { } userId && await inbox.ConcernsAsync(caller.TenantId, approvalId, userId, cancellationToken))
            ? detail
            : null;
    }

    private static ApprovalItemView View(ApprovalItem item) => new(
        item.Id, item.ExecutionId, item.WorkflowId, item.NodeId, item.Title, item.Description, item.Mode, item.Status, item.DueAt, item.ExpiresAt, item.CreatedAt, item.ClosedAt);

    private static ApprovalView View(ApprovalDetail detail) => new(
        detail.Item.Id,
        detail.Item.ExecutionId,
        detail.Item.WorkflowId,
        detail.Item.NodeId,
        detail.Item.Title,
        detail.Item.Description,
        detail.Item.Mode,
        detail.Required,
        detail.Item.Status,
        detail.AllowsSelfApproval,
        detail.Item.DueAt,
        detail.Item.ExpiresAt,
        detail.Item.CreatedAt,
        detail.Item.ClosedAt,
        Json(detail.Form),
        Json(detail.Data),
        [.. detail.Assignees.Select(row => new AssigneeView(row.Kind, row.Id, row.Name, row.Source, row.DelegatedFrom, row.CoveredBy))],
        detail.UnknownAssignees,
        [.. detail.Decisions.Select(row => new DecisionView(row.UserId, row.By, row.Decision, row.OnBehalfOf, row.Comment, Json(row.Form), row.At))],
        [.. detail.Comments.Select(row => new CommentView(row.Id, row.UserId, row.By, row.Text, row.At))]);

    private static RawJson? Json(byte[]? utf8) => utf8 is null ? null : new RawJson(Encoding.UTF8.GetString(utf8));
}
