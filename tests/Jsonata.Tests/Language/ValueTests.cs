using System.Text;
using System.Text.Json;

namespace Workflows.Jsonata.Tests.Language;

public sealed class ValueTests
{
    [Theory]
    [InlineData("12345678901234567890123")]
    [InlineData("1.10")]
    [InlineData("1E+2")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"a\":[1.0,{\"b\":null}]}")]
    public void What_passes_through_keeps_its_text(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);

        Assert.Equal(json, Evaluate("$", JsonataValue.FromJson(bytes)));
        Assert.Equal(json, Evaluate("$", JsonataValue.FromElement(JsonDocument.Parse(bytes).RootElement)));
        Assert.Equal("{\"x\":" + json + "}", Evaluate("{'x': $}", JsonataValue.FromJson(bytes)));
    }

    [Fact]
    public void Json_is_parsed_when_it_is_looked_into()
    {
        var broken = JsonataValue.FromJson("{ broken"u8.ToArray());

        Assert.Equal("1", Evaluate("1", broken));
        Assert.Equal("U1010", Assert.Throws<JsonataException>(() => Evaluate("a", broken)).Error.Code);
    }

    [Fact]
    public void A_virtual_object_is_asked_only_for_what_is_named()
    {
        var scope = JsonataValue.FromObject(new Dictionary<string, JsonataValue>
        {
            ["input"] = JsonataValue.FromJson("""{"n": 5}"""u8.ToArray()),
            ["never"] = JsonataValue.FromJson("not json"u8.ToArray().AsMemory()[..0]),
            ["list"] = JsonataValue.FromArray([JsonataValue.FromNumber(1), JsonataValue.FromString("two")]),
        });

        Assert.Equal("6", Evaluate("input.n + 1", scope));
        Assert.Equal("\"two\"", Evaluate("list[1]", scope));
        Assert.Equal("[\"input\",\"list\"]", Evaluate("$keys($)", scope));
        Assert.Equal("true", Evaluate("$exists(never) = false", scope));
    }

    [Fact]
    public void The_last_of_two_members_of_a_name_counts() =>
        Assert.Equal("2", Evaluate("a", JsonataValue.FromJson("""{"a":1,"a":2}"""u8.ToArray())));

    [Fact]
    public void An_escaped_name_is_found() =>
        Assert.Equal("1", Evaluate("`é\"`", JsonataValue.FromJson("""{"\u00e9\"":1}"""u8.ToArray())));

    [Fact]
    public void One_evaluation_sees_one_instant()
    {
        var options = new JsonataOptions { Now = DateTimeOffset.UnixEpoch.AddSeconds(1) };

        Assert.Equal("\"1970-01-01T00:00:01.000Z\"", JsonataExpression.Parse("$now()").Evaluate(default, options).ToString());
        Assert.Equal("1000", JsonataExpression.Parse("$millis()").Evaluate(default, options).ToString());
        Assert.Equal("true", Evaluate("$millis() = $toMillis($now())", default));
    }

    [Fact]
    public void Seeded_randomness_repeats()
    {
        static string Run() => JsonataExpression.Parse("[$random(), $shuffle([1..20])]")
            .Evaluate(default, new JsonataOptions { Random = new Random(7) }).ToString();

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void Variables_of_the_caller_hide_functions()
    {
        var options = new JsonataOptions { Variables = new Dictionary<string, JsonataValue> { ["sum"] = JsonataValue.FromNumber(3) } };

        Assert.Equal("4", JsonataExpression.Parse("$sum + 1").Evaluate(default, options).ToString());
    }

    [Fact]
    public async Task Threads_share_an_expression()
    {
        var expression = JsonataExpression.Parse("($f := function($n){$n < 2 ? $n : $f($n-1) + $f($n-2)}; $f(a.n) & a.s)");
        var input = JsonataValue.FromJson("""{"a":{"n":15,"s":"x"}}"""u8.ToArray());

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => Enumerable.Range(0, 50).Select(_ => expression.Evaluate(input).ToString()).Distinct().Single())));

        Assert.All(results, result => Assert.Equal("\"610x\"", result));
    }

    [Theory]
    [InlineData("a.b.c")]
    [InlineData("a.b.n > 100 and a.b.c = 'text'")]
    [InlineData("a.list[1]")]
    [InlineData("$not($exists(a.nothing)) ? a.b.n : 0")]
    public void Plain_paths_and_comparisons_allocate_nothing(string source)
    {
        var expression = JsonataExpression.Parse(source);
        var input = JsonataValue.FromJson("""{"a":{"b":{"c":"text","n":123.5},"list":[1,2,3]}}"""u8.ToArray());
        for (var i = 0; i < 10; i++)
        {
            expression.Evaluate(input);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            expression.Evaluate(input);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_function_that_outlives_its_evaluation_keeps_its_variables()
    {
        var counter = JsonataExpression.Parse("($n := a.n; function($x){$x + $n})")
            .Evaluate(JsonataValue.FromJson("""{"a":{"n":5}}"""u8.ToArray()));
        Evaluate("a.n", JsonataValue.FromJson("""{"a":{"n":7}}"""u8.ToArray()));
        var options = new JsonataOptions { Variables = new Dictionary<string, JsonataValue> { ["add"] = counter } };

        Assert.Equal("6", JsonataExpression.Parse("$add(1)").Evaluate(default, options).ToString());
    }

    private static string Evaluate(string expression, JsonataValue input) =>
        JsonataExpression.Parse(expression).Evaluate(input).ToString();
}
