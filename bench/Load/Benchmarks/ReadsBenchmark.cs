using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>What people look at and edit, in a tenant with much of it.</summary>
internal sealed class ReadsBenchmark : IBenchmark
{
    private const int PerSecond = 200;
    private const int Seconds = 20;
    private const int WarmUpSeconds = 5;
    private const int Granted = 5;
    private const string Password = "correct horse battery";

    // In this order. Ids bear the time of their rows; all lie within the last day, in partitions that there are.
    private static readonly string[] FillSql =
    [
        """
        with made as (
          insert into users (tenant_id, id, email, username, name, created_at, updated_at)
          select $1, new_uuid_v7(), 'u' || n || '@example.com', 'u' || n, 'User ' || n, now(), now()
          from generate_series(1, 10000) n returning 1)
        select count(*) from made
        """,
        """
        with made as (
          insert into workspaces (tenant_id, id, name, created_at, updated_at)
          select $1, gen_random_uuid(), 'Workspace ' || n, now(), now() from generate_series(1, 20000) n returning 1)
        select count(*) from made
        """,
        """
        with made as (
          insert into folders (tenant_id, id, workspace_id, name, created_at, updated_at)
          select $1, gen_random_uuid(), id, 'Folder', now(), now() from workspaces
          where tenant_id = $1 and name like 'Workspace %' returning 1)
        select count(*) from made
        """,
        """
        with made as (
          insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at)
          select $1, gen_random_uuid(), id, 'Job', now(), now() from folders where tenant_id = $1 and name = 'Folder'
            returning 1)
        select count(*) from made
        """,
        """
        with made as (
          insert into workflows (tenant_id, id, job_id, name, created_at, updated_at)
          select $1, gen_random_uuid(), id, 'Workflow ' || n, now(), now() - random() * interval '1 day'
          from jobs, generate_series(1, 10) n where tenant_id = $1 and name = 'Job' returning 1)
        select count(*) from made
        """,
        """
        with made as (
          insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at)
          select $1, w.id, 1, (select definition from workflow_versions where tenant_id = $1 limit 1), 'create', now()
          from workflows w where w.tenant_id = $1 and w.name like 'Workflow %' returning 1)
        select count(*) from made
        """,
        """
        with made as (
          insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, error, queued_at,
            finished_at)
          select $1, (left(uuid_at(t.at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, w.id, 1,
            case when t.n % 10 = 0 then 'failed' else 'completed' end, 'manual', '{"order": 1}',
            case when t.n % 10 = 0 then '{"code": "HTTP_STATUS", "message": "503"}'::jsonb end, t.at, t.at
          from (
            select id, row_number() over () as place from workflows
            where tenant_id = $1 and name like 'Workflow %') w
          cross join lateral (
            select n, now() - (w.place * 5 + n) * interval '80 ms' as at from generate_series(0, 4) n) t
          returning 1)
        select count(*) from made
        """,
    ];

    private const int ActivityParts = 10;

    private const string ActivitySql = """
        with made as (
          insert into user_activity (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id,
            object_name, at)
          select $1, (left(uuid_at(t.at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, 'user',
            w.id, 'u', 'workflow.update',
            'workflow', w.id, 'Workflow', t.at
          from (
            select id, row_number() over () as place from workflows
            where tenant_id = $1 and name like 'Workflow %') w
          cross join lateral (
            select now() - (w.place * 50 + n) * interval '8 ms' as at from generate_series($2 * 5, $2 * 5 + 4) n) t
          returning 1)
        select count(*) from made
        """;

    private const string VacuumSql = "vacuum (analyze) users, workspaces, folders, jobs, workflows, workflow_versions, "
        + "executions, user_activity";

    private const string TenantSql = "select tenant_id from tenants where slug = 'default'";

    private const string WorkspacesSql =
        "select array(select id from workspaces where name like 'Workspace %' order by id limit $1)";

    private const string WorkflowsSql = """
        select array(
          select w.id from workflows w join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
          join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
          where w.name like 'Workflow %' and ($1 or f.workspace_id = any ($2)) order by md5(w.id::text) limit 2000)
        """;

    private readonly Random _random = new(20260101);

    public string Name => "reads";

    public string Description =>
        "One tenant with 20,000 workspaces, 200,000 workflows, 10,000 users, 1,000,000 executions and 10,000,000 rows "
        + $"of activity; {PerSecond} requests a second, a fifth each: list workflows, get one, patch a node, list "
        + "activity, list failed executions. First by a caller whose role sees all (`all`), then by one who was "
        + $"granted {Granted} workspaces (`granted`). From the request's due time to the end of its answer, at the "
        + "client on the same cores. Aims, p95: list 20 ms, get 2 ms, patch 10 ms, activity and executions 30 ms.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        await client.PublishAsync("reads", Workloads.OneNode);
        var tenant = await client.ScalarAsync<Guid>(TenantSql);
        foreach (var sql in FillSql)
        {
            var began = Stopwatch.GetTimestamp();
            var rows = await client.ScalarAsync<long>(sql, tenant);
            Console.WriteLine($"  {rows} rows in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s");
        }

