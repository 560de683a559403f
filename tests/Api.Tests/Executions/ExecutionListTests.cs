using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Executions;
using Workflows.Api.Tests.Host;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tests.Executions;

/// <summary>
/// Every page of the list over 200,000 executions of a tenant among others, under row-level security, by the pages that PostgreSQL touches: what a page costs
/// must follow from what it shows, not from how much history there is.
/// </summary>
public sealed partial class ExecutionListTests(ApiFixture api) : IClassFixture<ApiFixture>, IAsyncLifetime
{
    private const int Rows = 200_000;

    /// <summary>Blocks of 8 KB; a page of 21 rows may lie in 21 of them, each found through an index of a few levels.</summary>
    private const int FewBlocks = 400;

    private static readonly Guid Busy = Guid.Parse("11111111-1111-7111-8111-111111111111");
    private static readonly Guid Rare = Guid.Parse("22222222-2222-7222-8222-222222222222");

    public async ValueTask InitializeAsync()
    {
        if (await api.Host.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", Busy) > 0)
        {
            return;
        }

        // One in a thousand failed, one in five thousand is of each unfinished state, all of them old: the worst case for a walk from the newest on.
        await api.Host.ScalarAsync<long>(
            $$"""
            with done as (
              insert into executions (tenant_id, id, workflow_id, version, trigger_type, correlation_id, input, error, status, lease_owner, queued_at, started_at, finished_at,
                concurrency_key, concurrency_limit)
              select $1, overlay(gen_random_uuid()::text placing left(uuid_at(now() - ({{Rows}} - n) * interval '1 ms')::text, 13) from 1 for 13)::uuid,
                case when n % 10000 = 7 then $3 else $2 end, 1, 'manual', case when n = 500 then 'needle' end, '{}',
                case when s in ('failed', 'timed_out') then '{"code": "E"}'::jsonb end, s, case when s = 'running' then gen_random_uuid() end, now(), now(),
                case when s in ('completed', 'failed', 'cancelled', 'timed_out') then now() end, case when s = 'held' then '' end, case when s = 'held' then 1 end
              from generate_series(1, {{Rows}}) n
              cross join lateral (select case
                when n < 50000 and n % 500 = 1 then 'failed' when n < 50000 and n % 2500 = 2 then 'queued' when n < 50000 and n % 2500 = 3 then 'running'
                when n < 50000 and n % 2500 = 4 then 'waiting' when n < 50000 and n % 2500 = 5 then 'paused' when n < 50000 and n % 2500 = 6 then 'held'
                when n < 50000 and n % 2500 = 8 then 'cancelled' when n < 50000 and n % 2500 = 9 then 'timed_out' else 'completed' end as s) x
              returning 1
            )
            select count(*) from done
            """, api.Host.First.TenantId, Busy, Rare);
        await AddHierarchyAsync();
        await using var connection = new Npgsql.NpgsqlConnection(api.Host.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var analyze = new Npgsql.NpgsqlCommand(
            "vacuum (analyze) executions, step_executions, workflows", connection);
        await analyze.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    public static TheoryData<string, int> Filters => new()
    {
        { "", 21 },
        { "workflow", 20 },
        { "queued", 20 },
        { "running", 20 },
        { "waiting", 20 },
        { "paused", 20 },
        { "held", 20 },
        { "cancelled", 20 },
        { "failed", 21 },
        { "timed_out", 20 },
        { "completed", 21 },
        { "active", 21 },
        { "unsuccessful", 21 },
        { "finished", 21 },
        { "correlation", 1 },
        { "error", 21 },
        { "unresolved", 21 },
        { "time", 21 },
        { "parent", 0 },
        { "several", 21 },
        { "several groups", 21 },
        { "failures of a workflow", 0 },
        { "failures of a job", 0 },
        { "job", 21 },
        { "node", 1 },
        { "session", 0 },
        { "origin", 0 },
    };

    [Theory]
    [MemberData(nameof(Filters))]
    public async Task A_page_reads_few_blocks_however_long_the_history_is(string name, int expected)
    {
        var filter = FilterOf(name);
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        db.TenantId = api.Host.First.TenantId;

        var (rows, blocks, plan) = await ExplainAsync(db, ExecutionList.Page(db, filter, null, 21).CreateDbCommand());

        TestContext.Current.TestOutputHelper?.WriteLine($"{blocks} blocks\n{plan}");
        Assert.True(blocks <= FewBlocks, $"{name}: {blocks} blocks\n{plan}");
        Assert.Equal(expected, rows);
    }

    [Theory]
    [InlineData("active")]
    [InlineData("failed")]
    [InlineData("")]
    public async Task A_total_is_counted_no_further_than_it_is_shown(string name)
    {
        await using var scope = api.Host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<WorkflowsDbContext>();
        db.TenantId = api.Host.First.TenantId;

        var (_, blocks, plan) = await ExplainAsync(db, ExecutionList.All(db, FilterOf(name)).CreateDbCommand());

        Assert.True(blocks <= 2_000, $"{name}: {blocks} blocks\n{plan}");
    }

    // Jobs bear the ids of their only workflow.
    private static Guid JobOf(Guid workflow) => workflow;

    private async Task AddHierarchyAsync()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        await api.Host.ExecuteAsync(
            """
            insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at)
            select j.tenant_id, id.value, j.folder_id, id.value::text, now(), now()
            from jobs j, unnest($2::uuid[]) id (value) where j.id = $1
            """, place.Job.Id, new[] { Busy, Rare });
        await api.Host.ExecuteAsync(
            """
            insert into workflows (tenant_id, id, job_id, name, created_at, updated_at)
            select j.tenant_id, j.id, j.id, j.name, now(), now() from jobs j where j.id = any ($1)
            """, new[] { Busy, Rare });
        await api.Host.ExecuteAsync(
            """
            insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status,
              started_at, finished_at)
            select tenant_id, id, 'pay', 1, 1, 'noop', 'failed', now(), now()
            from executions where workflow_id = $1 and status = 'failed' order by id limit 1
            """, Busy);
    }

    private static ExecutionQuery FilterOf(string name)
    {
        var none = new ExecutionQuery(null, null, null, null, null, null, null, null, null);
        return name switch
        {
            "" => none,
            "workflow" => none with { Workflow = Rare },
            "correlation" => none with { CorrelationId = "needle" },
            "error" => none with { ErrorCode = "E" },
            "unresolved" => none with { Resolved = false },
            "time" => none with { From = TimeProvider.System.GetUtcNow().AddHours(-1), To = TimeProvider.System.GetUtcNow() },
            "parent" => none with { Parent = Guid.CreateVersion7() },
            "several" => none with { Status = "failed,timed_out,cancelled" },
            "several groups" => none with { Status = "active,unsuccessful" },
            "failures of a workflow" => none with { Workflow = Rare, Status = "failed,timed_out" },
            "failures of a job" => none with { Job = JobOf(Rare), Status = "failed,timed_out" },
            "job" => none with { Job = JobOf(Busy) },
            "node" => none with { Node = "pay" },
            "session" => none with { Session = "nobody's" },
            "origin" => none with { ForkedFrom = Guid.CreateVersion7() },
            _ => none with { Status = name },
        };
    }

    private static async Task<(int Rows, long Blocks, string Plan)> ExplainAsync(WorkflowsDbContext db, DbCommand command)
    {
        var token = TestContext.Current.CancellationToken;
        await db.Database.OpenConnectionAsync(token);
        await using var transaction = await db.Database.GetDbConnection().BeginTransactionAsync(token);
        await using (var tenant = db.Database.GetDbConnection().CreateCommand())
        {
            tenant.CommandText = "select set_config('app.tenant_id', @tenant, true)";
            tenant.Parameters.Add(new Npgsql.NpgsqlParameter<string>("tenant", db.TenantId.ToString()!));
            await tenant.ExecuteNonQueryAsync(token);
        }

        command.Transaction = transaction;
#pragma warning disable CA2100 // a constant before the text that EF made
        command.CommandText = "explain (analyze, buffers, costs off, timing off) " + command.CommandText;
#pragma warning restore CA2100
        var lines = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(token))
        {
            while (await reader.ReadAsync(token))
            {
                lines.Add(reader.GetString(0));
            }
        }

        var plan = string.Join('\n', lines);
        var top = BlocksTouched().Match(plan);
        return (
            int.Parse(RowsOfPlan().Match(lines[0]).Groups[1].Value, CultureInfo.InvariantCulture),
            top.Groups.Cast<System.Text.RegularExpressions.Group>().Skip(1).Where(group => group.Success).Sum(group => long.Parse(group.Value, CultureInfo.InvariantCulture)),
            plan);
    }

    [GeneratedRegex(@"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?")]
    private static partial Regex BlocksTouched();

    [GeneratedRegex(@"rows=(\d+)")]
    private static partial Regex RowsOfPlan();
}
