namespace Workflows.Jsonata.Tests.Analysis;

public sealed class AnalysisTests
{
    [Theory]
    [InlineData("steps.charge.output.id", "steps.charge.output.id")]
    [InlineData("input.total > 100 and input.country = 'DE'", "input.total;input.country")]
    [InlineData("steps.a.output[price > 1].sku", "steps.a.output.sku;steps.a.output.price")]
    [InlineData("input.lines.(price * quantity)", "input.lines;input.lines.price;input.lines.quantity")]
    [InlineData("$sum(input.lines.price)", "input.lines.price")]
    [InlineData("$$.input.a", "input.a")]
    [InlineData("$.input.a", "$;input.a")]
    [InlineData("$", "$")]
    [InlineData("{'a': input.b}", "input.b")]
    [InlineData("input.**.x", "input")]
    [InlineData("$f(1)", "")]
    [InlineData("steps.`my step`.output", "steps.my step.output")]
    [InlineData("input@$i.steps.a", "input;steps.a")]
    public void References_are_the_fields_of_the_input(string expression, string expected)
    {
        var references = JsonataExpression.Parse(expression).References;

        Assert.Equal(expected, string.Join(';', references.Select(reference => reference.ToString())));
    }

    [Theory]
    [InlineData("1 + 2", true)]
    [InlineData("$uppercase('a')", true)]
    [InlineData("[1..3].($ * 2)", false)]
    [InlineData("($x := 1; $x + 1)", true)]
    [InlineData("a", false)]
    [InlineData("$now()", false)]
    [InlineData("$uppercase()", false)]
    [InlineData("$x", false)]
    [InlineData("$random()", false)]
    [InlineData("$eval('1')", false)]
    public void Constant_is_what_depends_on_nothing(string expression, bool expected) =>
        Assert.Equal(expected, JsonataExpression.Parse(expression).IsConstant);

    [Theory]
    [InlineData("$upercase(a)", "unknown_function", "Did you mean $uppercase?")]
    [InlineData("uppercase(a)", "unknown_function", "Did you mean $uppercase?")]
    [InlineData("$substring()", "wrong_argument_count", "$substring(str, start[, length])")]
    [InlineData("$sum(1, 2)", "wrong_argument_count", "$sum(array)")]
    [InlineData("'a' ~> $substring(1, 2, 3)", "wrong_argument_count", "$substring(str, start[, length])")]
    [InlineData("$secret.x", "unknown_variable", "Did you mean $secrets?")]
    public void Check_finds_what_cannot_be_right(string expression, string code, string suggestion)
    {
        var problem = Assert.Single(JsonataExpression.Parse(expression).Check(["secrets"]));

        Assert.Equal((code, suggestion), (problem.Code, problem.Suggestion));
    }

    [Theory]
    [InlineData("($f := function($x){$x + $y}; $y := 1; $f(1))")]
    [InlineData("a@$i#$j.($i & $j)")]
    [InlineData("$secrets.key")]
    [InlineData("'a' ~> $substring(1)")]
    [InlineData("a.$uppercase()")]
    [InlineData("$zip(a, b, c)")]
    [InlineData("$map(a, $string)")]
    public void Check_accepts_what_is_right(string expression) =>
        Assert.Empty(JsonataExpression.Parse(expression).Check(["secrets"]));

    [Fact]
    public void Every_function_is_described()
    {
        Assert.True(JsonataFunctions.All.Count >= 60);
        Assert.All(JsonataFunctions.All, function =>
        {
            Assert.StartsWith("$" + function.Name + "(", function.Signature, StringComparison.Ordinal);
            Assert.EndsWith(".", function.Summary, StringComparison.Ordinal);
            Assert.True(function.MinArguments <= function.MaxArguments);
        });
    }

    [Theory]
    [InlineData("1 + ", "S0207", 4, 4)]
    [InlineData("a b", "S0201", 2, 3)]
    [InlineData("[1, 2", "S0203", 5, 5)]
    [InlineData("1 + \"abc", "S0101", 8, 8)]
    [InlineData("a ! b", "S0204", 2, 3)]
    [InlineData("x := 5", "S0212", 0, 1)]
    public void Parse_errors_mark_their_place(string expression, string code, int start, int position)
    {
        Assert.False(JsonataExpression.TryParse(expression, out _, out var error));

        Assert.Equal((code, start, position), (error.Code, error.Start, error.Position));
    }
}
