using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Script nodes in executions of real workers: off by default, masked, and gone with what wanted them.</summary>
public sealed class ScriptTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly string _trace = $"trace-{Guid.CreateVersion7():N}";
    private readonly string _ledger = Path.GetTempFileName();
    private WorkerBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await WorkerBed.CreateAsync(server, redis: null);

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        File.Delete(_ledger);
    }

    [Fact]
    public async Task Without_configuration_no_script_is_run_and_none_is_tried_again()
    {
        await _bed.StartWorkerAsync();
        var execution = await _bed.StartAsync(await _bed.PublishAsync(Node(""", "retry": {"maxAttempts": 3}""")));

        Assert.Equal(("failed", "SCRIPT_NOT_ALLOWED"), await _bed.EndOfAsync(execution, Soon));
        Assert.Equal(["run/1 failed"], await _bed.StepsOfAsync(execution));
    }

    [Fact]
    public async Task Its_output_is_the_steps_and_secrets_are_in_no_row()
    {
        await _bed.AddSecretAsync("TOKEN", "the-secret-token");
        await StartWorkerAsync("cat; printf 'warning %s' \"$KEY\" >&2");
        var execution = await _bed.StartAsync(
            await _bed.PublishAsync(Node("", """{"n": "{{ input.n + 1 }}", "token": "{{ secrets.TOKEN }}"}"""), "", """, "output": "{{ steps.run.output }}" """), """{"n": 1}""");

        Assert.Equal(("completed", """{"n": 2, "token": "***"}"""), await _bed.EndOfAsync(execution, Soon));
        Assert.Equal(
            ["""warning run The script 'tool' wrote to its standard error: warning *** {"script": "tool"}"""],
            await _bed.ListAsync("select concat_ws(' ', level, node_id, message, metadata) from execution_logs "
                + "where execution_id = $1", execution));
    }

    [Fact]
    public async Task Secrets_in_its_error_are_in_no_row_and_retries_are_the_nodes()
    {
        await _bed.AddSecretAsync("TOKEN", "the-secret-token");
        await StartWorkerAsync("echo \"$WORKFLOWS_IDEMPOTENCY_KEY\" >> \"$LEDGER\"; cat >&2; echo \" $KEY\" >&2; exit 4");
        var execution = await _bed.StartAsync(
            await _bed.PublishAsync(Node(""", "retry": {"maxAttempts": 2, "initialDelaySeconds": 0.01}""", """{"token": "{{ secrets.TOKEN }}"}""")));

        Assert.Equal(("failed", "SCRIPT_FAILED"), await _bed.EndOfAsync(execution, Soon));
        Assert.Equal(
            """The script 'tool' ended with 4: {"token":"***"} ***""", await _bed.ScalarAsync<string>("select error ->> 'message' from executions where id = $1", execution));
        Assert.Equal(2, (await File.ReadAllLinesAsync(_ledger, Token)).Length);
        Assert.Single((await File.ReadAllLinesAsync(_ledger, Token)).Distinct());
    }

    [Fact]
    public async Task Cancelling_the_execution_ends_it()
    {
        await StartWorkerAsync($"sh -c 'sleep 600; : {_trace}' & sleep 600; : {_trace}");
        var execution = await _bed.StartAsync(await _bed.PublishAsync(Node()));
        await Eventually.TrueAsync(() => Task.FromResult(Traces() == 2), Soon, Token);

        await _bed.CancelAsync(execution);

        await _bed.UntilAsync(execution, "cancelled", Soon);
        await Eventually.TrueAsync(() => Task.FromResult(Traces() == 0), Soon, Token);
    }

    // The grace is over: the script ends with the worker, and the next worker runs it again under the same key.
    [Fact]
    public async Task A_worker_that_stops_takes_its_scripts_along_and_hands_the_step_on()
    {
        var script = $"echo \"$WORKFLOWS_IDEMPOTENCY_KEY\" >> \"$LEDGER\"; [ $(wc -l < \"$LEDGER\") -gt 1 ] || (setsid sh -c 'sleep 600; : {_trace}'; : {_trace}); echo 7";
        var first = await StartWorkerAsync(script, stopGraceSeconds: 0.2);
        var execution = await _bed.StartAsync(await _bed.PublishAsync(Node(), "", """, "output": "{{ steps.run.output }}" """));
        await Eventually.TrueAsync(() => Task.FromResult(Traces() > 0), Soon, Token);

        await first.StopAsync();

        Assert.Equal((0, 0), (first.ExitCode, Traces()));
        await StartWorkerAsync(script);
        Assert.Equal(("completed", "7"), await _bed.EndOfAsync(execution, Soon));
        var keys = await File.ReadAllLinesAsync(_ledger, Token);
        Assert.Equal((2, 1), (keys.Length, keys.Distinct().Count()));
    }

    [Fact]
    public async Task A_worker_with_a_script_that_is_described_wrongly_does_not_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => _bed.StartWorkerAsync(settings: [("Worker__Scripts__tool__Command", "tool")]));

        Assert.Contains("Worker:Scripts:tool: Command must be an absolute path", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_worker_was_told_is_hidden_from_its_scripts()
    {
        const string Script = """
            read_environment() { tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null; }
            sees() { if read_environment "$1" | grep -q "=.*$SOUGHT"; then echo true; else echo false; fi; }
            echo "{\"own\": $(sees $$), \"worker\": $(sees $PPID)}"
            """;
        await StartWorkerAsync(Script, more: ("Worker__Scripts__tool__Environment__SOUGHT", WorkerBed.Password));
        var execution = await _bed.StartAsync(
            await _bed.PublishAsync(Node(), "", """, "output": "{{ steps.run.output }}" """));

        Assert.Equal(("completed", """{"own": true, "worker": false}"""), await _bed.EndOfAsync(execution, Soon));
    }

    private Task<WorkerProcess> StartWorkerAsync(
        string script, double stopGraceSeconds = 10, params (string Name,
            string Value)[] more) => _bed.StartWorkerAsync(
        stopGraceSeconds: stopGraceSeconds,
        settings:
        [
            ("Worker__Scripts__tool__Command", "/bin/sh"),
            ("Worker__Scripts__tool__Arguments__0", "-c"),
            ("Worker__Scripts__tool__Arguments__1", script),
            ("Worker__Scripts__tool__Environment__KEY", "key-of-the-operator"),
            ("Worker__Scripts__tool__Environment__LEDGER", _ledger),
            ("Worker__Scripts__tool__Tenants__0", _bed.TenantId.ToString()),
            .. more,
        ]);

    private static string Node(string more = "", string input = "1") => $$$"""{"id": "run", "type": "script", "parameters": {"script": "tool", "input": {{{input}}}}{{{more}}} }""";

    // The script itself shows it among its arguments; the worker has it in its environment only.
    private int Traces() => Directory.EnumerateDirectories("/proc").Count(folder =>
    {
        try
        {
            return char.IsAsciiDigit(Path.GetFileName(folder)[0]) && File.ReadAllText(folder + "/cmdline").Contains(_trace, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it has ended
        }
    });
}
