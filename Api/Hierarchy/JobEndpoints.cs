using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Hierarchy;

internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/jobs", ListAllAsync).WithTags("Hierarchy").Requires(Permission.WorkspacesRead).ReadsStaged()
            .WithSummary("List all jobs");
        var ofFolder = routes.MapGroup("/folders/{folderId:guid}/jobs").WithTags("Hierarchy");
        ofFolder.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).ReadsStaged()
            .WithSummary("List the jobs of a folder");
        ofFolder.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201))
            .StagesNew(StagedKind.Job).WithSummary("Create a job");
        var group = routes.MapGroup("/jobs/{jobId:guid}").WithTags("Hierarchy");
        group.MapGet("", GetAsync).Requires(Permission.WorkspacesRead).ReadsStaged().WithSummary("Get a job");
        group.MapPatch("", UpdateAsync).Requires(Permission.WorkspacesWrite)
            .StagesChange(StagedKind.Job)
            .WithSummary("Change a job, or move it with its workflows into another folder");
    }

    private static Task<ApiResponse<List<JobView>>> ListAllAsync(
        [AsParameters] OwnerQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken) =>
        PageAsync(request.Db.Jobs, $"jobs?{filter}", filter, query, request, pager, cancellationToken);

    private static async Task<ApiResponse<List<JobView>>> ListAsync(
        Guid folderId, [AsParameters] OwnerQuery filter, [AsParameters] PageQuery query, ApiRequest request,
        Pager pager, CancellationToken cancellationToken) =>
        await request.Db.Folders.AnyAsync(row => row.Id == folderId, cancellationToken)
            ? await PageAsync(
                request.Db.Jobs.Where(row => row.FolderId == folderId), $"jobs:{folderId}?{filter}", filter, query,
                request, pager, cancellationToken)
            : new Problem(Errors.FolderNotFound);

    private static async Task<ApiResponse<List<JobView>>> PageAsync(
        IQueryable<Job> all, string list, OwnerQuery filter, PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, list);
        var jobs = all.AsNoTracking().Of(filter);
        var total = await jobs.CountAsync(query, cancellationToken);
        var rows = await jobs.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<JobView>>.Page(
            [.. rows.Select(View)], pagination, FieldSelection.Read<JobView>(query));
    }

    private static async Task<ApiResponse<JobView>> GetAsync(
        Guid jobId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.Jobs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == jobId, cancellationToken) is { } job
            ? ApiResponse<JobView>.Ok(View(job), job.Version)
            : new Problem(Errors.JobNotFound);

    private static async Task<ApiResponse<JobView>> CreateAsync(
        Guid folderId, Body<CreateJobRequest> body, ApiRequest request)
    {
        var (name, description, environment, settings) = body.Value;
        if (Check(name, description, environment).Settings("settings", settings).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<JobView>(async token =>
        {
            if (await request.Db.HoldFolderAsync(folderId, token) is null)
            {
                return new Problem(Errors.FolderNotFound);
            }

            var job = new Job
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                FolderId = folderId,
                Name = name,
                Description = description,
                Environment = environment,
                Settings = settings?.GetRawText() ?? "{}",
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Own(job);
            request.Db.Jobs.Add(job);
            request.Record("job.create", "job", job.Id, name, after: body.Value);
            return ApiResponse<JobView>.Created(View(job), $"/api/v1/jobs/{job.Id}", job.Version);
        });
    }

    private static async Task<ApiResponse<JobView>> UpdateAsync(
        Guid jobId, Body<UpdateJobRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Environment).Settings("settings", wanted.Settings).Problem
            is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<JobView>(async token =>
        {
            // The folder first, as everybody who puts something into it.
            var folder = wanted.FolderId is { } folderId ? await request.Db.HoldFolderAsync(folderId, token) : null;
            var job = await request.Db.LockJobAsync(jobId, token);
            if (job is null)
            {
                return new Problem(Errors.JobNotFound);
            }

            if (request.CheckMatch(job) is { } conflict)
            {
                return conflict;
            }

            if (wanted.FolderId is not null && folder is null)
            {
                return Problem.Invalid("/folderId", "There is no such folder.", "UNKNOWN");
            }

            if (folder is not null && folder.Id != job.FolderId
                && await request.RefusesAsync("folder", folder.Id, ObjectLevel.Edit, token) is { } refusal)
            {
                return refusal;
            }

            var before = Summary(job);
            if (await request.SetOwnerAsync(job, wanted.OwnerId, token) is { } unknown)
            {
                return unknown;
            }

            if (folder is not null && folder.Id != job.FolderId)
            {
                request.Record("job.move", "job", job.Id, job.Name, new { job.FolderId }, new { FolderId = folder.Id });
                job.FolderId = folder.Id;
            }

            job.Name = wanted.Name ?? job.Name;
            job.Description = wanted.Description ?? job.Description;
            job.Environment = wanted.Environment ?? job.Environment;
            job.Settings = wanted.Settings?.GetRawText() ?? job.Settings;
            request.Touch(job);
            request.Record("job.update", "job", job.Id, job.Name, before, Summary(job));
            return ApiResponse<JobView>.Ok(View(job), job.Version);
        });
    }

    private static Checks Check(string? name, string? description, string? environment) => new Checks()
        .Name("name", name).Text("description", description, Limits.DescriptionLength).Name("environment", environment);

    private static object Summary(Job row) => new
    {
        row.Name, row.Description, row.Environment, row.FolderId, row.OwnerId, Settings = new RawJson(row.Settings),
    };

    private static JobView View(Job row) => new(
        row.Id, row.FolderId, row.Name, row.Description, row.Environment, new RawJson(row.Settings), row.OwnerId,
        row.CreatedBy, row.UpdatedBy, row.Version, row.CreatedAt, row.UpdatedAt);
}
