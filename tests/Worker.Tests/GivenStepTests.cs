using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Reruns as the API leaves them: with given answers, and with all rounds of a loop but one.</summary>
public sealed class GivenStepTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private WorkerBed _bed = null!;
    private TargetServer _target = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await WorkerBed.CreateAsync(server, redis: null);
        _target = await TargetServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task A_given_answer_is_taken_for_the_nodes_own_and_only_the_missing_round_runs()
    {
        var workflow = await _bed.PublishAsync(
            $$$"""
            {"id": "first", "type": "http", "parameters": {"url": "{{{_target.Url("/first")}}}"} },
            {"id": "each", "type": "forEach", "parameters": {"items": "{{ [10, 20, 30] }}"}, "body": {
              "nodes": [
                {"id": "get", "type": "http", "parameters": {"url": "{{{_target.Url("/get")}}}"} },
                {"id": "pay", "type": "http",
                    "parameters": {"url": "{{{_target.Url("/pay")}}}/{{ item }}/{{ steps.get.output }}"} }],
              "edges": [{"from": "get", "to": "pay"}], "output": "{{ steps.get.output }}"} },
            {"id": "end", "type": "set",
                "parameters": {"value": "{{ steps.first.output & $join(steps.each.output.results) }}"} }
            """,
            "first>each, each>end");
        var id = Guid.CreateVersion7();
        await _bed.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at, fence)
            values ($1, $2, $3, 1, 'manual', '{}', now(), 1)
            """, _bed.TenantId, id, workflow);
        (string Node, string Iteration, string Output, string? Origin)[] steps =
        [
            ("first", "", "\"F\"", "overridden"), ("get", "0", "\"a\"", null), ("pay", "0", "1", null),
            ("get", "1", "\"given\"", "overridden"), ("get", "2", "\"c\"", null), ("pay", "2", "1", null),
        ];
        for (var index = 0; index < steps.Length; index++)
        {
            await _bed.ExecuteAsync(
                """
                insert into step_executions (tenant_id, execution_id, node_id, iteration, attempt, sequence,
                    node_type, status,
                  port, output, input, started_at, finished_at)
                values ($1, $2, $3, $4, 1, $5, 'http', 'completed', 'main', $6::jsonb,
                  case when $7 <> '' then jsonb_build_object('origin', $7) end, now(), now())
                """,
                _bed.TenantId, id, steps[index].Node, steps[index].Iteration, index + 1, steps[index].Output,
                steps[index].Origin ?? "");
        }

        await _bed.StartWorkerAsync();

        Assert.Equal(("completed", "\"Fagivenc\""), await _bed.EndOfAsync(id, Soon));
        Assert.Equal(["/pay/20/given"], _target.Calls.Select(call => call.Path));
    }

    [Fact]
    public async Task A_log_node_leaves_its_line_once_with_secrets_masked_and_what_is_too_large_cut()
    {
        await _bed.AddSecretAsync("TOKEN", "hush-hush");
        var worker = await _bed.StartWorkerAsync();
        var workflow = await _bed.PublishAsync(
            $$$"""
            {"id": "a", "type": "log", "parameters": {"level": "warning",
                "message": "Order {{ input.n }} {{ input.text }}", "data": {"n": "{{ input.n }}", "list": [1]} } },
            {"id": "b", "type": "log", "parameters": {"message": "{{ $pad('', 3000, 'x') }}",
                "data": {"big": "{{ $pad('', 9000, 'y') }}"} } },
            {"id": "use", "type": "http", "parameters": {"url": "{{{_target.Url("/use")}}}",
                "headers": {"x-token": "{{ secrets.TOKEN }}"} } },
            {"id": "each", "type": "forEach", "parameters": {"items": "{{ [1..1200] }}"}, "body": {
              "nodes": [{"id": "many", "type": "log", "parameters": {"level": "debug", "message": "n" } }],
                  "edges": []} }
            """,
            "a>b, b>use, use>each");

        var id = await _bed.StartAsync(workflow, """{"n": 7, "text": "hush-hush"}""");

        Assert.Equal("completed", (await _bed.EndOfAsync(id, TimeSpan.FromSeconds(60))).Status);
        Assert.Equal(
            ["""a warning Order 7 *** {"n": 7, "list": [1]}""", """b info 1000 {"bytes": 9010, "truncated": true}"""],
            await _bed.ListAsync(
                """
                select concat_ws(' ', node_id, level,
                    case when length(message) > 100 then length(message)::text else message end, metadata)
                from execution_logs where execution_id = $1 and node_id in ('a', 'b') order by node_id
                """, id));
        Assert.True(await _bed.ScalarAsync<bool>(
            "select count(*) <= 1000 from execution_logs where execution_id = $1", id));
        Assert.True(await _bed.ScalarAsync<bool>("select count(*) > 900 from execution_logs where execution_id = $1",
            id));
        Assert.NotNull(worker);
    }
}
