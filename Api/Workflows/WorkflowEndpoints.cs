using System.Linq.Expressions;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>Workflows as people edit them. Every change of a definition is a new version; nothing is ever overwritten.</summary>
internal static class WorkflowEndpoints
{
    public static void MapWorkflows(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows").WithTags("Workflows");
        group.MapGet("", ListAsync).Requires(Permission.WorkflowsRead).ReadsStaged().WithSummary("List workflows");
        group.MapPost("", CreateAsync).Requires(Permission.WorkflowsWrite).WithMetadata(new SuccessStatus(201))
            .StagesNew(StagedKind.Workflow).WithSummary("Create a workflow");
        group.MapPost("/validate", ValidateAsync).Requires(Permission.WorkflowsRead).WithSummary("Say everything that is wrong with a definition");
        group.MapGet("/{workflowId:guid}", GetAsync).Requires(Permission.WorkflowsRead).ReadsStaged()
            .WithSummary("Get a workflow with its draft");
        group.MapPatch("/{workflowId:guid}", UpdateAsync).Requires(Permission.WorkflowsWrite)
            .StagesChange(StagedKind.Workflow)
            .WithSummary("Change a workflow or its draft, or move it into another job");
        group.MapPatch("/{workflowId:guid}/nodes/{nodeId}", PatchNodeAsync).Requires(Permission.WorkflowsWrite)
            .StagesChange(StagedKind.Workflow)
            .WithSummary("Change one node of the draft (JSON merge patch)");
        routes.MapGet("/jobs/{jobId:guid}/workflows", ListOfJobAsync).WithTags("Workflows").Requires(Permission.WorkflowsRead)
            .ReadsStaged()
            .WithSummary("List the workflows of a job");
    }

    private static async Task<ApiResponse<List<WorkflowItem>>> ListOfJobAsync(
        Guid jobId, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken) =>
        await request.Db.Jobs.AnyAsync(job => job.Id == jobId, cancellationToken)
            ? await ListAsync(new WorkflowQuery(null, null, jobId, null, null, null, null, null), query, request, pager,
                cancellationToken)
            : new Problem(Errors.JobNotFound);

    private static async Task<ApiResponse<List<WorkflowItem>>> ListAsync(
        [AsParameters] WorkflowQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var fields = FieldSelection.Read<WorkflowItem>(query);
        var workflows = Filter(request.Db.Workflows.AsNoTracking(), filter);
        var total = await workflows.CountAsync(query, cancellationToken);
        var list = $"workflows?{filter}";
        var tenantId = request.Caller.TenantId;
        var toItem = ToItem(request.Now);
        List<WorkflowItem> rows;
        Pagination pagination;
        switch (filter.Sort)
        {
            case null or "-updatedAt":
                var byTime = pager.Read<TimeKey>(query, tenantId, list);
                rows = await workflows
                    .After(byTime, after => row => EF.Functions.LessThan(ValueTuple.Create(row.UpdatedAt, row.Id), ValueTuple.Create(after.At, after.Id)))
                    .OrderByDescending(row => row.UpdatedAt).ThenByDescending(row => row.Id).Take(byTime.Take)
                        .Select(toItem).ToListAsync(cancellationToken);
                pagination = byTime.Close(rows, row => new TimeKey(row.UpdatedAt, row.Id), total);
                break;
            case "-createdAt":
                var byId = pager.Read<IdKey>(query, tenantId, list);
                rows = await workflows.After(byId, after => row => row.Id < after.Id)
                    .OrderByDescending(row => row.Id).Take(byId.Take).Select(toItem).ToListAsync(cancellationToken);
                pagination = byId.Close(rows, row => new IdKey(row.Id), total);
                break;
            case "name":
                var byName = pager.Read<TextKey>(query, tenantId, list);
                rows = await workflows
                    .After(byName, after => row => EF.Functions.GreaterThan(ValueTuple.Create(row.Name, row.Id), ValueTuple.Create(after.Text, after.Id)))
                    .OrderBy(row => row.Name).ThenBy(row => row.Id).Take(byName.Take).Select(toItem)
                        .ToListAsync(cancellationToken);
                pagination = byName.Close(rows, row => new TextKey(row.Name, row.Id), total);
                break;
            default:
                return Problem.Parameter("sort", "'sort' is one of -updatedAt, -createdAt, name.");
        }

        return ApiResponse<List<WorkflowItem>>.Page(rows, pagination, fields);
    }

