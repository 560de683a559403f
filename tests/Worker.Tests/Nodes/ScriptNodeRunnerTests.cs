using System.Text;
using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Testing;
using Workflows.Worker.Calls;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>Programs that the operator allows: what they get, what they leave, and that nothing of them is left.</summary>
public sealed class ScriptNodeRunnerTests : IDisposable
{
    private static readonly Guid Tenant = Guid.CreateVersion7();

    // Stands in the arguments of every process that a test starts.
    private readonly string _trace = $"trace-{Guid.CreateVersion7():N}";
    private readonly List<ScriptNodeRunner> _runners = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _runners.ForEach(runner => runner.Dispose());

    [Theory]
    [InlineData("cat", """{"a": [1, "\u00FC"]}""", "json", """{"a":[1,"ü"]}""")]
    [InlineData("cat", "null", "json", "null")]
    [InlineData("printf '  7 \\n'", "null", "json", "7")]
    [InlineData("true", "1", "json", "null")]
    [InlineData("printf 'a\\nb\\n'", "1", "text", """
        "a\nb\n"
        """)]
    [InlineData("true", "1", "text", "\"\"")]
    public async Task It_reads_its_input_and_what_it_writes_is_the_output(string script, string input, string output, string expected)
    {
        var result = await RunAsync(Shell(script), input, output);

        Assert.Equal(("main", expected.Trim()), (Success(result).Port, Encoding.UTF8.GetString(Success(result).Output)));
    }

    [Fact]
    public async Task Without_an_input_there_is_nothing_to_read() =>
        Assert.Equal("0", Encoding.UTF8.GetString(Success(await RunAsync(Shell("wc -c"), input: null)).Output));

    [Fact]
    public async Task An_input_that_is_not_read_holds_nothing_up() =>
        Assert.Equal("1", Encoding.UTF8.GetString(Success(await RunAsync(Shell("echo 1"), JsonSerializer.Serialize(new string('x', 900_000)))).Output));

