using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <summary>What people do to executions, one by one and many at once.</summary>
internal static class ControlEndpoints
{
    private static readonly (string Route, ControlAction Action, string Summary)[] Actions =
    [
        ("cancel", ControlAction.Cancel, "Ask for the end of an execution"),
        ("pause", ControlAction.Pause, "Stop an execution for a while"),
        ("resume", ControlAction.Resume, "Let a paused execution go on"),
        ("retry", ControlAction.Retry, "Run a failed execution on from where it stopped"),
        ("mark-resolved", ControlAction.Resolve, "Close a failure without running it again"),
        ("mark-unresolved", ControlAction.Unresolve, "Open a failure again that was marked as resolved"),
    ];

    public static void MapControl(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/executions").WithTags("Executions");
        foreach (var (route, action, summary) in Actions)
        {
            group.MapPost($"/{{executionId:guid}}/{route}", One(action)).Requires(Permission.ExecutionsManage).WithMetadata(new SuccessStatus(202)).WithSummary(summary);
            group.MapPost($"/bulk/{route}", Many(action)).Requires(Permission.ExecutionsManage).WithSummary($"{summary}: many by ids or filter");
        }

        group.MapPost("/{executionId:guid}/rerun", RerunEndpoint.HandleAsync).Requires(Permission.ExecutionsStart | Permission.ExecutionsManage)
            .WithMetadata(new SuccessStatus(202)).WithSummary("Run an execution again, from the start or from a node");
    }

    private static Func<Guid, Body<ControlRequest>, ApiRequest, ExecutionControl, CancellationToken, Task<ApiResponse<Done>>> One(ControlAction action) =>
        async (executionId, body, request, control, cancellationToken) =>
        {
            if (CheckReason(body.Value.Reason) is { } problem)
            {
                return problem;
            }

            return await control.ApplyAsync(action, request.Caller.TenantId, executionId, body.Value.Reason, request.Actor, cancellationToken) switch
            {
                ControlOutcome.Accepted accepted => ApiResponse<Done>.Accepted(new Done(executionId, Told(action, accepted.Status))),
                ControlOutcome.NotFound => new Problem(Errors.ExecutionNotFound),
                ControlOutcome.NotAllowed refused => new Problem(Errors.ExecutionNotAllowed, $"The execution is {refused.Status}."),
                var other => throw new InvalidOperationException($"An outcome {other} is not known here."),
            };
        };

    private static string Told(ControlAction action, string status) => action switch
    {
        ControlAction.Cancel => "cancelling",
        ControlAction.Pause when status != "paused" => "pausing",
        ControlAction.Resolve => "resolved",
        ControlAction.Unresolve => "unresolved",
        _ => status,
    };

    private static Func<Body<BulkControlRequest>, ApiRequest, ExecutionControl, CancellationToken, Task<ApiResponse<BulkControlView>>> Many(ControlAction action) =>
        async (body, request, control, cancellationToken) =>
        {
            var asked = body.Value;
            if ((CheckReason(asked.Reason) ?? CheckSelection(asked.Ids, asked.Filter, new ExecutionFilter())) is { } problem)
            {
                return problem;
            }

            var filter = asked.Filter is { } chosen ? QueryOf(chosen) : null;
            if (filter is not null && ExecutionList.Check(filter, request.Now) is { } unknown)
            {
                return unknown;
            }

            var found = asked.Ids?.Distinct().ToList()
                ?? await ExecutionList.Oldest([.. ExecutionList.Parts(request.Db, filter!).SelectMany(rows => Applicable(action, rows))], Limits.CountedTotal).ToListAsync(cancellationToken);
            var result = await control.ApplyAsync(
                action, request.Caller.TenantId, [.. found.Take(Data.Limits.BulkControl)], asked.Reason, request.Actor, cancellationToken);
            return asked.Ids is not null
                ? new BulkControlView(result.States.Count, result.Changed.Count, 0)
                : new BulkControlView(found.Count, result.Changed.Count, Math.Max(0, found.Count - Data.Limits.BulkControl));
        };

    // One query per status, each on its index.
    private static IEnumerable<IQueryable<ExecutionRecord>> Applicable(ControlAction action, IQueryable<ExecutionRecord> rows)
    {
        string[] statuses = action switch
        {
            ControlAction.Cancel => ["queued", "running", "waiting", "paused", "held"],
            ControlAction.Pause => ["queued", "running", "waiting"],
            ControlAction.Resume => ["paused", "running"],
            ControlAction.Retry => ["failed", "timed_out", "cancelled"],
            ControlAction.Resolve or ControlAction.Unresolve => ["failed", "timed_out"],
        };
        return statuses.Select(status => Marked(action, rows.Where(row => row.Status == EF.Constant(status)), status));
    }

    private static IQueryable<ExecutionRecord> Marked(ControlAction action, IQueryable<ExecutionRecord> rows, string status) => (action, status) switch
    {
        (ControlAction.Cancel, _) => rows.Where(row => row.StopRequest != "cancel"),
        (ControlAction.Pause, _) => rows.Where(row => row.StopRequest == null),
        (ControlAction.Resume, "running") => rows.Where(row => row.StopRequest == "pause"),
        (ControlAction.Resolve, _) => rows.Where(row => row.ResolvedAt == null),
        (ControlAction.Unresolve, _) => rows.Where(row => row.ResolvedAt != null),
        _ => rows,
    };

    private static ExecutionQuery QueryOf(ExecutionFilter filter) => new(
        filter.Workflow, filter.Status, filter.Trigger, filter.From, filter.To, filter.CorrelationId, filter.ErrorCode, filter.Parent, null);

    public static Problem? CheckReason(string reason) => new Checks().Text("reason", reason, Limits.ReasonLength).Problem;

    /// <summary>Ids or a filter that says something: a call that forgot its filter must not reach everything.</summary>
    public static Problem? CheckSelection<TFilter>(IReadOnlyList<Guid>? ids, TFilter? filter, TFilter none)
        where TFilter : class =>
        (ids is null) == (filter is null) ? Problem.Invalid("", "Give either 'ids' or 'filter'.", "SELECTION")
        : ids is { Count: 0 or > Data.Limits.BulkControl } ? Problem.Invalid("/ids", $"One call takes 1 to {Data.Limits.BulkControl} ids.", "COUNT")
        : none.Equals(filter) ? Problem.Invalid("/filter", "The filter must name at least one field.", "EMPTY")
        : null;
}