    private static IQueryable<Workflow> Filter(IQueryable<Workflow> workflows, WorkflowQuery filter)
    {
        if (filter.Name is { } name)
        {
            workflows = workflows.Where(row => EF.Functions.ILike(row.Name, Contains(name), @"\"));
        }

        if (filter.Tag is { } tag)
        {
            workflows = workflows.Where(row => row.Tags.Contains(tag));
        }

        if (filter.Job is { } job)
        {
            workflows = workflows.Where(row => row.JobId == job);
        }

        if (filter.Environment is { } environment)
        {
            workflows = workflows.Where(row => row.Environment == environment);
        }

        workflows = workflows.Of(new OwnerQuery(filter.OwnerId, filter.CreatedBy));
        return filter.Enabled is { } enabled ? workflows.Where(row => row.Enabled == enabled) : workflows;
    }

    private static string Contains(string text) => $"%{text.Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%";

    private static async Task<ApiResponse<WorkflowView>> GetAsync(Guid workflowId, ApiRequest request, CancellationToken cancellationToken)
    {
        var found = await request.Db.Workflows.AsNoTracking().Where(row => row.Id == workflowId)
            .Join(
                request.Db.WorkflowVersions,
                row => new { row.TenantId, row.Id, Number = row.DraftVersion },
                version => new { version.TenantId, Id = version.WorkflowId, version.Number },
                (row, version) => new { Row = row, version.Definition })
            .SingleOrDefaultAsync(cancellationToken);
        return found is null
            ? new Problem(Errors.WorkflowNotFound)
            : ApiResponse<WorkflowView>.Ok(View(found.Row, found.Definition, request.Now), found.Row.Version);
    }

    private static async Task<ApiResponse<ValidationView>> ValidateAsync(
        Body<ValidateRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var definition = Encoding.UTF8.GetBytes(body.Value.Definition.GetRawText());
        var problems = await Definitions.FindProblemsAsync(definition, request.Db, cancellationToken);
        return new ValidationView(problems.Count == 0, problems);
    }

    private static async Task<ApiResponse<WorkflowView>> CreateAsync(
        Body<CreateWorkflowRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Environment, wanted.Tags, wanted.Comment,
            wanted.NotificationSettings) is { } problem)
        {
            return problem;
        }

        var definition = wanted.Definition.GetRawText();
        var (compiled, refused) = await Definitions.CompileAsync(definition, "/definition", request.Db, cancellationToken);
        if (compiled is null)
        {
            return refused!;
        }

        return await request.ChangeAsync<WorkflowView>(async token =>
        {
            var jobId = wanted.JobId ?? await request.Db.Jobs.OrderBy(row => row.Id).Select(row => row.Id).FirstOrDefaultAsync(token);
            if (await request.Db.HoldJobAsync(jobId, token) is null)
            {
                return Problem.Invalid("/jobId", "There is no such job.", "UNKNOWN");
            }

            var workflow = new Workflow
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                JobId = jobId,
                Name = wanted.Name,
                Description = wanted.Description,
                Environment = wanted.Environment,
                Tags = wanted.Tags ?? [],
                Enabled = wanted.Enabled,
                Notifications = wanted.NotificationSettings?.ToJson() ?? "{}",
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Own(workflow);
            request.Db.Workflows.Add(workflow);
            request.AddVersion(workflow, definition, compiled.CustomNodes, "create", wanted.Comment);
            request.Announce(OutboxItem.IndexWorkflow, workflow.Id);
            request.Record("workflow.create", "workflow", workflow.Id, workflow.Name, after: new { workflow.Name, workflow.JobId, workflow.Tags, draftVersion = 1 });
            return ApiResponse<WorkflowView>.Created(View(workflow, definition, request.Now),
                $"/api/v1/workflows/{workflow.Id}", workflow.Version);
        });
    }

