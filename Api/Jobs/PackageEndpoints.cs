using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Jobs;

internal static class PackageEndpoints
{
    public static void MapPackages(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/job-packages").WithTags("Jobs");
        group.MapGet("", ListAsync).Requires(Permission.WorkspacesRead).WithSummary("List packages of jobs");
        group.MapPost("", CreateAsync).Requires(Permission.WorkspacesWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a package of jobs");
        group.MapGet("/{packageId:guid}", GetAsync).Requires(Permission.WorkspacesRead).WithSummary("Get a package with its jobs in order");
        group.MapPatch("/{packageId:guid}", UpdateAsync).Requires(Permission.WorkspacesWrite).WithSummary("Change a package");
        group.MapDelete("/{packageId:guid}", DeleteAsync).Requires(Permission.WorkspacesWrite).WithSummary("Delete a package that no schedule uses");
    }

    private static async Task<ApiResponse<List<PackageItem>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "job-packages");
        var packages = request.Db.JobPackages.AsNoTracking();
        var total = await packages.CountAsync(query, cancellationToken);
        var rows = await packages.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<PackageItem>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<PackageItem>(query));
    }

    private static async Task<ApiResponse<PackageView>> GetAsync(Guid packageId, ApiRequest request, CancellationToken cancellationToken)
    {
        var package = await request.Db.JobPackages.AsNoTracking().SingleOrDefaultAsync(row => row.Id == packageId, cancellationToken);
        return package is null
            ? new Problem(Errors.JobPackageNotFound)
            : ApiResponse<PackageView>.Ok(new PackageView(View(package), await JobsAsync(request, packageId, cancellationToken)), package.Version);
    }

    private static async Task<ApiResponse<PackageView>> CreateAsync(Body<CreatePackageRequest> body, ApiRequest request)
    {
        var (name, jobs, description) = body.Value;
        if (Check(name, jobs, description) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<PackageView>(async token =>
        {
            if (await HoldAsync(request, jobs, token) is { } refusal)
            {
                return refusal;
            }

            var package = new JobPackage
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = name,
                Description = description,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.JobPackages.Add(package);
            AddSteps(request, package, jobs);
            request.Record("job_package.create", "job_package", package.Id, name, after: body.Value);
            return ApiResponse<PackageView>.Created(new PackageView(View(package), jobs), $"/api/v1/job-packages/{package.Id}", package.Version);
        });
    }

    private static async Task<ApiResponse<PackageView>> UpdateAsync(Guid packageId, Body<UpdatePackageRequest> body, ApiRequest request)
    {
        var (name, jobs, description) = body.Value;
        if (Check(name, jobs, description) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<PackageView>(async token =>
        {
            var package = await request.Db.LockPackageAsync(packageId, token);
            if (package is null)
            {
                return new Problem(Errors.JobPackageNotFound);
            }

            if (request.CheckMatch(package) is { } conflict)
            {
                return conflict;
            }

            var before = new { package.Name, package.Description, jobs = await JobsAsync(request, packageId, token) };
            if (jobs is not null)
            {
                if (await HoldAsync(request, jobs, token) is { } refusal)
                {
                    return refusal;
                }

                await request.Db.JobPackageSteps.Where(step => step.PackageId == packageId).ExecuteDeleteAsync(token);
                AddSteps(request, package, jobs);
            }

            package.Name = name ?? package.Name;
            package.Description = description ?? package.Description;
            package.Touch(request.Now);
            request.Record("job_package.update", "job_package", package.Id, package.Name, before, new { package.Name, package.Description, jobs = jobs ?? before.jobs });
            return ApiResponse<PackageView>.Ok(new PackageView(View(package), jobs ?? before.jobs), package.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid packageId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var package = await request.Db.LockPackageAsync(packageId, token);
        if (package is null)
        {
            return new Problem(Errors.JobPackageNotFound);
        }

        if (request.CheckMatch(package) is { } conflict)
        {
            return conflict;
        }

        var users = await request.Db.Schedules.Where(row => row.PackageId == packageId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "SCHEDULE", row.Name, null)).ToListAsync(token);
        if (users.Count > 0)
        {
            return new Problem(Errors.InUse, "Schedules start the package: change or delete them first.", users);
        }

        await request.Db.JobPackageSteps.Where(step => step.PackageId == packageId).ExecuteDeleteAsync(token);
        package.DeletedAt = request.Now;
        package.Touch(request.Now);
        request.Record("job_package.delete", "job_package", package.Id, package.Name);
        return new Done(package.Id, "deleted");
    });

    // In the order of their ids, as everybody who locks more than one of a kind.
    private static async Task<Problem?> HoldAsync(ApiRequest request, IReadOnlyList<Guid> jobs, CancellationToken token)
    {
        foreach (var jobId in jobs.Distinct().Order())
        {
            if (await request.Db.HoldJobAsync(jobId, token) is null)
            {
                return Problem.Invalid("/jobs", $"There is no job {jobId}.", "UNKNOWN");
            }
        }

        return null;
    }

    private static void AddSteps(ApiRequest request, JobPackage package, IReadOnlyList<Guid> jobs) =>
        request.Db.JobPackageSteps.AddRange(jobs.Select((jobId, index) => new JobPackageStep
        {
            TenantId = package.TenantId,
            PackageId = package.Id,
            Id = Guid.CreateVersion7(request.Now),
            Position = index + 1,
            JobId = jobId,
        }));

    private static Task<List<Guid>> JobsAsync(ApiRequest request, Guid packageId, CancellationToken token) =>
        request.Db.JobPackageSteps.AsNoTracking().Where(step => step.PackageId == packageId).OrderBy(step => step.Position).Select(step => step.JobId).ToListAsync(token);

    private static Problem? Check(string? name, IReadOnlyList<Guid>? jobs, string? description)
    {
        var checks = new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength);
        return (jobs is { Count: 0 or > Limits.PackageSteps } ? checks.Add("jobs", "COUNT", $"A package has 1 to {Limits.PackageSteps} jobs.") : checks).Problem;
    }

    private static PackageItem View(JobPackage row) => new(row.Id, row.Name, row.Description, row.Version, row.CreatedAt, row.UpdatedAt);
}