    [Fact]
    public async Task It_sees_of_the_worker_nothing_but_the_path()
    {
        Environment.SetEnvironmentVariable("SCRIPT_TEST_OF_THE_WORKER", "must not be seen");
        var script = new ScriptOptions { Command = "/usr/bin/env", Environment = new Dictionary<string, string> { ["API_KEY"] = "from the operator" } };

        var text = JsonSerializer.Deserialize<string>(Success(await RunAsync(script, "1", "text")).Output)!;

        var variables = text.TrimEnd('\n').Split('\n').Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(
            ["API_KEY", "PATH", "WORKFLOWS_ATTEMPT", "WORKFLOWS_CALL_ID", "WORKFLOWS_EXECUTION_ID", "WORKFLOWS_IDEMPOTENCY_KEY", "WORKFLOWS_NODE_ID", "WORKFLOWS_TENANT_ID", "WORKFLOWS_WORKFLOW_ID"],
            variables.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((Environment.GetEnvironmentVariable("PATH"), Tenant.ToString()), (variables["PATH"], variables["WORKFLOWS_TENANT_ID"]));
        Assert.Equal(Run("{}").IdempotencyKey, variables["WORKFLOWS_IDEMPOTENCY_KEY"]);
    }

    [Fact]
    public async Task No_shell_reads_its_arguments()
    {
        var script = new ScriptOptions { Command = "/bin/echo", Arguments = ["-n", "$(id) `id` $PATH; id", "--help"] };

        Assert.Equal("$(id) `id` $PATH; id --help", JsonSerializer.Deserialize<string>(Success(await RunAsync(script, "1", "text")).Output));
    }

    [Fact]
    public async Task What_the_operator_does_not_allow_is_not_run_whoever_asks()
    {
        var marker = Path.GetTempFileName();
        var touch = new ScriptOptions { Command = "/bin/rm", Arguments = [marker] };

        foreach (var (scripts, name) in new (Dictionary<string, ScriptOptions>, string)[]
        {
            ([], "s"),
            (new() { ["s"] = touch }, "t"),
            (new() { ["s"] = touch with { Tenants = [Guid.CreateVersion7()] } }, "s"),
            (new() { ["s"] = touch with { Tenants = [] } }, "s"),
            (new() { ["s"] = touch }, marker),
        })
        {
            var error = Failure(await RunnerOf(scripts).RunAsync(Call(name, "1"), Token));
            Assert.Equal(("SCRIPT_NOT_ALLOWED", StepErrorKind.Permanent), (error.Code, error.Kind));
        }

        Assert.True(File.Exists(marker));
        Success(await RunnerOf(new() { ["s"] = touch with { Tenants = [Tenant] } }).RunAsync(Call("S", "1"), Token));
        Assert.False(File.Exists(marker));
    }

    [Theory]
    [InlineData("echo out; echo 'no such order' >&2; exit 3", "SCRIPT_FAILED", StepErrorKind.Transient, "ended with 3: no such order")]
    [InlineData("exit 1", "SCRIPT_FAILED", StepErrorKind.Transient, "ended with 1: it wrote nothing")]
    [InlineData("kill -9 $$", "SCRIPT_FAILED", StepErrorKind.Transient, "ended with 137")]
    [InlineData("echo no json", "SCRIPT_OUTPUT_INVALID", StepErrorKind.Permanent, "no JSON")]
    [InlineData("""printf '"\\u0000"'""", "SCRIPT_OUTPUT_INVALID", StepErrorKind.Permanent, "no JSON that can be stored")]
    [InlineData("echo 1 2", "SCRIPT_OUTPUT_INVALID", StepErrorKind.Permanent, "no JSON")]
    [InlineData("yes", "SCRIPT_OUTPUT_TOO_LARGE", StepErrorKind.Permanent, "more than 1000 bytes")]
    public async Task Its_failure_is_data(string script, string code, StepErrorKind kind, string message)
    {
        var error = Failure(await RunAsync(Shell(script) with { MaxOutputBytes = 1_000 }, "1"));

        Assert.Equal((code, kind), (error.Code, error.Kind));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData(1_000, null)]
    [InlineData(1_001, "SCRIPT_OUTPUT_TOO_LARGE")]
    public async Task The_bound_on_its_output_is_exact(int bytes, string? code)
    {
        var result = await RunAsync(Shell($"head -c {bytes} /dev/zero | tr '\\0' x") with { MaxOutputBytes = 1_000 }, "1", "text");

        Assert.Equal(code, (result as NodeResult.Failure)?.Error.Code);
    }

    [Fact]
    public async Task A_program_that_is_not_there_or_may_not_be_run_is_said_so()
    {
        foreach (var command in new[] { "/nowhere/at/all", "/etc/passwd" })
        {
            Assert.Equal("SCRIPT_NOT_STARTED", Failure(await RunAsync(new ScriptOptions { Command = command }, "1")).Code);
        }

        Assert.Equal("SCRIPT_NOT_STARTED", Failure(await RunAsync(Shell("echo 1") with { WorkingDirectory = "/nowhere" }, "1")).Code);
    }

    // Of a value that lies across the cut only the end is left, which no mask would know.
    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task Values_are_masked_in_its_error_also_where_that_is_cut(int times)
    {
        var (operators, authors) = (Value(5_000), Value(4_000));
        var file = await FileAsync(authors);
        var plain = Shell($"for i in $(seq {times}); do printf %s \"$KEY\" >&2; printf %s \"$(cat {file})\" >&2; done; exit 1");
        var script = plain with { Environment = new Dictionary<string, string> { ["KEY"] = operators } };

        var error = Failure(await RunAsync(script, "1", secret: authors));

        var said = error.Message[(error.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..];
        Assert.Matches(@"^(\*\*\*)+$", said);
        Assert.Equal(times == 1, said.Length == 6);
    }

    [Fact]
    public async Task A_long_error_ends_with_what_was_said_last()
    {
        var error = Failure(await RunAsync(Shell("seq 100000 >&2; echo 'the last word' >&2; exit 1"), "1"));

        Assert.EndsWith("100000\nthe last word", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 900, 1_100);
    }

    // A child in the background, one in a group of its own, and one that has left session and parent.
    private string Family => $"sh -c 'sleep 600; : {_trace}' & setsid sh -c 'sleep 600; : {_trace}' & (setsid sh -c 'sleep 600; : {_trace}' >/dev/null 2>&1 &) ;";

    [Fact]
    public async Task When_its_time_is_over_it_ends_with_all_that_it_started()
    {
        var error = Failure(await RunAsync(Shell($"{Family} sleep 600; : {_trace}") with { TimeoutSeconds = 1 }, "1"));

        Assert.Equal(("TIMEOUT", StepErrorKind.Timeout), (error.Code, error.Kind));
        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Who_cancels_it_ends_all_that_it_started()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = RunAsync(Shell($"{Family} sleep 600; : {_trace}"), "1", cancellationToken: cancel.Token);
        await Eventually.TrueAsync(() => Task.FromResult(Traces() >= 4), cancellationToken: Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await AssertNothingIsLeftAsync();
    }

    // Also before it has a session of its own, and before it is there at all.
    [Fact]
    public async Task It_may_be_cancelled_at_any_moment_of_its_start()
    {
        for (var round = 0; round < 40; round++)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
            cancel.CancelAfter(TimeSpan.FromMilliseconds(round / 4));

            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => RunAsync(Shell($"{Family} sleep 600; : {_trace}"), "1", cancellationToken: cancel.Token).WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token));
        }

        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_it_leaves_behind_ends_with_it_and_holds_nothing_up()
    {
        var began = TimeProvider.System.GetTimestamp();

        Assert.Equal("1", Encoding.UTF8.GetString(Success(await RunAsync(Shell($"{Family} echo 1"), "1")).Output));

        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(30));
        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task No_script_outlives_the_worker()
    {
        var runner = RunnerOf(new() { ["s"] = Shell($"{Family} sleep 600; : {_trace}") });
        var running = runner.RunAsync(Call("s", "1"), Token);
        await Eventually.TrueAsync(() => Task.FromResult(Traces() >= 4), cancellationToken: Token);

        runner.Dispose();

        await AssertNothingIsLeftAsync();
        Assert.Equal("SCRIPT_FAILED", Failure(await running).Code);
    }

    [Fact]
    public async Task One_tenants_scripts_leave_room_for_those_of_others()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var runner = RunnerOf(new() { ["long"] = Shell($"sleep 600; : {_trace}"), ["short"] = Shell("echo 1") });
        var flood = Enumerable.Range(0, Limits.ScriptsPerTenant + 3).Select(_ => runner.RunAsync(Call("long", "1"), cancel.Token)).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(Traces() >= Limits.ScriptsPerTenant), cancellationToken: Token);