        for (var part = 0; part < ActivityParts; part++)
        {
            await client.ScalarAsync<long>(ActivitySql, tenant, part);
        }

        // Otherwise autovacuum and the fill's checkpoint would go on while requests are measured.
        await client.ExecuteAsync(VacuumSql);
        await client.ExecuteAsync("checkpoint");
        var workspaces = await client.ScalarAsync<Guid[]>(WorkspacesSql, Granted);
        var person = await AddPersonAsync(platform, workspaces);
        await MeasureAsync("all", platform, platform.ApiKey, await client.ScalarAsync<Guid[]>(WorkflowsSql, true,
            workspaces), report);
        await MeasureAsync("granted", platform, person, await client.ScalarAsync<Guid[]>(WorkflowsSql, false,
            workspaces), report);
    }

    /// <returns>The access token of somebody who sees these workspaces and nothing else.</returns>
    private static async Task<string> AddPersonAsync(Platform platform, Guid[] workspaces)
    {
        using var http = ClientOf(platform, platform.ApiKey);
        var user = await SendAsync(
            http, HttpMethod.Post, "users",
            $$"""{"email": "reads@example.com", "name": "Reads", "password": "{{Password}}", "roles": ["member"]}""");
        foreach (var workspace in workspaces)
        {
            await SendAsync(
                http, HttpMethod.Put, $"workspaces/{workspace}/permissions",
                $$"""{"userId": "{{user.GetProperty("id").GetString()}}", "level": "edit"}""");
        }

        var login = await SendAsync(
            http, HttpMethod.Post, "auth/login", $$"""{"email": "reads@example.com", "password": "{{Password}}"}""");
        return login.GetProperty("accessToken").GetString()!;
    }

    private async Task MeasureAsync(
        string caller, Platform platform, string credential, Guid[] workflows, Action<string, double, string> report)
    {
        using var http = ClientOf(platform, credential);
        (string Name, Func<HttpRequestMessage> Make)[] kinds =
        [
            ("list", () => new(HttpMethod.Get, "workflows?per_page=50")),
            ("get", () => new(HttpMethod.Get, $"workflows/{Any(workflows)}")),
            ("patch", () => new(HttpMethod.Patch, $"workflows/{Any(workflows)}/nodes/only")
            {
                Content = new StringContent($$"""{"name": "Only {{_random.Next()}}"}""", Encoding.UTF8,
                    "application/json"),
                Headers = { { "If-Match", "*" } },
            }),
            ("activity", () => new(HttpMethod.Get, $"activity?object={Any(workflows)}")),
            ("executions", () => new(HttpMethod.Get, "executions?status=failed&error_code=HTTP_STATUS")),
        ];
        await LoadAsync(http, kinds, WarmUpSeconds);
        var times = await LoadAsync(http, kinds, Seconds);
        foreach (var (name, _) in kinds)
        {
            var values = times[name].ToList();
            report($"{caller}-{name}-p50", Workloads.Percentile(values, 0.5), "ms");
            report($"{caller}-{name}-p95", Workloads.Percentile(values, 0.95), "ms");
        }
    }

    private Guid Any(Guid[] ids) => ids[_random.Next(ids.Length)];

    // Requests leave at their times, however long the ones before take.
    private static async Task<Dictionary<string, ConcurrentBag<double>>> LoadAsync(
        HttpClient http, (string Name, Func<HttpRequestMessage> Make)[] kinds, int seconds)
    {
        var times = kinds.ToDictionary(kind => kind.Name, _ => new ConcurrentBag<double>());
        var calls = new List<Task>();
        var began = Stopwatch.GetTimestamp();
        for (var number = 0; number < seconds * PerSecond; number++)
        {
            var due = TimeSpan.FromSeconds((double)number / PerSecond);
            if (due - Stopwatch.GetElapsedTime(began) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, CancellationToken.None);
            }

            var (name, make) = kinds[number % kinds.Length];
            calls.Add(CallAsync(http, make(), began, due, times[name]));
        }

        await Task.WhenAll(calls);
        return times;
    }

    private static async Task CallAsync(
        HttpClient http, HttpRequestMessage request, long began, TimeSpan due, ConcurrentBag<double> times)
    {
        using (request)
        {
            using var response = await http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            if (!response.IsSuccessStatusCode && (int)response.StatusCode != 412) // two patched the same one
            {
                throw new InvalidOperationException($"{request.Method} {request.RequestUri}: {text}");
            }
        }

        times.Add((Stopwatch.GetElapsedTime(began) - due).TotalMilliseconds);
    }

    private static HttpClient ClientOf(Platform platform, string credential)
    {
        var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 50, UseProxy = false })
        {
            BaseAddress = new Uri(platform.Api, "/api/v1/"),
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        return http;
    }

    private static async Task<JsonElement> SendAsync(HttpClient http, HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonElement.Parse(text).GetProperty("data")
            : throw new InvalidOperationException($"{method} {path}: {text}");
    }
}
