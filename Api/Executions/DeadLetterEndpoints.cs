using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;
using DeadLetter = Workflows.Data.ControlPlane.DeadLetter;

namespace Workflows.Api.Executions;

/// <summary>Work that exhausted its attempts: looked at, redriven or discarded, one by one or by filter.</summary>
internal static class DeadLetterEndpoints
{
    private const string Open = "open";

    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/dead-letters").WithTags("Dead letters");
        group.MapGet("", ListAsync).Requires(Permission.ExecutionsRead).WithSummary("List work that exhausted its attempts, newest first");
        group.MapGet("/{deadLetterId:guid}", GetAsync).Requires(Permission.ExecutionsRead).WithSummary("Get a dead letter with the input of its execution");
        group.MapPost("/{deadLetterId:guid}/redrive", RedriveAsync).Requires(Permission.ExecutionsManage).WithMetadata(new SuccessStatus(202))
            .WithSummary("Run the execution of a dead letter on from where it failed");
        group.MapPost("/{deadLetterId:guid}/discard", DiscardAsync).Requires(Permission.ExecutionsManage).WithSummary("Close a dead letter without running it again");
        group.MapPost("/redrive", RedriveManyAsync).Requires(Permission.ExecutionsManage).WithSummary("Redrive many dead letters by ids or filter");
        group.MapPost("/discard", DiscardManyAsync).Requires(Permission.ExecutionsManage).WithSummary("Discard many dead letters by ids or filter");
    }

    private static async Task<ApiResponse<List<DeadLetterItem>>> ListAsync(
        [AsParameters] DeadLetterQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        if (filter.Status is not (null or Open or "redriven" or "discarded"))
        {
            return Problem.Parameter("status", "'status' is one of open, redriven, discarded.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"dead-letters?{filter}");
        var letters = request.Db.DeadLetters.AsNoTracking();
        letters = filter.Status switch
        {
            null => letters,
            Open => letters.Where(row => row.Status == EF.Constant(Open)), // has an index of its own
            var status => letters.Where(row => row.Status == status),
        };
        letters = Filter(letters, new DeadLetterFilter(filter.Workflow, filter.Node, filter.ErrorCode, filter.From, filter.To));
        var total = await letters.CountAsync(query, cancellationToken);
        var rows = await letters.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take)
            .Select(row => new DeadLetterItem(
                row.Id, row.ExecutionId, row.WorkflowId, row.NodeId, new RawJson(row.Error), row.Status, row.CreatedAt, row.SettledAt, row.SettledBy))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<DeadLetterItem>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<DeadLetterItem>(query));
    }

    private static IQueryable<DeadLetter> Filter(IQueryable<DeadLetter> letters, DeadLetterFilter filter)
    {
        letters = filter.Workflow is { } workflow ? letters.Where(row => row.WorkflowId == workflow) : letters;
        letters = filter.Node is { } node ? letters.Where(row => row.NodeId == node) : letters;
        letters = filter.ErrorCode is { } code ? letters.Where(row => ControlPlaneFunctions.JsonText(row.Error, "code") == code) : letters;
        if (filter.From is { } from)
        {
            var lowest = TimeIds.Lowest(from);
            letters = letters.Where(row => row.Id >= lowest);
        }

        if (filter.To is { } to)
        {
            var end = TimeIds.Lowest(to);
            letters = letters.Where(row => row.Id < end);
        }

        return letters;
    }

    private static async Task<ApiResponse<DeadLetterView>> GetAsync(Guid deadLetterId, ApiRequest request, CancellationToken cancellationToken)
    {
        var row = await request.Db.DeadLetters.AsNoTracking().SingleOrDefaultAsync(row => row.Id == deadLetterId, cancellationToken);
        if (row is null)
        {
            return new Problem(Errors.DeadLetterNotFound);
        }

        var status = await request.Db.Executions.Where(execution => execution.Id == row.ExecutionId).Select(execution => execution.Status)
            .SingleOrDefaultAsync(cancellationToken);
        return new DeadLetterView(
            row.Id, row.ExecutionId, row.WorkflowId, row.NodeId, new RawJson(row.Error), RawJson.From(row.Input), row.Status, status, row.CreatedAt,
            row.SettledAt, row.SettledBy);
    }

    private static async Task<ApiResponse<Done>> RedriveAsync(
        Guid deadLetterId, Body<ControlRequest> body, ApiRequest request, ExecutionControl control, CancellationToken cancellationToken)
    {
        var (letter, problem) = await FindOpenAsync(deadLetterId, body.Value.Reason, request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var result = await control.ApplyAsync(
            ControlAction.Retry, request.Caller.TenantId, [letter!.ExecutionId], body.Value.Reason, request.Actor, cancellationToken, "dead_letter.redrive");
        return result.Changed.Count > 0 ? ApiResponse<Done>.Accepted(new Done(deadLetterId, "redriven"))
            : result.States.TryGetValue(letter.ExecutionId, out var status) ? new Problem(Errors.ExecutionNotAllowed, $"The execution is {status}.")
            : new Problem(Errors.ExecutionNotFound, "The execution is past its retention.");
    }

    private static async Task<ApiResponse<Done>> DiscardAsync(
        Guid deadLetterId, Body<ControlRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var (letter, problem) = await FindOpenAsync(deadLetterId, body.Value.Reason, request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var discarded = await SettleAsync(request, [letter!.Id], body.Value.Reason);
        return discarded.Problem is { } failed ? failed
            : discarded.Data == 0 ? new Problem(Errors.DeadLetterSettled)
            : new Done(deadLetterId, "discarded");
    }

    private static async Task<(DeadLetter? Letter, Problem? Problem)> FindOpenAsync(
        Guid deadLetterId, string reason, ApiRequest request, CancellationToken cancellationToken)
    {
        if (ControlEndpoints.CheckReason(reason) is { } problem)
        {
            return (null, problem);
        }

        var letter = await request.Db.DeadLetters.AsNoTracking().SingleOrDefaultAsync(row => row.Id == deadLetterId, cancellationToken);
        return letter is null ? (null, new Problem(Errors.DeadLetterNotFound))
            : letter.Status != Open ? (null, new Problem(Errors.DeadLetterSettled, $"The dead letter is {letter.Status}."))
            : (letter, null);
    }

    private static async Task<ApiResponse<BulkControlView>> RedriveManyAsync(
        Body<BulkDeadLetterRequest> body, ApiRequest request, ExecutionControl control, CancellationToken cancellationToken)
    {
        if (Check(body.Value) is { } problem)
        {
            return problem;
        }

        var found = await SelectAsync(request, body.Value, cancellationToken);
        var result = await control.ApplyAsync(
            ControlAction.Retry, request.Caller.TenantId, [.. found.Take(Data.Limits.BulkControl).Select(letter => letter.ExecutionId)], body.Value.Reason, request.Actor,
            cancellationToken, "dead_letter.redrive");
        return new BulkControlView(found.Count, result.Changed.Count, Math.Max(0, found.Count - Data.Limits.BulkControl));
    }

    private static async Task<ApiResponse<BulkControlView>> DiscardManyAsync(
        Body<BulkDeadLetterRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        if (Check(body.Value) is { } problem)
        {
            return problem;
        }

        var found = await SelectAsync(request, body.Value, cancellationToken);
        var discarded = await SettleAsync(request, [.. found.Take(Data.Limits.BulkControl).Select(letter => letter.Id)], body.Value.Reason);
        return discarded.Problem is { } failed
            ? failed
            : new BulkControlView(found.Count, discarded.Data, Math.Max(0, found.Count - Data.Limits.BulkControl));
    }

    private static Problem? Check(BulkDeadLetterRequest asked) =>
        ControlEndpoints.CheckReason(asked.Reason) ?? ControlEndpoints.CheckSelection(asked.Ids, asked.Filter, new DeadLetterFilter());

    private static async Task<List<(Guid Id, Guid ExecutionId)>> SelectAsync(ApiRequest request, BulkDeadLetterRequest asked, CancellationToken cancellationToken)
    {
        var letters = request.Db.DeadLetters.AsNoTracking().Where(row => row.Status == EF.Constant(Open));
        letters = asked.Ids is { } ids ? letters.Where(row => ids.Contains(row.Id)) : Filter(letters, asked.Filter!);
        var found = await letters.OrderBy(row => row.Id).Take(Limits.CountedTotal).Select(row => new { row.Id, row.ExecutionId }).ToListAsync(cancellationToken);
        return [.. found.Select(row => (row.Id, row.ExecutionId))];
    }

    private static Task<ApiResponse<int>> SettleAsync(ApiRequest request, IReadOnlyList<Guid> ids, string reason) => request.ChangeAsync<int>(async token =>
    {
        var discarded = await request.Db.DiscardDeadLettersAsync(ids, request.Caller.Name, request.Now, token);
        foreach (var id in discarded)
        {
            request.Record("dead_letter.discard", "dead_letter", id, null, null, new { reason });
        }

        return discarded.Count;
    });
}
