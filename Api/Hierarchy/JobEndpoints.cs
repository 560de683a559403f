using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Hierarchy;

internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/jobs", ListAllAsync).WithTags("Hierarchy").Requires(Permission.WorkspacesRead).WithSummary("List all jobs");
        var ofFolder = routes.MapGroup("/folders/{folderId:guid}/jobs").WithTags("Hierarchy");
        ofFolder.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).WithSummary("List the jobs of a folder");
        ofFolder.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a job");
        var group = routes.MapGroup("/jobs/{jobId:guid}").WithTags("Hierarchy");
        group.MapGet("", GetAsync).Requires(Permission.WorkspacesRead).WithSummary("Get a job");
        group.MapPatch("", UpdateAsync).Requires(Permission.WorkspacesWrite).WithSummary("Change a job");
        group.MapDelete("", DeleteAsync).Requires(Permission.WorkspacesWrite)
            .WithSummary("Delete an empty job; otherwise it says what would go along");
    }

    private static Task<ApiResponse<List<JobView>>> ListAllAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken) =>
        PageAsync(request.Db.Jobs, "jobs", query, request, pager, cancellationToken);

    private static async Task<ApiResponse<List<JobView>>> ListAsync(
        Guid folderId, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken) =>
        await request.Db.Folders.AnyAsync(row => row.Id == folderId, cancellationToken)
            ? await PageAsync(request.Db.Jobs.Where(row => row.FolderId == folderId), $"jobs:{folderId}", query, request, pager, cancellationToken)
            : new Problem(Errors.FolderNotFound);

    private static async Task<ApiResponse<List<JobView>>> PageAsync(
        IQueryable<Job> jobs, string list, PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, list);
        var total = await jobs.CountAsync(query, cancellationToken);
        var rows = await Views(jobs.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)).ToListAsync(cancellationToken);
        return ApiResponse<List<JobView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<JobView>(query));
    }

    private static async Task<ApiResponse<JobView>> GetAsync(Guid jobId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db.Jobs.Where(row => row.Id == jobId)).SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<JobView>.Ok(view, view.Version)
            : new Problem(Errors.JobNotFound);

    private static async Task<ApiResponse<JobView>> CreateAsync(Guid folderId, Body<CreateJobRequest> body, ApiRequest request)
    {
        var (name, description, environment) = body.Value;
        if (Check(name, description, environment) is { } problem)
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
                Id = Guid.CreateVersion7(request.Now),
                FolderId = folderId,
                Name = name,
                Description = description,
                Environment = environment,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Jobs.Add(job);
            request.Record("job.create", "job", job.Id, name, after: body.Value);
            return ApiResponse<JobView>.Created(View(job), $"/api/v1/jobs/{job.Id}", job.Version);
        });
    }

    private static async Task<ApiResponse<JobView>> UpdateAsync(Guid jobId, Body<UpdateJobRequest> body, ApiRequest request)
    {
        var (name, description, environment) = body.Value;
        if (Check(name, description, environment) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<JobView>(async token =>
        {
            var job = await request.Db.Jobs.SingleOrDefaultAsync(row => row.Id == jobId, token);
            if (job is null)
            {
                return new Problem(Errors.JobNotFound);
            }

            if (request.CheckMatch(job) is { } conflict)
            {
                return conflict;
            }

            var before = new { job.Name, job.Description, job.Environment };
            job.Name = name ?? job.Name;
            job.Description = description ?? job.Description;
            job.Environment = environment ?? job.Environment;
            job.Touch(request.Now);
            request.Record("job.update", "job", job.Id, job.Name, before, new { job.Name, job.Description, job.Environment });
            return ApiResponse<JobView>.Ok(View(job), job.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid jobId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var job = await request.Db.LockJobAsync(jobId, token);
        if (job is null)
        {
            return new Problem(Errors.JobNotFound);
        }

        if (request.CheckMatch(job) is { } conflict)
        {
            return conflict;
        }

        var workflows = await request.Db.Workflows.Where(row => row.JobId == jobId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "WORKFLOW", row.Name, null)).ToListAsync(token);
        if (workflows.Count > 0)
        {
            return new Problem(Errors.NotEmpty, "The job holds workflows: delete them first.", workflows);
        }

        var users = await request.Db.Schedules.Where(row => row.JobId == jobId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "SCHEDULE", row.Name, null)).ToListAsync(token);
        users.AddRange(await request.Db.JobPackages.Where(row => request.Db.JobPackageSteps.Any(step => step.PackageId == row.Id && step.JobId == jobId))
            .OrderBy(row => row.Id).Take(Limits.MaxPageSize).Select(row => new ErrorDetail(row.Id.ToString(), "JOB_PACKAGE", row.Name, null)).ToListAsync(token));
        if (users.Count > 0)
        {
            return new Problem(Errors.InUse, "Schedules or packages start the job: change or delete them first.", users);
        }

        job.DeletedAt = request.Now;
        job.Touch(request.Now);
        request.Record("job.delete", "job", job.Id, job.Name);
        return new Done(job.Id, "deleted");
    });

    private static Problem? Check(string? name, string? description, string? environment) => new Checks()
        .Name("name", name).Text("description", description, Limits.DescriptionLength).Name("environment", environment).Problem;

    private static JobView View(Job row) =>
        new(row.Id, row.FolderId, row.Name, row.Description, row.Environment, row.Version, row.CreatedAt, row.UpdatedAt);

    private static IQueryable<JobView> Views(IQueryable<Job> rows) => rows.AsNoTracking().Select(
        row => new JobView(row.Id, row.FolderId, row.Name, row.Description, row.Environment, row.Version, row.CreatedAt, row.UpdatedAt));
}
