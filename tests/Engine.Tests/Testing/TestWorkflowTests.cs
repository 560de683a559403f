using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Engine.Testing;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Testing;

/// <summary>What a test executes of a workflow, and what stands in for the rest.</summary>
public sealed class TestWorkflowTests
{
    private const string Http =
        """{"id": "call", "type": "http", "parameters": {"url": "https://x.example/{{ input.id }}"}}""";

    private readonly StepInputs _inputs = new();

    [Fact]
    public void Without_effects_a_node_with_one_answers_as_its_type_does_and_is_not_run()
    {
        var driver = Start(
            $"{Http}, {Flow.Set("after", "\"{{ steps.call.output.status }}\"")}", "call>after", new TestPlan());

        Assert.Equal("call:main after:main", driver.Story);
        Assert.Equal("200", driver.OutputOf("after"));
        Assert.Empty(driver.Runs);
        Assert.Equal("mocked", Origin("call"));
        Assert.Null(Origin("after"));
    }

    [Fact]
    public void With_effects_it_is_run_as_in_any_execution_and_leaves_what_it_ran_on()
    {
        var driver = Start(Http, "", new TestPlan { Effects = true }, """{"id": 7}""");

        Assert.Equal("http", driver.Run("call").Type);
        driver.Succeed("call", """{"status": 204}""");

        Assert.Equal("""{"status": 204}""", driver.OutputOf("call"));
        Assert.Equal("https://x.example/7", Input("call").GetProperty("parameters").GetProperty("url").GetString());
    }

    [Fact]
    public void A_pin_stands_in_for_any_node_and_chooses_the_way()
    {
        var nodes = $"{Flow.If("which", "$error('never')")}, {Flow.Noop("yes")}, {Flow.Noop("no")}";

        var driver = Start(nodes, "which.true>yes, which.false>no", Pinned(("which", "false")));

        Assert.Equal("which:false no:main", driver.Story);
        Assert.Equal("pinned", Origin("which"));
        var other = Start(nodes, "which.true>yes, which.false>no", Pinned(("which", "true")));
        Assert.Equal("which:true yes:main", other.Story);
    }

    [Fact]
    public void A_pinned_loop_runs_no_round()
    {
        var driver = Start(
            Flow.ForEach("l", "[1, 2]", Flow.Noop("n")) + ", "
                + Flow.Set("after", "\"{{ steps.l.output.results[1] }}\""),
            "l>after",
            Pinned(("l", """{"results": [5, 6]}""")));

        Assert.Equal("l:main after:main", driver.Story);
        Assert.Equal("6", driver.OutputOf("after"));
    }

    [Fact]
    public void Up_to_a_node_nothing_beside_or_behind_it_starts_and_its_output_is_the_result()
    {
        var driver = Start(
            $"{Flow.Set("a", "1")}, {Flow.Set("b", "\"{{ steps.a.output + 1 }}\"")}, "
                + $"{Flow.Noop("beside")}, {Flow.Noop("c")}, {Flow.Noop("lone")}",
            "a>b, a>beside, b>c, beside>c", new TestPlan { UpTo = "b" });

        Assert.Equal("a:main b:main", driver.Story);
        Assert.Equal("2", driver.Output);
    }

    [Fact]
    public void Up_to_a_node_of_a_body_the_loop_runs_and_the_rest_of_the_body_does_not()
    {
        var body = $"{Flow.Set("x", "\"{{ item * 2 }}\"")}, {Flow.Set("y", "1")}";
        var driver = Start(
            Flow.Set("list", "[1, 2]") + ", "
                + $"{Flow.ForEach("l", "steps.list.output", body, "x>y")}, {Flow.Noop("after")}",
            "list>l, l>after", new TestPlan { UpTo = "x" });

        Assert.Equal("list:main x[0]:main x[1]:main l:main", driver.Story);
        Assert.Contains("\"results\":[2,4]", driver.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_one_node_is_executed_whatever_way_leads_to_it()
    {
        var driver = Start(
            $"{Flow.Set("a", "\"{{ $error() }}\"")}, {Flow.If("which", "false")}, "
                + $"{Flow.Set("then", "\"{{ steps.a.output & '!' }}\"")}, {Flow.Noop("else")}",
            "a>which, which.true>then, which.false>else",
            Pinned(("a", "\"pin\""), ("then", "\"not used\"")) with { Only = "then" });

        Assert.Equal("a:main which:true then:main", driver.Story);
        Assert.Equal("\"pin!\"", driver.Output);
        Assert.Equal(["pinned", "mocked", null], new[] { "a", "which", "then" }.Select(Origin));
    }

    [Fact]
    public void Whatever_the_plan_says_nobody_is_asked_nothing_is_published_and_nothing_else_is_started()
    {
        var driver = Start(
            """
            {"id": "ask", "type": "approval", "parameters": {"title": "?", "groups": ["g"]}},
            {"id": "tell", "type": "emitEvent", "parameters": {"type": "t.x", "data": {"n": "{{ input.n }}"}}},
            {"id": "sub", "type": "subworkflow", "parameters": {"workflow": "other"}}
            """,
            "ask.approved>tell, tell>sub", new TestPlan { Effects = true }, """{"n": 3}""");

        Assert.Equal("ask:approved tell:main sub:main", driver.Story);
        Assert.Empty(driver.Published);
        Assert.Empty(driver.Waits);
        Assert.Contains("\"n\":3", driver.OutputOf("tell"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_statement_without_effects_goes_to_the_runner_that_rolls_back()
    {
        const string Sql = """{"id": "q", "type": "sql", "parameters": {"connector": "c", "statement": "select 1"}}""";

        Assert.Equal(TestWorkflow.RolledBackSql, Start(Sql, "", new TestPlan()).Run("q").Type);
        Assert.Equal("sql", Start(Sql, "", new TestPlan { Effects = true }).Run("q").Type);
    }

    [Fact]
    public void A_test_has_a_time_of_its_own_and_never_more()
    {
        Assert.Equal(Limits.TestSeconds, Of(Flow.Noop("n"), "", "", new TestPlan()).Settings.TimeoutSeconds);
        Assert.Equal(9, Of(Flow.Noop("n"), "", """, "settings": {"timeoutSeconds": 9}""",
            new TestPlan()).Settings.TimeoutSeconds);
        Assert.Equal(
            Limits.TestSeconds,
            Of(Flow.Noop("n"), "", """, "settings": {"timeoutSeconds": 99999}""",
                new TestPlan()).Settings.TimeoutSeconds);
    }

    [Fact]
    public void What_a_node_ran_on_has_its_secrets_masked_and_its_errors_named()
    {
        var workflow = Of(
            """
            {"id": "call", "type": "http", "parameters": {
              "url": "https://x.example", "headers": {"authorization": "Bearer {{ secrets.TOKEN }}"}}},
            """
                + Flow.Set("bad", "{\"a\": \"{{ 1 + 'x' }}\"}"),
            "", "", new TestPlan());
        new ExecutionDriver(workflow, change: facts => facts with
        {
            Secrets = new Dictionary<string, string> { ["TOKEN"] = "hush-hush" },
        }).Start();

        var call = Input("call");
        Assert.Equal("Bearer ***",
            call.GetProperty("parameters").GetProperty("headers").GetProperty("authorization").GetString());
        var bad = Input("bad");
        Assert.Equal(JsonValueKind.Null, bad.GetProperty("parameters").GetProperty("value").ValueKind);
        Assert.Equal("/value", bad.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public void Every_type_with_an_outside_effect_is_kept_from_having_it()
    {
        var known = NodeCatalogue.All.Where(type => type.Effect != NodeEffect.Pure).Select(type => type.Name).ToList();
        Assert.True(known.Count > 12, string.Join(' ', known));
        foreach (var type in NodeCatalogue.All.Where(type => type.Effect != NodeEffect.Pure && type.Name != "sql"))
        {
            var sample = Encoding.UTF8.GetString(OutputSamples.Of(type).Span);
            Assert.True(JsonText.FindProblem(Encoding.UTF8.GetBytes(sample)) is null, $"{type.Name}: {sample}");
        }
    }

    [Fact]
    public void A_plan_survives_its_way_through_the_database()
    {
        var plan = Pinned(("a", "{\"x\":[1]}")) with { UpTo = "b", Effects = true };

        var read = TestPlan.Read(plan.ToJson());

        Assert.Equal((plan.UpTo, plan.Only, plan.Effects), (read.UpTo, read.Only, read.Effects));
        Assert.Equal("{\"x\":[1]}", Encoding.UTF8.GetString(Assert.Single(read.Pins).Value.Span));
        Assert.Throws<FormatException>(() => TestPlan.Read("{}"u8.ToArray()));
    }

    private ExecutionDriver Start(string nodes, string edges, TestPlan plan, string input = "{}") =>
        new ExecutionDriver(Of(nodes, edges, "", plan), input).Start();

    private CompiledWorkflow Of(string nodes, string edges, string rest, TestPlan plan) =>
        TestWorkflow.Of(Flow.Compile(nodes, edges, rest), plan, _inputs);

    private static TestPlan Pinned(params (string Node, string Output)[] pins) => new()
    {
        Pins = pins.ToDictionary(pin => pin.Node, pin => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(pin.Output)),
    };

    private string? Origin(string node) => StepInputs.OriginOf(Encoding.UTF8.GetString(_inputs.Take(node, "", 1)!));

    private JsonElement Input(string node) => JsonSerializer.Deserialize<JsonElement>(_inputs.Take(node, "", 1)!);
}
