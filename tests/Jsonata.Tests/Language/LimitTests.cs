using System.Diagnostics;
using System.Text;

namespace Workflows.Jsonata.Tests.Language;

public sealed class LimitTests
{
    [Theory]
    [InlineData("($f := function($x){1 + $f($x)}; $f(1))", "U1001")]
    [InlineData("($f := function(){$map([1], $f)}; $f())", "U1001")]
    [InlineData("($f := function(){$eval('$f()')}; $f())", "U1001")]
    [InlineData("($f := function(){$f()}; $f())", "U1002")]
    [InlineData("$map([1..1000000], function($x){$map([1..1000000], function($y){$y})})", "U1002")]
    [InlineData("$count($filter([1..2000000], function($x){true}))", "U1003")]
    [InlineData("[[1..600000],[1..600000]].$", "U1003")]
    [InlineData("$append([1..600000],[1..600000])", "U1003")]
    [InlineData("$pad('', 100000000)", "U1004")]
    [InlineData("($f := function($s,$n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $f('abc', 60))", "U1004")]
    [InlineData("$map([1..100000], function($x){$pad('', 9000000)})", "U1002")]
    [InlineData("$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(?=(a+)+$)b/)", "U1006")]
    [InlineData("$formatInteger(1, $pad('', 2000, '0'))", "U1007")]
    [InlineData("[1..10000001]", "D2014")]
    public void Crossing_a_limit_ends_with_its_own_code(string expression, string code)
    {
        var clock = Stopwatch.StartNew();

        var error = Assert.Throws<JsonataException>(() => JsonataExpression.Parse(expression).Evaluate(default)).Error;

        Assert.Equal(code, error.Code);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), clock.Elapsed.ToString());
    }

    [Fact]
    public void Each_limit_holds_to_the_last_unit()
    {
        Assert.Equal("U1003", Fails("[1,2,3,4]", new JsonataLimits(MaxSequenceLength: 3)));
        Assert.Equal("[1,2,3]", Evaluate("[1,2,3]", new JsonataLimits(MaxSequenceLength: 3)));
        Assert.Equal("U1004", Fails("a & 'x'", new JsonataLimits(MaxStringLength: 3)));
        Assert.Equal("\"abx\"", Evaluate("b & 'x'", new JsonataLimits(MaxStringLength: 3)));
        Assert.Equal("U1001", Fails("($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(10))", new JsonataLimits(MaxDepth: 10)));
        Assert.Equal("9", Evaluate("($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(9))", new JsonataLimits(MaxDepth: 10)));
        Assert.Equal("U1002", Fails("$sum([1..2000])", new JsonataLimits(MaxSteps: 1_000)));
    }

    [Theory]
    [InlineData("$map([1..1000], function($i){ $pad('', 1000) })")]
    [InlineData("$count([1..10000].{'a': $, 'b': [$, $]})")]
    [InlineData("$reduce([1..100], function($l, $i){ $append($l, [1..1000]) }, [])")]
    [InlineData("[1..20000].($)")]
    [InlineData("[1..20000][$ > 0]")]
    [InlineData("[1..20000]@$x.$x")]
    [InlineData("[1..20000]^(>$)")]
    [InlineData("$merge([1..20000].{$string($): 1})")]
    [InlineData("[1..20000]{$string($): 1}")]
    [InlineData("$split($pad('', 20000), '')")]
    [InlineData("$match($pad('', 20000, 'x'), /x/)")]
    [InlineData("$zip([1..10000], [1..10000])")]
    [InlineData("$spread($merge([1..9000].{$string($): 1}))")]
    [InlineData("[1..20000].function($x){$x}")]
    [InlineData("$map([1..10000], function($x){[$x]})")]
    [InlineData("$map([1..200], function($i){ big & '' })")]
    [InlineData("[1..200]{$string($) & $$.big: 1}")]
    [InlineData("$sort([1..200].$$.big)")]
    [InlineData("$distinct([1..200].$$.big)")]
    [InlineData("$match(big, /((((x+))))/)")]
    public void What_is_built_is_limited_in_bytes(string expression)
    {
        var input = JsonataValue.FromJson(Encoding.UTF8.GetBytes("{\"big\":\"" + new string('x', 60_000) + "\"}"));
        var limits = new JsonataLimits(MaxBytes: 400_000);

        var error = Assert.Throws<JsonataException>(() =>
            JsonataExpression.Parse(expression).Evaluate(input, new JsonataOptions { Limits = limits })).Error;

        Assert.Equal("U1009", error.Code);
    }

    [Theory]
    [InlineData("$map([1..20000], function($i){ $length($$.big) })")]
    [InlineData("$map([1..20000], function($i){ $contains($$.big, 'y') })")]
    [InlineData("$map([1..20000], function($i){ $$.big < $$.big })")]
    [InlineData("$map([1..20000], function($i){ $$.big = $$.other })")]
    [InlineData("$map([1..20000], function($i){ $contains($$.big, /y/) })")]
    public void Reading_long_texts_costs_steps(string expression)
    {
        var text = new string('x', 500_000);
        var input = JsonataValue.FromJson(Encoding.UTF8.GetBytes($$"""{"big":"{{text}}","other":"{{text}}"}"""));
        var options = new JsonataOptions { Limits = new JsonataLimits(MaxSteps: 1_000_000) };

        var error =
            Assert.Throws<JsonataException>(() => JsonataExpression.Parse(expression).Evaluate(input, options)).Error;

        Assert.Equal("U1002", error.Code);
    }

    [Fact]
    public void Matches_of_one_evaluation_share_a_time()
    {
        var clock = Stopwatch.StartNew();
        var slow = "$map([1..1000], function($i){ $contains($$.text, /^(?=(a+)+$)b/) })";
        var input = JsonataValue.FromJson("""{"text":"aaaaaaaaaaaaaaaaa!"}"""u8.ToArray());
        var options = new JsonataOptions { Limits = new JsonataLimits(RegexTimeoutMilliseconds: 50) };

        var error = Assert.Throws<JsonataException>(() => JsonataExpression.Parse(slow).Evaluate(input, options)).Error;

        Assert.Equal("U1006", error.Code);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), clock.Elapsed.ToString());
    }

    [Fact]
    public void Output_is_limited_when_it_is_written()
    {
        var value = JsonataExpression.Parse("[1..1000]").Evaluate(default);

        Assert.Throws<JsonataException>(() => value.ToUtf8Json(new JsonataLimits(MaxOutputBytes: 100)));
        Assert.Equal(3_894, value.ToUtf8Json(new JsonataLimits(MaxOutputBytes: 4_000)).Length);
    }

    [Fact]
    public void Cancellation_ends_an_evaluation()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var options = new JsonataOptions { CancellationToken = cancelled.Token };

        Assert.Throws<OperationCanceledException>(() => JsonataExpression.Parse("$sum([1..5000])").Evaluate(default, options));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("{'a':", "}")]
    [InlineData("-(", ")")]
    [InlineData("$f(", ")")]
    [InlineData("function(){", "}")]
    [InlineData("a[", "]")]
    [InlineData("1?", "")]
    public void Deep_nesting_is_an_error_and_no_crash(string open, string close)
    {
        var builder = new StringBuilder();
        for (var i = 0; i < 20_000; i++)
        {
            builder.Append(open);
        }

        var source = builder.Append('1').Append(string.Concat(Enumerable.Repeat(close, 20_000))).ToString();

        Assert.False(JsonataExpression.TryParse(source, out _, out var error));
        Assert.True(error.Code is "S0901" or "S0902", error.Code);
    }

    [Theory]
    [InlineData("1", "+1")]
    [InlineData("a", "&a")]
    [InlineData("a", " and a")]
    [InlineData("a", "~>a")]
    [InlineData("a", "[0]")]
    [InlineData("a", ".a")]
    [InlineData("a", "(1)")]
    [InlineData("a", "@$x.a")]
    [InlineData("a", ".%")]
    [InlineData("$a:=1", ";$a:=2")]
    public void Long_chains_end_quickly_one_way_or_the_other(string start, string repeated)
    {
        var source = "(" + start + string.Concat(Enumerable.Repeat(repeated, 150_000 / repeated.Length)) + ")";
        var clock = Stopwatch.StartNew();

        if (JsonataExpression.TryParse(source, out var expression, out _))
        {
            Assert.NotNull(expression.References);
            try
            {
                expression.Evaluate(JsonataValue.FromJson("""{"a":{"a":1}}"""u8.ToArray()));
            }
            catch (JsonataException)
            {
                // Any outcome will do that is one.
            }
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), clock.Elapsed.ToString());
    }

    [Theory]
    [InlineData(250, null)]
    [InlineData(900, null)]
    [InlineData(5_000, "U1010")]
    public void Deeply_nested_input_is_walked_or_refused(int depth, string? code)
    {
        var json = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat("{\"a\":[", depth / 2)) + "1" + string.Concat(Enumerable.Repeat("]}", depth / 2)));
        foreach (var source in new[] { "**", "$string($)", "$ = $", "$clone($)", "$ ~> |**[a]|{}|", "$distinct([$,$])", "$keys($)", "$boolean($)", "a.a.a" })
        {
            var input = JsonataValue.FromJson(json);
            if (code is null)
            {
                Assert.NotEqual(JsonataKind.Function, JsonataExpression.Parse(source).Evaluate(input).Kind);
            }
            else
            {
                Assert.Equal(code, Assert.Throws<JsonataException>(() => JsonataExpression.Parse(source).Evaluate(input)).Error.Code);
            }
        }
    }

    [Fact]
    public void A_small_stack_is_respected()
    {
        var expression = JsonataExpression.Parse("($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(100000))");
        string? code = null;
        var thread = new Thread(
            () => code = Assert.Throws<JsonataException>(() => expression.Evaluate(
                default, new JsonataOptions { Limits = new JsonataLimits(MaxDepth: int.MaxValue) })).Error.Code,
            256 * 1024);
        thread.Start();
        thread.Join();

        Assert.Equal("U1001", code);
    }

    private static readonly JsonataValue Input = JsonataValue.FromJson("""{"a":"abc","b":"ab"}"""u8.ToArray());

    private static string Evaluate(string expression, JsonataLimits limits) =>
        JsonataExpression.Parse(expression).Evaluate(Input, new JsonataOptions { Limits = limits }).ToString();

    private static string Fails(string expression, JsonataLimits limits) =>
        Assert.Throws<JsonataException>(() => Evaluate(expression, limits)).Error.Code;
}