        var own = runner.RunAsync(Call("short", "1"), cancel.Token);
        Success(await runner.RunAsync(Call("short", "1") with { TenantId = Guid.CreateVersion7() }, Token));

        Assert.False(own.IsCompleted);
        Assert.Equal(Limits.ScriptsPerTenant, Traces());
        await cancel.CancelAsync();
        foreach (var task in flood.Append(own))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }

        await AssertNothingIsLeftAsync();
        Success(await runner.RunAsync(Call("short", "1"), Token));
    }

    [Theory]
    [InlineData("s", "relative", "", "", 60, 1, "Command")]
    [InlineData("s", "", "", "", 60, 1, "Command")]
    [InlineData("a name", "/bin/true", "", "", 60, 1, "name")]
    [InlineData("s", "/bin/true", "WORKFLOWS_X", "", 60, 1, "Environment:WORKFLOWS_X")]
    [InlineData("s", "/bin/true", "A-B", "", 60, 1, "Environment:A-B")]
    [InlineData("s", "/bin/true", "", "relative", 60, 1, "WorkingDirectory")]
    [InlineData("s", "/bin/true", "", "", 0, 1, "TimeoutSeconds")]
    [InlineData("s", "/bin/true", "", "", 86_401, 1, "TimeoutSeconds")]
    [InlineData("s", "/bin/true", "", "", 60, 0, "MaxOutputBytes")]
    [InlineData("s", "/bin/true", "", "", 60, 1024 * 1024 + 1, "MaxOutputBytes")]
    public void A_script_that_is_described_wrongly_keeps_the_worker_from_starting(
        string name, string command, string variable, string folder, double seconds, int bytes, string problem)
    {
        var script = new ScriptOptions
        {
            Command = command,
            TimeoutSeconds = seconds,
            MaxOutputBytes = bytes,
            WorkingDirectory = folder.Length == 0 ? "/" : folder,
            Environment = variable.Length == 0 ? new Dictionary<string, string>() : new Dictionary<string, string> { [variable] = "x" },
        };

        var thrown = Assert.Throws<InvalidOperationException>(() => new ScriptCatalogue(new WorkerOptions { Scripts = new Dictionary<string, ScriptOptions> { [name] = script } }));

        Assert.Contains(problem, thrown.Message, StringComparison.Ordinal);
    }

    private static ScriptOptions Shell(string script) => new() { Command = "/bin/sh", Arguments = ["-c", script] };

    private static string Value(int length) => string.Concat(Enumerable.Range(0, length).Select(index => (char)('a' + (index * 7 + index / 26) % 26)));

    private static async Task<string> FileAsync(string content)
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, content, Token);
        return path;
    }

    private ScriptNodeRunner RunnerOf(Dictionary<string, ScriptOptions> scripts)
    {
        var runner = new ScriptNodeRunner(new ScriptCatalogue(new WorkerOptions { Scripts = scripts }), TimeProvider.System);
        _runners.Add(runner);
        return runner;
    }

    private Task<NodeResult> RunAsync(
        ScriptOptions script, string? input, string output = "json", string? secret = null, CancellationToken? cancellationToken = null) =>
        RunnerOf(new() { ["s"] = script }).RunAsync(Call("s", input, output) with { Secrets = secret is null ? [] : [secret] }, cancellationToken ?? Token);

    private static NodeCall Call(string name, string? input, string output = "json") =>
        new(Tenant, Run($$"""{"script": "{{name}}", "output": "{{output}}"{{(input is null ? "" : $", \"input\": {input}")}}}"""));

    private static NodeRun Run(string parameters) => WorkerBed.NodeRun("script", new Guid("01890000-0000-7000-8000-000000000001"), "n", Encoding.UTF8.GetBytes(parameters));

    private static NodeResult.Success Success(NodeResult result) =>
        result is NodeResult.Failure failure ? throw new InvalidOperationException(failure.Error.ToString()) : (NodeResult.Success)result;

    private static StepError Failure(NodeResult result) => Assert.IsType<NodeResult.Failure>(result).Error;

    // Zombies have no arguments any more.
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

    // A signal that was sent has been delivered a moment later.
    private Task AssertNothingIsLeftAsync() => Eventually.TrueAsync(() => Task.FromResult(Traces() == 0), TimeSpan.FromSeconds(5), Token, "nothing is left");
}
