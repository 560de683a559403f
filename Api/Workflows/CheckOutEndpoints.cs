using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Workflows;

/// <summary>
/// One person at a time edits a workflow: while somebody has it checked out, nobody else saves, restores or publishes
/// a version of it. A check-out ends by itself. Whatever is no version (its name, whether it is on, where it lies)
/// stays open to all: a workflow must be switched off at any time.
/// </summary>
internal static class CheckOutEndpoints
{
    public static void MapCheckOuts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows/{workflowId:guid}").WithTags("Workflows");
        group.MapPost("/check-out", CheckOutAsync).Requires(Permission.WorkflowsWrite)
            .WithSummary("Keep a workflow from being edited by others for a while, or for longer");
        group.MapPost("/check-in", CheckInAsync).Requires(Permission.WorkflowsWrite)
            .WithSummary("Save what was checked out as a new version, and let others edit again");
        group.MapDelete("/check-out", GiveBackAsync).Requires(Permission.WorkflowsWrite)
            .WithSummary("Let others edit again without saving anything");
    }

    /// <summary>The problem when somebody else has the workflow checked out.</summary>
    public static async Task<Problem?> CheckHolderAsync(this ApiRequest request, Workflow workflow,
        CancellationToken token)
    {
        if (!IsHeld(workflow, request.Now) || workflow.CheckedOutBy == request.Caller.UserId)
        {
            return null;
        }

        var holder = workflow.CheckedOutBy!.Value;
        var name = await request.Db.Users.IgnoreQueryFilters()
            .Where(user => user.TenantId == workflow.TenantId && user.Id == holder).Select(user => user.Name)
            .SingleOrDefaultAsync(token);
        var until = $"{workflow.CheckedOutUntil:yyyy-MM-dd'T'HH:mm:ss'Z'}";
        return new Problem(
            Errors.CheckedOut, $"{name} has checked the workflow out until {until}.",
            [new ErrorDetail(holder.ToString(), "HOLDER", name ?? "", until)]);
    }

    private static bool IsHeld(Workflow workflow, DateTimeOffset now) => workflow.CheckedOutUntil > now;

    private static bool IsHolder(ApiRequest request, Workflow workflow) =>
        IsHeld(workflow, request.Now) && workflow.CheckedOutBy == request.Caller.UserId;

    private static async Task<ApiResponse<CheckOutView>> CheckOutAsync(
        Guid workflowId, Body<CheckOutRequest> body, ApiRequest request)
    {
        var (comment, minutes) = body.Value;
        var checks = new Checks().Text("comment", comment, Limits.CommentLength);
        if ((minutes is < 1 or > Limits.MaxCheckOutMinutes
            ? checks.Add("minutes", "RANGE", $"'minutes' lies between 1 and {Limits.MaxCheckOutMinutes}.") : checks)
                .Problem
            is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<CheckOutView>(async token =>
        {
            var (workflow, refusal) = await LockAsync(workflowId, request, token);
            if (workflow is null)
            {
                return refusal!;
            }

            if (request.Caller.UserId is not { } userId)
            {
                return new Problem(Errors.Forbidden, "Only people check out; an API key stands for none.");
            }

            if (await request.CheckHolderAsync(workflow, token) is { } held)
            {
                return held;
            }

            var before = IsHeld(workflow, request.Now) ? new { workflow.CheckedOutUntil } : null;
            var since = before is null ? request.Now : workflow.CheckedOutAt!.Value;
            var until = request.Now.AddMinutes(minutes);
            (workflow.CheckedOutBy, workflow.CheckedOutAt, workflow.CheckedOutUntil, workflow.CheckedOutComment) =
                (userId, since, until, comment);
            request.Record(
                "workflow.check_out", "workflow", workflow.Id, workflow.Name, before,
                new { workflow.CheckedOutUntil, comment });
            return ApiResponse<CheckOutView>.Ok(
                new CheckOutView(workflow.Id, userId, since, until, comment, workflow.DraftVersion, workflow.Version),
                workflow.Version);
        });
    }

    private static async Task<ApiResponse<WorkflowView>> CheckInAsync(
        Guid workflowId, Body<CheckInRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var comment = body.Value.Comment;
        if (new Checks().Text("comment", comment, Limits.CommentLength).Problem is { } problem)
        {
            return problem;
        }

        var given = body.Value.Definition?.GetRawText();
        var (saved, wrong) = given is null
            ? default : await Definitions.CompileAsync(given, "/definition", request.Db, cancellationToken);
        if (wrong is not null)
        {
            return wrong;
        }

        return await request.ChangeAsync<WorkflowView>(async token =>
        {
            var (workflow, refusal) = await LockAsync(workflowId, request, token);
            if (workflow is null)
            {
                return refusal!;
            }

            if (!IsHolder(request, workflow))
            {
                return await request.CheckHolderAsync(workflow, token) ?? new Problem(Errors.NotCheckedOut);
            }

            var draft = await request.Db.WorkflowVersions
                .Where(row => row.WorkflowId == workflowId && row.Number == workflow.DraftVersion)
                .Select(row => new { row.Definition, row.CustomNodes }).SingleAsync(token);
            var definition = given ?? draft.Definition;
            var (compiled, invalid) = saved is not null ? (saved, null)
                : await Definitions.CompileAsync(definition, "", request.Db, token, draft.CustomNodes);
            if (compiled is null)
            {
                return invalid!;
            }

            var before = new { workflow.DraftVersion };
            workflow.DraftVersion++;
            Release(workflow);
            request.Touch(workflow);
            request.AddVersion(workflow, definition, compiled.CustomNodes, "check_in", comment);
            request.Announce(OutboxItem.IndexWorkflow, workflow.Id);
            request.Record(
                "workflow.check_in", "workflow", workflow.Id, workflow.Name, before,
                    new { workflow.DraftVersion, comment });
            return ApiResponse<WorkflowView>.Ok(
                WorkflowEndpoints.View(workflow, definition, request.Now), workflow.Version);
        });
    }

    private static Task<ApiResponse<Done>> GiveBackAsync(
        Guid workflowId, [FromQuery(Name = "force")] bool? force, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var (workflow, refusal) = await LockAsync(workflowId, request, token);
            if (workflow is null)
            {
                return refusal!;
            }

            if (!IsHeld(workflow, request.Now))
            {
                return new Problem(Errors.NotCheckedOut, "Nobody has checked the workflow out.");
            }

            if (!IsHolder(request, workflow))
            {
                if (force != true)
                {
                    return (await request.CheckHolderAsync(workflow, token))!;
                }

                if (!request.Caller.May(Permission.TenantManage))
                {
                    return new Problem(
                        Errors.Forbidden, "Ending somebody else's check-out needs the permission 'tenant.manage'.",
                        [new ErrorDetail("", "PERMISSION", "tenant.manage")]);
                }
            }

            var before = new { workflow.CheckedOutBy, workflow.CheckedOutUntil };
            Release(workflow);
            request.Record("workflow.check_out_end", "workflow", workflow.Id, workflow.Name, before);
            return new Done(workflow.Id, "givenBack");
        });

    // If-Match is checked when it is sent.
    private static async Task<(Workflow? Workflow, Problem? Problem)> LockAsync(
        Guid workflowId, ApiRequest request, CancellationToken token)
    {
        var workflow = await request.Db.LockWorkflowAsync(workflowId, token);
        return workflow is null ? (null, new Problem(Errors.WorkflowNotFound))
            : request.Http.Request.Headers.IfMatch.Count > 0 && request.CheckMatch(workflow) is { } conflict
                ? (null, conflict)
            : (workflow, null);
    }

    private static void Release(Workflow workflow) =>
        (workflow.CheckedOutBy, workflow.CheckedOutAt, workflow.CheckedOutUntil, workflow.CheckedOutComment) =
        (null, null, null, "");
}
