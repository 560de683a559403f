using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Events;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>What can be known of expressions is said when a definition is saved, and never of one that was.</summary>
public sealed class ExpressionCheckTests
{
    [Theory]
    [InlineData("{{ $nope(1) }}", "There is no function $nope.", null)]
    [InlineData("{{ $uppercas(input.a) }}", "There is no function $uppercas.", "Did you mean $uppercase?")]
    [InlineData("a {{ $lenght(input.a) }} b", "There is no function $lenght.", "Did you mean $length?")]
    [InlineData("{{ ($total := 1; $totl) }}", "There is no variable $totl here.", "Did you mean $total?")]
    [InlineData("{{ uppercase(input.a) }}", "uppercase is a field here, not a function.", "Did you mean $uppercase?")]
    [InlineData(
        "{{ $substring(input.a, 1, 2, 3) }}",
        "$substring takes 1 to 3 argument(s), not 4.",
        "Write $substring(str, start[, length]).")]
    public void An_unknown_name_in_a_template_is_refused(string text, string message, string? hint)
    {
        var problem = Assert.Single(Refusals(text));

        Assert.Equal("EXPRESSION_INVALID", problem.Code);
        Assert.Equal("/nodes/0/parameters/value/deep/0", problem.Pointer);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(hint ?? "Correct the expression at this position.", problem.Hint);
    }

    [Theory]
    [InlineData("{{ $map(input.a, function($x, $i) { $x & $i }) }}")]
    [InlineData("{{ input.a@$o.b#$i{$string($o.id): $i} }}")]
    [InlineData("{{ (input.a@$o.b).{'x': $o.id} }}")]
    [InlineData("{{ input.a#$i[$i = 0].{'n': $i} }}")]
    [InlineData("{{ [1] ~> $map(?, function($x) { $x })[] }}")]
    [InlineData("{{ ($f := $append(?, 2); input.a ~> $f) }}")]
    [InlineData("{{ ($fact := function($n) { $n < 2 ? 1 : $n * $fact($n - 1) }; $fact(5)) }}")]
    [InlineData("{{ input.a ~> $sum }}")]
    [InlineData("{{ $uppercase() }}")]
    [InlineData("{{ $base64encode(input.a, 'utf-8') & $fromMillis(0, '[H]', 'UTC') }}")]
    [InlineData("{{ $base64decode(input.a, 'utf-8') & $toMillis('2026', '[Y]', 'UTC') }}")]
    [InlineData("{{ input ~> |a|{'b': $string(b)}| }}")]
    public void What_is_bound_is_known(string text) => Assert.Empty(Refusals(text));

    [Fact]
    public void What_was_published_before_goes_on()
    {
        var json = Encoding.UTF8.GetBytes(Definition("{{ $nope(1) }}"));

        Assert.True(CompiledWorkflow.TryCompile(json, out _, out _));
        Assert.False(CompiledWorkflow.TryAccept(json, CustomNodeSet.Empty, out _, out _));
    }

    [Fact]
    public void Rules_and_custom_nodes_are_looked_at_too()
    {
        var rule = Encoding.UTF8.GetBytes(
            """
            {"eventType": "a.b", "actions": [{"type": "emitEvent", "eventType": "c.d", "data": "{{ $nope(event) }}"}]}
            """);
        Assert.False(Rule.TryAccept(rule, out _, out var problems));
        Assert.Contains(problems, problem => problem.Message.Contains("$nope", StringComparison.Ordinal));
        Assert.True(Rule.TryCompile(rule, out _, out _));

        var schema = JsonElement.Parse("""{"type": "object"}"""u8);
        var implementation = JsonElement.Parse(
            """{"type": "http", "url": "https://example.com/{{ $nope(input.id) }}"}"""u8);
        Assert.False(CustomNodeCall.TryAccept(schema, implementation, out _, out problems));
        Assert.Contains(problems, problem => problem.Message.Contains("$nope", StringComparison.Ordinal));
        Assert.True(CustomNodeCall.TryCompile(schema, implementation, out _, out _));
    }

    [Theory]
    [InlineData("k", "Write input.k for a member of the input, or \"'k'\", in quotes, for one key of all.")]
    [InlineData("inptu", "Did you mean 'input'?")]
    public void A_key_that_was_meant_as_text_is_told_how_to_be_one(string key, string hint)
    {
        var settings = $$$""", "settings": {"concurrency": {"limit": 1, "key": "{{{key}}}"} }""";
        var json = Flow.Json(Flow.Noop("n"), "", settings);

        Assert.Equal(hint, Assert.Single(Flow.Problems(json)).Hint);
    }

    [Fact]
    public void A_definition_of_costly_constants_compiles_quickly()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 5_000).Select(
            number => Flow.Set($"n{number}", "\"{{ $pad('', 1000000, 'x') & '1' }}\"")));
        var json = Encoding.UTF8.GetBytes($$"""{"schema": 1, "nodes": [{{nodes}}]}""");
        Assert.True(CompiledWorkflow.TryAccept(
            Encoding.UTF8.GetBytes(Definition("{{ $pad('', 10, 'x') }}")), CustomNodeSet.Empty, out _, out _));
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.True(CompiledWorkflow.TryAccept(json, CustomNodeSet.Empty, out _, out _));

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), clock.Elapsed.ToString());
    }

    [Theory]
    [InlineData("{\"schema\": 1, \"nodes\": [],}")]
    [InlineData("{\"schema\": 1 \"nodes\"}")]
    [InlineData("{\"schema\": 1")]
    [InlineData("{\"schema\": 1, \"schema\": 1}")]
    public void What_is_no_json_is_said_in_one_sentence(string json)
    {
        var message = Assert.Single(Flow.Problems(json)).Message;

        Assert.DoesNotContain("..", message, StringComparison.Ordinal);
        Assert.DoesNotContain("reader", message, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<DefinitionProblem> Refusals(string text)
    {
        CompiledWorkflow.TryAccept(
            Encoding.UTF8.GetBytes(Definition(text)), CustomNodeSet.Empty, out _, out var problems);
        return problems;
    }

    private static string Definition(string text) =>
        Flow.Json(Flow.Set("n", $$"""{"deep": [{{JsonSerializer.Serialize(text)}}]}"""));
}
