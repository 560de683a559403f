using System.Net;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>
/// Every route that names an object of the hierarchy, or what runs of it, walked by somebody who was granted
/// nothing, view, edit or admin on all that it names,
/// and by somebody whose grant has expired.
/// </summary>
public sealed class ObjectLevelRouteTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly string[] Objects =
        ["workspaceId", "folderId", "jobId", "workflowId", "executionId", "deadLetterId", "scheduleId", "packageId",
            "runId"];

    private List<Route> Routes() =>
        [.. Route.Of(api.Host).Where(route => !route.IsOpen && Objects.Any(name => Names(route, name)))];

    [Theory]
    [InlineData(null, false)]
    [InlineData("admin", true)]
    public async Task Who_was_granted_nothing_finds_nothing_whether_it_was_never_or_has_ended(string? level,
        bool isExpired)
    {
        var (person, ids, _) = await PrepareAsync(level, isExpired);
        var walked = 0;
        foreach (var route in Routes().Where(IsAllowed))
        {
            var answer = await route.CallAsync(person, name => ids[name]);

            Assert.True(answer.Status == HttpStatusCode.NotFound, $"{route}: {answer.Text}");
            Assert.DoesNotContain("secret name", answer.Text, StringComparison.Ordinal);
            walked++;
        }

        Assert.True(walked > 60, $"{walked} routes");
        foreach (var route in Route.Of(api.Host).Where(route => !route.IsOpen && IsAllowed(route) && IsList(route)))
        {
            var answer = await route.CallAsync(person, _ => "");
            Assert.DoesNotContain("secret name", answer.Text, StringComparison.Ordinal);
            Assert.All(Objects, name => Assert.DoesNotContain(ids[name], answer.Text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Who_may_view_reads_every_route_and_changes_by_none()
    {
        var (person, ids, tenant) = await PrepareAsync("view", isExpired: false);
        var before = await FingerprintAsync(tenant);
        foreach (var route in Routes().Where(IsAllowed))
        {
            var answer = await route.CallAsync(person, name => ids[name]);

            var expected = route.Method == "GET"
                ? answer.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest || IsMissing(answer)
                : answer.Status == HttpStatusCode.Forbidden;
            Assert.True(expected, $"{route}: {answer.Status} {answer.Text}");
        }

        Assert.Equal(before, await FingerprintAsync(tenant));
    }

    [Fact]
    public async Task Who_may_edit_is_refused_only_what_needs_admin()
    {
        var (person, ids, _) = await PrepareAsync("edit", isExpired: false);
        foreach (var route in Routes().Where(IsAllowed).OrderBy(LosesSomething))
        {
            var answer = await route.CallAsync(person, name => ids[name]);

            Assert.True(
                NeedsAdmin(
                    route) ? answer.Status == HttpStatusCode.Forbidden : answer.Status != HttpStatusCode.Forbidden,
                $"{route}: {answer.Status} {answer.Text}");
            Assert.True((int)answer.Status < 500, $"{route}: {answer.Text}");
        }
    }

    [Fact]
    public async Task Who_administers_is_refused_nothing()
    {
        var (person, ids, _) = await PrepareAsync("admin", isExpired: false);
        foreach (var route in Routes().Where(IsAllowed).OrderBy(LosesSomething))
        {
            var answer = await route.CallAsync(person, name => ids[name]);

            Assert.True(answer.Status != HttpStatusCode.Forbidden && (int)answer.Status < 500,
                $"{route}: {answer.Text}");
        }
    }

    // First what leaves everything there, last what takes the person's own grant away.
    private static int LosesSomething(Route route) =>
        route.Method != "DELETE" ? 0
            : !route.Pattern.Contains("/permissions", StringComparison.Ordinal) ? 1
            : route.Pattern.Contains("/workspaces/", StringComparison.Ordinal) ? 3 : 2;

    private static bool Names(Route route, string parameter) => route.Pattern.Contains($"{{{parameter}",
        StringComparison.Ordinal);

    // What a role of granted reach can have at all; anything else is refused by the permission.
    private static bool IsAllowed(Route route) => Permissions.OfGranted.HasFlag(route.Required!.Value);

    private static bool IsList(Route route) => route.Method == "GET" && !route.Pattern.Contains('{',
        StringComparison.Ordinal);

    private static bool NeedsAdmin(Route route) =>
        route.Pattern.Contains("/trash/", StringComparison.Ordinal)
        || (route.Pattern.Contains("/permissions", StringComparison.Ordinal) && route.Method != "GET")
        || (route.Method == "DELETE" && route.Pattern.Split('/')[^1].StartsWith('{')
            && new[] { "workspaceId", "folderId", "jobId",
                "workflowId" }.Any(name => route.Pattern.EndsWith($"{{{name}:guid}}", StringComparison.Ordinal)));

    // The route is about something of the object that is not there: a lineage, an older version.
    private static bool IsMissing(Answer answer) => answer.Status == HttpStatusCode.NotFound
        && answer.ErrorCode is not (
            "WORKSPACE_NOT_FOUND" or "FOLDER_NOT_FOUND" or "JOB_NOT_FOUND" or "WORKFLOW_NOT_FOUND"
            or "EXECUTION_NOT_FOUND");

    private async Task<(ApiClient Person, Dictionary<string, string> Ids, Guid Tenant)> PrepareAsync(string? level,
        bool isExpired)
    {
        var slug = $"levels-{Guid.CreateVersion7():N}"[..20] + Guid.CreateVersion7().ToString("N")[^8..];
        var tenant = await api.Host.CreateTenantAsync(slug);
        using var owner = api.Host.Client(tenant.ApiKey);
        var place = await owner.CreatePlaceAsync();
        var ids = await CreateBelowAsync(owner, place);
        var email = $"{Guid.CreateVersion7():N}@example.com";
        const string Password = "correct horse battery";
        var user = (await owner.PostAsync("users", new
        {
            email, name = "p", password = Password,
            roles = new[] { "member" }
        }))
            .Ok(HttpStatusCode.Created);
        if (level is not null)
        {
            var grant = (await owner.SendAsync(
                HttpMethod.Put, $"workspaces/{place.Workspace.Id}/permissions", ApiClient.Json(new
                {
                    userId = user.Id,
                    level
                })))
                    .Ok();
            ids["permissionId"] = grant.Id.ToString();
            if (isExpired)
            {
                await api.Host.ExecuteAsync("update object_permissions set expires_at = now() where id = $1", grant.Id);
            }
        }

        using var anybody = api.Host.Client();
        var login = (await anybody.PostAsync("auth/login", new { email, password = Password, tenant = slug })).Ok();
        return (api.Host.Client(login.Data.GetProperty("accessToken").GetString()), ids, tenant.TenantId);
    }

    private async Task<Dictionary<string, string>> CreateBelowAsync(ApiClient owner, Place place)
    {
        (await owner.PatchAsync($"workflows/{place.Workflow.Id}", place.Workflow.ETag, new { name = "secret name" }))
            .Ok();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var execution = (await owner.PostAsync($"workflows/{place.Workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);
        var schedule = await owner.CreateAsync(
            "schedules", new
            {
                name = "secret name", workflowId = place.Workflow.Id,
                timing = new { cron = "0 0 1 1 *" }
            });
        var package = await owner.CreateAsync("job-packages", new
        {
            name = "secret name",
            jobs = new[] { place.Job.Id }
        });
        var run = (await owner.PostAsync($"jobs/{place.Job.Id}/run")).Ok(HttpStatusCode.Accepted);
        var letter = await api.Host.ScalarAsync<Guid>(
            """
            insert into dead_letters (tenant_id, id, execution_id, workflow_id, error, created_at)
            select tenant_id, gen_random_uuid(), id, workflow_id, '{"message": "secret name"}', now() from executions
              where id = $1 returning id
            """, execution.Id);
        return new()
        {
            ["workspaceId"] = place.Workspace.Id.ToString(),
            ["folderId"] = place.Folder.Id.ToString(),
            ["jobId"] = place.Job.Id.ToString(),
            ["workflowId"] = place.Workflow.Id.ToString(),
            ["executionId"] = execution.Id.ToString(),
            ["otherId"] = execution.Id.ToString(),
            ["deadLetterId"] = letter.ToString(),
            ["scheduleId"] = schedule.Id.ToString(),
            ["packageId"] = package.Data.GetProperty("package").GetProperty("id").GetString()!,
            ["runId"] = run.Id.ToString(),
            ["permissionId"] = Guid.CreateVersion7().ToString(),
            ["nodeId"] = "only",
            ["number"] = "1",
        };
    }

    private Task<string> FingerprintAsync(Guid tenant) => api.Host.ScalarAsync<string>(
        """
        select md5(concat(
          (select string_agg(w::text, '' order by id) from workflows w where tenant_id = $1),
          (select string_agg(w::text, '' order by number) from workflow_versions w where tenant_id = $1),
          (select string_agg(w::text, '' order by id) from workspaces w where tenant_id = $1),
          (select string_agg(f::text, '' order by id) from folders f where tenant_id = $1),
          (select string_agg(j::text, '' order by id) from jobs j where tenant_id = $1),
          (select string_agg(e::text, '' order by id) from executions e where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from schedules s where tenant_id = $1),
          (select string_agg(p::text, '' order by id) from job_packages p where tenant_id = $1),
          (select string_agg(r::text, '' order by id) from job_runs r where tenant_id = $1),
          (select string_agg(l::text, '' order by id) from dead_letters l where tenant_id = $1),
          (select string_agg(p::text, '') from workflow_pins p where tenant_id = $1),
          (select string_agg(c::text, '') from working_copies c where tenant_id = $1),
          (select string_agg(t::text, '' order by execution_id) from test_runs t where tenant_id = $1),
          (select string_agg(p::text, '' order by id) from object_permissions p where tenant_id = $1)))
        """,
        tenant);
}
