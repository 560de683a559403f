using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// What it costs to look at an execution of 100,000 rounds, by the blocks of 8 KB that PostgreSQL touches under the
/// role of
/// the API: a page follows from what it shows, the figures of the nodes from one reading of the steps.
/// </summary>
public sealed partial class RunReadTests(PostgresServer server) : IAsyncLifetime
{
    private const int Rounds = 100_000;

    /// <summary>A page of 100 steps, and the way to it.</summary>
    private const int FewBlocks = 250;

    private readonly Guid _execution = Guid.CreateVersion7();
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        foreach (var (id, rounds) in new[] { (Guid.CreateVersion7(), Rounds / 10), (_execution, Rounds) })
        {
            await _stack.ExecuteAsync(
                """
                insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence, node_type,
                  status,
                  output, error, started_at, finished_at)
                select $1, $2, 'n', n::text, 1, n + 1, 'http', case when n % 20000 = 7 then 'failed' else 'completed'
                  end,
                  jsonb_build_object('n', n), case when n % 20000 = 7 then '{"code": "E"}'::jsonb end,
                  now(), now() + n % 100 * interval '1 ms'
                from generate_series(0, $3 - 1) n
                """, _tenant.Id, id, rounds);
        }

        await _stack.ExecuteAsync("analyze step_executions");
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Theory]
    [InlineData("StepQueries", "LaterStepsSql", "1000, null, null, 101", 101, FewBlocks)]
    [InlineData("StepQueries", "LaterStepsSql", "90000, null, null, 101", 101, FewBlocks)]
    [InlineData("NodeQueries", "NextFailedSql", "'n', null", 1, FewBlocks)]
    [InlineData("NodeQueries", "NextFailedSql", "'n', '{50000}'", 1, FewBlocks)]
    [InlineData("StepQueries", "StepValueSql", "'n', '77777', null, 'output'", 1, 20)]
    [InlineData("StepQueries", "FirstStepsSql", "0, null, null, 101", 101, 6_000)]
    [InlineData("StepQueries", "NodeStepsSql", "50000, null, null, 101, 'n'", 101, 6_000)]
    [InlineData("NodeQueries", "NodesSql", "", 1, 25_000)]
    public async Task A_look_at_a_hundred_thousand_rounds_touches_what_it_must(
        string type, string name, string arguments, int rows, int blocks)
    {
        var plan = await ExplainAsync(type, name, arguments);

        TestContext.Current.TestOutputHelper?.WriteLine(plan);
        Assert.Equal(rows, Number(RowsOfPlan().Match(plan)));
        var touched = BlocksTouched().Match(plan).Groups.Values.Skip(1).Where(group => group.Success)
            .Sum(group => int.Parse(group.Value, CultureInfo.InvariantCulture));
        Assert.True(touched <= blocks, $"{touched} blocks\n{plan}");
    }

    private async Task<string> ExplainAsync(string type, string name, string arguments)
    {
        var sql = (string)typeof(WorkflowsDatabase).Assembly.GetTypes().Single(known => known.Name == type)
            .GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()!;
        await using var connection = await _stack.Api.HotPath.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await RunAsync(connection, $"select set_config('app.tenant_id', '{_tenant.Id}', true)");
        await RunAsync(connection, $"prepare look as {sql}");
        var all = $"'{_tenant.Id}', '{_execution}'{(arguments.Length == 0 ? "" : $", {arguments}")}";
        var plan = await RunAsync(connection, $"explain (analyze, buffers, costs off) execute look ({all})");
        await RunAsync(connection, "deallocate look");
        return plan;
    }

    private static async Task<string> RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // constants of the stores and of these tests
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(Token);
        var lines = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            lines.Add(reader.GetValue(0).ToString()!);
        }

        return string.Join('\n', lines);
    }

    private static int Number(Match match) => (int)double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?")]
    private static partial Regex BlocksTouched();

    [GeneratedRegex(@"rows=([\d.]+)")]
    private static partial Regex RowsOfPlan();
}
