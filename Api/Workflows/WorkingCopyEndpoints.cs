using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Workflows;

/// <param name="Definition">Any JSON: it need not be a definition that can run.</param>
/// <param name="BaseVersion">The version from which it was begun; the present draft when left out.</param>
internal sealed record WorkingCopyRequest(JsonElement Definition, int? BaseVersion = null);

/// <param name="BaseVersion">The version from which it was begun.</param>
/// <param name="DraftVersion">The newest version of the workflow: somebody else has saved one when it is
/// higher.</param>
internal sealed record WorkingCopyView(
    Guid WorkflowId, int BaseVersion, int DraftVersion, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    RawJson Definition);

/// <summary>
/// What a person makes of a workflow before it is a version: kept on the server while they edit, so that neither a
/// closed browser nor another machine loses it. One for each person and workflow, seen by nobody else. It is written
/// every few seconds, so it leaves no activity; what was sent twice changes nothing the second time.
/// </summary>
internal static class WorkingCopyEndpoints
{
    public static void MapWorkingCopies(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/workflows/{workflowId:guid}/working-copy").WithTags("Workflows")
            .Requires(Permission.WorkflowsWrite);
        own.MapGet("", GetAsync).WithSummary("Get one's own working copy of a workflow");
        own.MapPut("", PutAsync).WithMetadata(new BodyLimit(Limits.WorkingCopyBodyBytes))
            .WithSummary("Keep a working copy of one's own of a workflow, be it valid or not");
        own.MapDelete("", DeleteAsync).WithSummary("Throw one's own working copy of a workflow away");
    }

    private static async Task<ApiResponse<WorkingCopyView>> GetAsync(
        Guid workflowId, ApiRequest request, CancellationToken cancellationToken)
    {
        var draft = await DraftAsync(request, workflowId, cancellationToken);
        if (draft is null)
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var kept = await Own(request, workflowId).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        return kept is null ? new Problem(Errors.WorkingCopyNotFound) : View(kept, draft.Value);
    }

    private static async Task<ApiResponse<WorkingCopyView>> PutAsync(
        Guid workflowId, Body<WorkingCopyRequest> body, ApiRequest request)
    {
        var (json, wanted) = (body.Value.Definition.GetRawText(), body.Value.BaseVersion);
        if (Encoding.UTF8.GetByteCount(json) > Limits.WorkingCopyBytes)
        {
            return new Problem(
                Errors.PayloadTooLarge, $"A working copy has at most {Limits.WorkingCopyBytes} bytes of JSON.");
        }

        return await request.ChangeAsync<WorkingCopyView>(async token =>
        {
            var draft = await DraftAsync(request, workflowId, token);
            if (draft is null)
            {
                return new Problem(Errors.WorkflowNotFound);
            }

            if (request.Caller.UserId is not { } me)
            {
                return new Problem(Errors.Conflict, "Only people have working copies; an API key stands for none.");
            }

            if (wanted is not null && !await request.Db.WorkflowVersions.AnyAsync(
                row => row.WorkflowId == workflowId && row.Number == wanted, token))
            {
                return Problem.Invalid("/baseVersion", $"The workflow has no version {wanted}.", "UNKNOWN");
            }

            var kept = await Own(request, workflowId).SingleOrDefaultAsync(token);
            var start = wanted ?? kept?.BaseVersion ?? draft.Value;
            if (kept is not null && kept.Definition == json && kept.BaseVersion == start)
            {
                return View(kept, draft.Value);
            }

            if (Conflict(request, kept) is { } conflict)
            {
                return conflict;
            }

            if (kept is null)
            {
                kept = new WorkingCopy
                {
                    TenantId = request.Caller.TenantId, WorkflowId = workflowId, UserId = me, Definition = json,
                    BaseVersion = start, CreatedAt = request.Now, UpdatedAt = request.Now,
                };
                request.Db.WorkingCopies.Add(kept);
            }
            else
            {
                (kept.Definition, kept.BaseVersion) = (json, start);
                kept.Touch(request.Now);
            }

            return View(kept, draft.Value);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid workflowId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            if (await DraftAsync(request, workflowId, token) is null)
            {
                return new Problem(Errors.WorkflowNotFound);
            }

            var kept = await Own(request, workflowId).SingleOrDefaultAsync(token);
            if (kept is null)
            {
                return new Problem(Errors.WorkingCopyNotFound);
            }

            if (request.CheckMatch(kept) is { } conflict)
            {
                return conflict;
            }

            request.Db.WorkingCopies.Remove(kept);
            request.Record("working_copy.delete", "workflow", workflowId, null, new { kept.BaseVersion, kept.Version });
            return new Done(workflowId, "deleted");
        });

    // The first one needs no tag; a tag of one that is gone is refused, so that two windows do not undo one another.
    private static Problem? Conflict(ApiRequest request, WorkingCopy? kept)
    {
        string? sent = request.Http.Request.Headers.IfMatch;
        return kept is not null ? request.CheckMatch(kept)
            : string.IsNullOrEmpty(sent) || sent.Trim() == "*" ? null
            : new Problem(Errors.VersionConflict, "There is no working copy any more.");
    }

    private static Task<int?> DraftAsync(ApiRequest request, Guid workflowId, CancellationToken cancellationToken) =>
        request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => (int?)row.DraftVersion)
            .SingleOrDefaultAsync(cancellationToken);

    private static IQueryable<WorkingCopy> Own(ApiRequest request, Guid workflowId)
    {
        var me = request.Caller.UserId;
        return request.Db.WorkingCopies.Where(row => row.WorkflowId == workflowId && row.UserId == me);
    }

    private static ApiResponse<WorkingCopyView> View(WorkingCopy row, int draft) => ApiResponse<WorkingCopyView>.Ok(
        new WorkingCopyView(
            row.WorkflowId, row.BaseVersion, draft, row.Version, row.CreatedAt, row.UpdatedAt,
            new RawJson(row.Definition)),
        row.Version);
}