    private static async Task<ApiResponse<WorkflowView>> UpdateAsync(
        Guid workflowId, Body<UpdateWorkflowRequest> body, [FromQuery(Name = "force")] bool? force, ApiRequest request,
        Invalidation invalidation, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Environment, wanted.Tags, wanted.Comment,
            wanted.NotificationSettings) is { } problem)
        {
            return problem;
        }

        var definition = wanted.Definition?.GetRawText();
        var (compiled, refused) = definition is null ? default : await Definitions.CompileAsync(definition, "/definition", request.Db, cancellationToken);
        if (refused is not null)
        {
            return refused;
        }

        var response = await EditAsync(
            workflowId,
            request,
            async (workflow, draft, token) =>
            {
                if (await request.SetOwnerAsync(workflow, wanted.OwnerId, token) is { } unknown)
                {
                    return (null, null, unknown);
                }

                workflow.Name = wanted.Name ?? workflow.Name;
                workflow.Description = wanted.Description ?? workflow.Description;
                workflow.Environment = wanted.Environment ?? workflow.Environment;
                workflow.Tags = wanted.Tags ?? workflow.Tags;
                workflow.Enabled = wanted.Enabled ?? workflow.Enabled;
                workflow.Notifications = wanted.NotificationSettings?.ToJson() ?? workflow.Notifications;
                return (definition, compiled, null);
            },
            wanted.Comment,
            wanted.JobId is { } jobId ? new WorkflowMove(jobId, force == true) : null);
        request.AfterCommit(
            () => invalidation.Publish(Invalidated.Workflow, request.Caller.TenantId, workflowId));
        return response;
    }

    private static Task<ApiResponse<WorkflowView>> PatchNodeAsync(
        Guid workflowId, string nodeId, Body<System.Text.Json.JsonElement> body, ApiRequest request) =>
        EditAsync(
            workflowId,
            request,
            async (workflow, draft, token) =>
            {
                if (Definitions.PatchNode(draft, nodeId, body.Value) is not { } patched)
                {
                    return (null, null, new Problem(Errors.NodeNotFound));
                }

                var (compiled, problem) = await Definitions.CompileAsync(patched, "", request.Db, token);
                return (patched, compiled, problem);
            },
            $"node {nodeId}");

    private static Task<ApiResponse<WorkflowView>> EditAsync(
        Guid workflowId,
        ApiRequest request,
        Func<Workflow, string, CancellationToken, Task<(string? Definition, CompiledWorkflow? Compiled, Problem? Problem)>> edit,
        string comment,
        WorkflowMove? move = null) =>
        request.ChangeAsync<WorkflowView>(async token =>
        {
            if (move is not null && await move.LockJobsAsync(request, workflowId, token) is { } refusal)
            {
                return refusal;
            }

            var workflow = await request.Db.LockWorkflowAsync(workflowId, token);
            if (workflow is null)
            {
                return new Problem(Errors.WorkflowNotFound);
            }

            if (request.CheckMatch(workflow) is { } conflict)
            {
                return conflict;
            }

            if (move is not null && await move.ApplyAsync(request, workflow, token) is { } immovable)
            {
                return immovable;
            }

            var draft = await request.Db.WorkflowVersions.Where(row => row.WorkflowId == workflowId && row.Number == workflow.DraftVersion)
                .Select(row => row.Definition).SingleAsync(token);
            var before = Summary(workflow);
            var (definition, compiled, problem) = await edit(workflow, draft, token);
            if (problem is not null)
            {
                return problem;
            }

            if (definition is not null)
            {
                if (await request.CheckHolderAsync(workflow, token) is { } held)
                {
                    return held;
                }

                workflow.DraftVersion++;
                request.AddVersion(workflow, definition, compiled!.CustomNodes, "update", comment);
            }

            request.Touch(workflow);
            request.Announce(OutboxItem.IndexWorkflow, workflow.Id);
            request.Record("workflow.update", "workflow", workflow.Id, workflow.Name, before, Summary(workflow));
            return ApiResponse<WorkflowView>.Ok(View(workflow, definition ?? draft, request.Now), workflow.Version);
        });

    private static Problem? Check(
        string? name, string? description, string? environment, string[]? tags, string comment,
        WorkflowNotifications? notifications) => new Checks()
        .Name("name", name)
        .Text("description", description, Limits.DescriptionLength)
        .Name("environment", environment, Limits.TagLength)
        .Tags("tags", tags)
        .Text("comment", comment, Limits.CommentLength)
        .Notifications("notificationSettings", notifications)
        .Problem;

    private static object Summary(Workflow row) =>
        new
        {
            row.Name, row.Description, row.Environment, row.Tags, row.Enabled, row.DraftVersion, row.PublishedVersion,
            row.OwnerId, notificationSettings = WorkflowNotifications.Read(row.Notifications)
        };

    // A check-out that is over counts no more.
    private static Expression<Func<Workflow, WorkflowItem>> ToItem(DateTimeOffset now) => row => new WorkflowItem(
        row.Id, row.JobId, row.Name, row.Description, row.Environment, row.Tags, row.Enabled, row.DraftVersion,
        row.PublishedVersion, row.PublishedAt, row.PublishedBy, row.OwnerId, row.CreatedBy, row.UpdatedBy,
        row.CheckedOutUntil > now ? row.CheckedOutBy : null, row.CheckedOutUntil > now ? row.CheckedOutUntil : null,
        row.Version, row.CreatedAt, row.UpdatedAt);

    public static WorkflowView View(Workflow row, string definition, DateTimeOffset now)
    {
        var isHeld = row.CheckedOutUntil > now;
        return new WorkflowView(
            row.Id, row.JobId, row.Name, row.Description, row.Environment, row.Tags, row.Enabled, row.DraftVersion,
            row.PublishedVersion, row.PublishedAt, row.PublishedBy, row.OwnerId, row.CreatedBy, row.UpdatedBy,
            isHeld ? row.CheckedOutBy : null, isHeld ? row.CheckedOutAt : null, isHeld ? row.CheckedOutUntil : null,
            isHeld ? row.CheckedOutComment : null, row.Version, row.CreatedAt, row.UpdatedAt,
            WorkflowNotifications.Read(row.Notifications), new RawJson(definition));
    }
}
