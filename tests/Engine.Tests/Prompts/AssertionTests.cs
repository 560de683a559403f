using System.Diagnostics;
using System.Text.Json;
using Workflows.Engine.Prompts;

namespace Workflows.Engine.Tests.Prompts;

public sealed class AssertionTests
{
    private static readonly TestedAnswer Answer = new("""{"n": 5, "word": "Yes"}""", 120, 0.01m);

    [Theory]
    [InlineData("equals", """{"n": 5, "word": "Yes"} """, true)]
    [InlineData("equals", "Yes", false)]
    [InlineData("contains", "Yes", true)]
    [InlineData("contains", "yes", false)]
    [InlineData("notContains", "No", true)]
    [InlineData("notContains", "Yes", false)]
    [InlineData("regex", "\"n\": \\d", true)]
    [InlineData("regex", "^n$", false)]
    [InlineData("jsonata", "data.n = 5 and latencyMs < 200", true)]
    [InlineData("jsonata", "$contains(output, 'No')", false)]
    [InlineData("jsonata", "data.n", false)]
    [InlineData("jsonata", "$error('x')", false)]
    public void A_text_is_judged(string type, string value, bool passes)
    {
        var assertion = new PromptAssertion(type, value);

        Assert.Empty(Check(assertion));
        var outcome = PromptAssertions.Evaluate(assertion, Answer)!;
        Assert.Equal(passes, outcome.Passed);
        Assert.Equal(passes, outcome.Message is null);
    }

    [Theory]
    [InlineData("""{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}""", true)]
    [InlineData("""{"type": "object", "properties": {"n": {"type": "string"}}}""", false)]
    public void A_schema_is_held_against_the_answer(string schema, bool passes) => Assert.Equal(
        passes,
        PromptAssertions.Evaluate(new PromptAssertion("jsonSchema", Schema: JsonElement.Parse(schema)),
            Answer)!.Passed);

    [Theory]
    [InlineData("maxLatencyMs", 120, true)]
    [InlineData("maxLatencyMs", 119, false)]
    [InlineData("maxCostUsd", 0.01, true)]
    [InlineData("maxCostUsd", 0.009, false)]
    public void A_bound_holds_or_not(string type, double limit, bool passes) =>
        Assert.Equal(passes, PromptAssertions.Evaluate(new PromptAssertion(type, Limit: limit), Answer)!.Passed);

    [Fact]
    public void What_asks_a_model_is_left_to_others()
    {
        Assert.Null(PromptAssertions.Evaluate(new PromptAssertion("judge", "Polite?"), Answer));
        Assert.Null(PromptAssertions.Evaluate(new PromptAssertion("similarity", "x"), Answer));
    }

    [Theory]
    [InlineData("moon", "x")]
    [InlineData("equals", "")]
    [InlineData("regex", "(")]
    [InlineData("regex", "(a)\\1")]
    [InlineData("jsonata", "(((")]
    [InlineData("maxCostUsd", null)]
    [InlineData("jsonSchema", null)]
    public void What_cannot_be_judged_is_refused(string type, string? value) =>
        Assert.Equal("/cases/0/assertions/0", Assert.Single(Check(new PromptAssertion(type, value))).Pointer);

    [Fact]
    public void Cases_have_names_of_their_own()
    {
        TestCase[] cases = [Case("a"), Case("a"), Case(" "), Case("b") with { Assertions = [] }, null!];

        Assert.Equal("/cases", Assert.Single(PromptAssertions.Check(cases)).Pointer);
        Assert.Equal(
            ["/cases/1/name", "/cases/2/name", "/cases/3/assertions"],
            PromptAssertions.Check(cases[..4]).Select(problem => problem.Pointer));
        Assert.NotEmpty(PromptAssertions.Check([]));
    }

    [Fact]
    public void An_expression_and_a_pattern_that_are_meant_to_hang_end()
    {
        var began = Stopwatch.GetTimestamp();
        var text = new TestedAnswer(new string('a', 100_000), 1, 0);

        Assert.False(PromptAssertions.Evaluate(new PromptAssertion("regex", "^(a+)+b$"), text)!.Passed);
        Assert.False(PromptAssertions.Evaluate(
            new PromptAssertion("jsonata", "($f := function($n){$f($n + 1)}; $f(1))"), text)!.Passed);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
    }

    private static TestCase Case(string name) =>
        new(name, JsonElement.Parse("{}"), [new PromptAssertion("contains", "x")]);

    private static IReadOnlyList<PromptProblem> Check(PromptAssertion assertion) =>
        PromptAssertions.Check([Case("a") with { Assertions = [assertion] }]);
}
