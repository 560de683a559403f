using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Jobs;

public sealed class JobRunTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Dependencies_are_replaced_as_a_whole_and_never_make_a_circle()
    {
        using var owner = api.Host.Owner();
        var (job, a, b, c) = await JobAsync(owner);
        var (_, stranger, _, _) = await JobAsync(owner);
        var path = $"jobs/{job}/dependencies";

        var first = (await PutAsync(owner, path, "*", (b, [a]), (c, [a, b]))).Ok();
        Assert.Equal(2, (await owner.GetAsync(path)).Ok().Data.GetProperty("dependencies").GetArrayLength());
        (await PutAsync(owner, path, "\"1\"", (b, [a]))).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await PutAsync(owner, path, first.ETag, (a, [c]), (b, [a]), (c, [b]))).Fails(HttpStatusCode.UnprocessableEntity, "DEPENDENCY_CYCLE");
        (await PutAsync(owner, path, first.ETag, (a, [a]))).Fails(HttpStatusCode.UnprocessableEntity, "DEPENDENCY_CYCLE");
        (await PutAsync(owner, path, first.ETag, (a, [stranger]))).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(owner, path, first.ETag, (stranger, [a]))).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(owner, path, first.ETag, (a, [b]), (a, [c]))).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(owner, path, first.ETag, (a, [b]))).Ok();
        var only = Assert.Single((await owner.GetAsync(path)).Ok().Data.GetProperty("dependencies").EnumerateArray());
        Assert.Equal(a, only.GetProperty("workflowId").GetGuid());
    }

    [Fact]
    public async Task A_run_holds_the_workflows_of_the_job_as_they_are_now()
    {
        using var owner = api.Host.Owner();
        var (job, a, b, c) = await JobAsync(owner);
        (await PutAsync(owner, $"jobs/{job}/dependencies", "*", (b, [a]), (c, [b]))).Ok();
        (await owner.PatchAsync($"workflows/{b}", "*", new { enabled = false })).Ok();

        var run = (await owner.PostAsync($"jobs/{job}/run", new { input = new { n = 1 }, onFailure = "continue" })).Ok(HttpStatusCode.Accepted);
        (await PutAsync(owner, $"jobs/{job}/dependencies", "*")).Ok();

        var view = (await owner.GetAsync($"job-runs/{run.Id}")).Ok().Data;
        Assert.Equal(("running", "continue", "manual", 1), (Run(view, "status"), Run(view, "onFailure"), Run(view, "triggerType"), view.GetProperty("input").GetProperty("n").GetInt32()));
        var items = view.GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("workflowId").GetGuid());
        Assert.Equal(new[] { a, c }.Order(), items.Keys.Order()); // b is switched off, so nobody waits for it
        Assert.All(items.Values, item => Assert.Equal(("pending", 0), (item.GetProperty("status").GetString(), item.GetProperty("dependsOn").GetArrayLength())));
        Assert.Contains(run.Id, (await owner.GetAsync($"job-runs?job={job}&status=running")).Ok().Data.EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
        (await owner.GetAsync("job-runs?status=queued")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task A_repeated_request_starts_one_run()
    {
        using var owner = api.Host.Owner();
        var (job, _, _, _) = await JobAsync(owner);

        var first = (await owner.PostAsync($"jobs/{job}/run", new { }, ("Idempotency-Key", "once"))).Ok(HttpStatusCode.Accepted);
        var second = (await owner.PostAsync($"jobs/{job}/run", new { }, ("Idempotency-Key", "once"))).Ok(HttpStatusCode.Accepted);

        Assert.Equal(first.Id, second.Id);
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from job_runs where job_id = $1", job));
        Assert.Equal(3, await api.Host.ScalarAsync<long>("select count(*) from job_run_items where run_id = $1", first.Id));
    }

    [Fact]
    public async Task What_cannot_run_is_refused_with_the_workflows_that_are_not_published()
    {
        using var owner = api.Host.Owner();
        var (job, a, _, _) = await JobAsync(owner, publish: false);

        var refused = (await owner.PostAsync($"jobs/{job}/run")).Fails(HttpStatusCode.Conflict, "JOB_NOT_RUNNABLE");
        Assert.Contains(a.ToString(), refused.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()));
        await api.Host.ExecuteAsync("update workflows set enabled = false where job_id = $1", job);
        (await owner.PostAsync($"jobs/{job}/run")).Fails(HttpStatusCode.Conflict, "JOB_NOT_RUNNABLE");
        (await owner.PostAsync($"jobs/{Guid.CreateVersion7()}/run")).Fails(HttpStatusCode.NotFound, "JOB_NOT_FOUND");
    }

    [Fact]
    public async Task Cancelling_and_running_again_ask_for_the_right_state()
    {
        using var owner = api.Host.Owner();
        var (job, a, _, _) = await JobAsync(owner);
        var run = (await owner.PostAsync($"jobs/{job}/run")).Ok(HttpStatusCode.Accepted).Id;

        (await owner.PostAsync($"job-runs/{run}/retry")).Fails(HttpStatusCode.Conflict, "JOB_RUN_STATE");
        (await owner.PostAsync($"job-runs/{run}/cancel")).Ok(HttpStatusCode.Accepted);
        Assert.True(await api.Host.ScalarAsync<bool>("select cancel_requested and is_due from job_runs where id = $1", run));

        await api.Host.ExecuteAsync("update job_run_items set status = case when id = $2 then 'completed' else 'failed' end where run_id = $1", run, a);
        await api.Host.ExecuteAsync("update job_runs set status = 'failed', finished_at = now() where id = $1", run);
        (await owner.PostAsync($"job-runs/{run}/cancel")).Fails(HttpStatusCode.Conflict, "JOB_RUN_STATE");
        Assert.Equal(2, (await owner.PostAsync($"job-runs/{run}/retry")).Ok(HttpStatusCode.Accepted).Data.GetProperty("attempt").GetInt32());
        Assert.True(await api.Host.ScalarAsync<bool>("select status = 'running' and is_due and not cancel_requested from job_runs where id = $1", run));
        Assert.Equal(2, await api.Host.ScalarAsync<long>("select count(*) from job_run_items where run_id = $1 and status = 'pending'", run));
    }

    [Fact]
    public async Task A_package_keeps_its_jobs_in_order_and_its_run_has_a_step_for_each()
    {
        using var owner = api.Host.Owner();
        var (one, _, _, _) = await JobAsync(owner);
        var (two, _, _, _) = await JobAsync(owner);
        var created = (await owner.PostAsync("job-packages", new { name = Samples.Name("package"), jobs = new[] { two, one, two } })).Ok(HttpStatusCode.Created);
        var id = created.Data.GetProperty("package").GetProperty("id").GetGuid();

        Assert.Equal([two, one, two], Guids((await owner.GetAsync($"job-packages/{id}")).Ok().Data.GetProperty("jobs")));
        var run = (await owner.PostAsync($"job-packages/{id}/run")).Ok(HttpStatusCode.Accepted);
        var items = (await owner.GetAsync($"job-runs/{run.Id}")).Ok().Data.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([two, one, two], items.Select(item => item.GetProperty("jobId").GetGuid()));
        Assert.Equal([0, 1, 1], items.Select(item => item.GetProperty("dependsOn").GetArrayLength()));

        var changed = (await owner.PatchAsync($"job-packages/{id}", created.ETag, new { jobs = new[] { one } })).Ok();
        Assert.Equal([one], Guids((await owner.GetAsync($"job-packages/{id}")).Ok().Data.GetProperty("jobs")));
        (await owner.PatchAsync($"job-packages/{id}", created.ETag, new { jobs = new[] { one } })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await owner.PatchAsync($"job-packages/{id}", changed.ETag, new { jobs = Array.Empty<Guid>() })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PatchAsync($"job-packages/{id}", changed.ETag, new { jobs = new[] { Guid.CreateVersion7() } })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("job-packages", new { name = "x", jobs = Enumerable.Repeat(one, Limits.PackageSteps + 1) })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        var schedule = (await owner.PostAsync("schedules", new { name = Samples.Name("s"), packageId = id, timing = new { cron = "@daily" } })).Ok(HttpStatusCode.Created);
        (await owner.DeleteAsync($"job-packages/{id}", "*")).Fails(HttpStatusCode.Conflict, "IN_USE");
        await api.Host.ExecuteAsync("update workflows set deleted_at = now() where job_id = $1", one);
        (await owner.DeleteAsync($"jobs/{one}", "*")).Fails(HttpStatusCode.Conflict, "IN_USE");
        (await owner.DeleteAsync($"schedules/{schedule.Id}", "*")).Ok();
        (await owner.DeleteAsync($"job-packages/{id}", "*")).Ok();
        (await owner.DeleteAsync($"jobs/{one}", "*")).Ok();
    }

    private static async Task<(Guid Job, Guid A, Guid B, Guid C)> JobAsync(ApiClient owner, bool publish = true)
    {
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("workspace") })).Ok(HttpStatusCode.Created);
        var folder = (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name = "f" })).Ok(HttpStatusCode.Created);
        var job = (await owner.PostAsync($"folders/{folder.Id}/jobs", new { name = "j" })).Ok(HttpStatusCode.Created).Id;
        var ids = new Guid[3];
        for (var index = 0; index < ids.Length; index++)
        {
            ids[index] = (await owner.PostAsync("workflows", new { name = $"w{index}", definition = Samples.Definition(), jobId = job })).Ok(HttpStatusCode.Created).Id;
            if (publish)
            {
                (await owner.PostAsync($"workflows/{ids[index]}/publish")).Ok();
            }
        }

        return (job, ids[0], ids[1], ids[2]);
    }

    private static Task<Answer> PutAsync(ApiClient owner, string path, string etag, params (Guid Workflow, Guid[] DependsOn)[] dependencies) => owner.SendAsync(
        HttpMethod.Put, path, ApiClient.Json(new { dependencies = dependencies.Select(row => new { workflowId = row.Workflow, dependsOn = row.DependsOn }) }), ("If-Match", etag));

    private static string? Run(JsonElement view, string member) => view.GetProperty("run").GetProperty(member).GetString();

    private static IEnumerable<Guid> Guids(JsonElement list) => list.EnumerateArray().Select(item => item.GetGuid());
}
