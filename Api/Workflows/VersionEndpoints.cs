using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Api.Workflows;

/// <summary>Versions of a workflow, and which of them is published.</summary>
internal static class VersionEndpoints
{
    public static void MapVersions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows/{workflowId:guid}").WithTags("Workflows");
        group.MapPost("/publish", PublishAsync).Requires(Permission.WorkflowsPublish)
            .StagesChange(StagedKind.Workflow)
            .WithSummary("Make a version the one that triggers start; its triggers replace the old ones at once");
        group.MapGet("/versions", ListAsync).Requires(Permission.WorkflowsRead).ReadsStaged()
            .WithSummary("List the versions of a workflow, newest first");
        group.MapGet("/versions/{number:int}", GetAsync).Requires(Permission.WorkflowsRead).ReadsStaged()
            .WithSummary("Get a version with its definition");
        group.MapPost("/versions/{number:int}/restore", RestoreAsync).Requires(Permission.WorkflowsWrite).WithMetadata(new SuccessStatus(201))
            .StagesChange(StagedKind.Workflow)
            .WithSummary("Make an old version the draft again, as a new version");
    }

    public static void AddVersion(
        this ApiRequest request, Workflow workflow, string definition, CustomNodeSet customNodes, string changeType, string comment) =>
        request.Db.WorkflowVersions.Add(new WorkflowVersion
        {
            TenantId = workflow.TenantId,
            WorkflowId = workflow.Id,
            Number = workflow.DraftVersion,
            Definition = definition,
            CustomNodes = customNodes.IsEmpty ? null : Encoding.UTF8.GetString(customNodes.ToJson()),
            ChangeType = changeType,
            Comment = comment,
            AuthorId = request.Caller.UserId,
            CreatedAt = request.Now,
        });

    private static async Task<ApiResponse<PublishedView>> PublishAsync(
        Guid workflowId, Body<PublishRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<PublishedView>(async token =>
        {
            var workflow = await request.Db.LockWorkflowAsync(workflowId, token);
            if (workflow is null)
            {
                return new Problem(Errors.WorkflowNotFound);
            }

            // An action on a named version rather than an edit: If-Match is checked when it is sent.
            if (request.Http.Request.Headers.IfMatch.Count > 0 && request.CheckMatch(workflow) is { } conflict)
            {
                return conflict;
            }

            if (await request.CheckHolderAsync(workflow, token) is { } held)
            {
                return held;
            }

            var number = body.Value.Version ?? workflow.DraftVersion;
            var version = await request.Db.WorkflowVersions.Where(row => row.WorkflowId == workflowId && row.Number == number)
                .Select(row => new { row.Definition, row.CustomNodes }).SingleOrDefaultAsync(token);
            if (version is null)
            {
                return new Problem(Errors.WorkflowVersionNotFound);
            }

            // Compiled anew: what was valid when it was saved may name what this release no longer has.
            var (compiled, problem) = await Definitions.CompileAsync(version.Definition, "", request.Db, token, version.CustomNodes);
            if (compiled is null)
            {
                return problem!;
            }

            if (await FindTakenPathAsync(request, workflowId, compiled, token) is { } taken)
            {
                return taken;
            }

            var before = new { workflow.PublishedVersion };
            await request.Db.WorkflowTriggers.Where(row => row.WorkflowId == workflowId).ExecuteDeleteAsync(token);
            request.Db.WorkflowTriggers.AddRange(Triggers(workflow, number, compiled));
            if (await ScheduleTriggers.ReplaceAsync(request, workflow, compiled, token) is { } refusal)
            {
                return refusal;
            }

            Publish(workflow, number, version.Definition, compiled, request);
            request.Announce(OutboxItem.IndexWorkflow, workflow.Id);
            request.Record("workflow.publish", "workflow", workflow.Id, workflow.Name, before, new { workflow.PublishedVersion });
            return ApiResponse<PublishedView>.Ok(
                new PublishedView(workflow.Id, number, compiled.Definition.Triggers.Count, workflow.Version), workflow.Version);
        });
        request.AfterCommit(
            () => invalidation.Publish(Invalidated.Workflow, request.Caller.TenantId, workflowId));
        return response;
    }

    private static void Publish(
        Workflow workflow, int number, string definition, CompiledWorkflow compiled, ApiRequest request)
    {
        (workflow.PublishedVersion, workflow.PublishedAt, workflow.PublishedBy) =
            (number, request.Now, request.Caller.UserId);
        workflow.ParametersSchema = compiled.Definition.Parameters?.GetRawText();
        workflow.StartSettings = Definitions.SettingsOf(definition);
        request.Touch(workflow);
    }

    // Two that publish at the same moment are told apart by the unique index, with a less telling answer.
    private static async Task<Problem?> FindTakenPathAsync(ApiRequest request, Guid workflowId, CompiledWorkflow compiled, CancellationToken token)
    {
        var paths = compiled.Definition.Triggers.Where(trigger => trigger.Webhook is not null).Select(trigger => trigger.Webhook!.Path).ToArray();
        var taken = paths.Length == 0 ? null : await request.Db.WorkflowTriggers
            .Where(row => row.WorkflowId != workflowId && paths.Contains(row.WebhookPath))
            .Select(row => new { row.WebhookPath, row.WorkflowId }).FirstOrDefaultAsync(token);
        return taken is null ? null : new Problem(Errors.WebhookPathTaken, $"The workflow {taken.WorkflowId} listens at '{taken.WebhookPath}'.");
    }

    private static IEnumerable<WorkflowTrigger> Triggers(Workflow workflow, int number, CompiledWorkflow compiled) =>
        compiled.Definition.Triggers.Select(trigger => new WorkflowTrigger
        {
            TenantId = workflow.TenantId,
            WorkflowId = workflow.Id,
            TriggerId = trigger.Id,
            Version = number,
            Type = trigger.Type switch
            {
                TriggerType.Manual => "manual",
                TriggerType.Event => "event",
                TriggerType.Schedule => "schedule",
                TriggerType.Webhook => "webhook",
                TriggerType.Session => "session",
            },
            WebhookPath = trigger.Webhook?.Path,
            EventType = trigger.EventType,
            Condition = trigger.Condition,
            Settings = trigger switch
            {
                { Webhook: { } webhook } => JsonSerializer.Serialize(webhook, Envelope.Json),
                { ServiceCode: { } serviceCode } => JsonSerializer.Serialize(new { serviceCode }, Envelope.Json),
                _ => "{}",
            },
        });

    private static async Task<ApiResponse<List<VersionItem>>> ListAsync(
        Guid workflowId, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<NumberKey>(query, request.Caller.TenantId, $"versions:{workflowId}");
        var workflow = await request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => new { row.PublishedVersion })
            .SingleOrDefaultAsync(cancellationToken);
        if (workflow is null)
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var versions = request.Db.WorkflowVersions.AsNoTracking().Where(row => row.WorkflowId == workflowId);
        var total = await versions.CountAsync(query, cancellationToken);
        var rows = await versions
            .After(page, after => row => row.Number < after.Number)
            .OrderByDescending(row => row.Number)
            .Take(page.Take)
            .Select(row => new VersionItem(row.Number, row.ChangeType, row.Comment, row.AuthorId, row.CreatedAt, row.Number == workflow.PublishedVersion))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<VersionItem>>.Page(
            rows, page.Close(rows, row => new NumberKey(row.Number), total), FieldSelection.Read<VersionItem>(query));
    }

    private static async Task<ApiResponse<VersionView>> GetAsync(Guid workflowId, int number, ApiRequest request, CancellationToken cancellationToken)
    {
        var workflow = await request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => new { row.PublishedVersion })
            .SingleOrDefaultAsync(cancellationToken);
        if (workflow is null)
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var version = await request.Db.WorkflowVersions.AsNoTracking()
            .SingleOrDefaultAsync(row => row.WorkflowId == workflowId && row.Number == number, cancellationToken);
        return version is null
            ? new Problem(Errors.WorkflowVersionNotFound)
            : new VersionView(
                version.Number,
                version.ChangeType,
                version.Comment,
                version.AuthorId,
                version.CreatedAt,
                version.Number == workflow.PublishedVersion,
                new RawJson(version.Definition),
                (version.CustomNodes is { } kept ? CustomNodeSet.Read(Encoding.UTF8.GetBytes(kept)) : CustomNodeSet.Empty).Versions);
    }

    private static Task<ApiResponse<VersionView>> RestoreAsync(Guid workflowId, int number, Body<RestoreRequest> body, ApiRequest request) =>
        request.ChangeAsync<VersionView>(async token =>
        {
            if (new Checks().Text("comment", body.Value.Comment, Limits.CommentLength).Problem is { } invalid)
            {
                return invalid;
            }

            var workflow = await request.Db.LockWorkflowAsync(workflowId, token);
            if (workflow is null)
            {
                return new Problem(Errors.WorkflowNotFound);
            }

            if (await request.CheckHolderAsync(workflow, token) is { } held)
            {
                return held;
            }

            var version = await request.Db.WorkflowVersions.Where(row => row.WorkflowId == workflowId && row.Number == number)
                .Select(row => new { row.Definition, row.CustomNodes }).SingleOrDefaultAsync(token);
            if (version is null)
            {
                return new Problem(Errors.WorkflowVersionNotFound);
            }

            var (compiled, problem) = await Definitions.CompileAsync(version.Definition, "", request.Db, token, version.CustomNodes);
            if (compiled is null)
            {
                return problem!;
            }

            var comment = body.Value.Comment.Length > 0 ? body.Value.Comment : $"version {number} restored";
            var before = new { workflow.DraftVersion };
            workflow.DraftVersion++;
            request.Touch(workflow);
            request.AddVersion(workflow, version.Definition, compiled.CustomNodes, "restore", comment);
            request.Announce(OutboxItem.IndexWorkflow, workflow.Id);
            request.Record("workflow.restore", "workflow", workflow.Id, workflow.Name, before, new { workflow.DraftVersion, restored = number });
            return ApiResponse<VersionView>.Created(
                new VersionView(
                    workflow.DraftVersion, "restore", comment, request.Caller.UserId, request.Now, false, new RawJson(version.Definition), compiled.CustomNodes.Versions),
                $"/api/v1/workflows/{workflow.Id}/versions/{workflow.DraftVersion}",
                workflow.Version);
        });

    private sealed record NumberKey(int Number);
}
