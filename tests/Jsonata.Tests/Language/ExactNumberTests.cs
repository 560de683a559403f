using System.Text;
using System.Text.Json;

namespace Workflows.Jsonata.Tests.Language;

/// <summary>Numbers that a double does not hold: nobody who only hands them on loses a digit.</summary>
public sealed class ExactNumberTests
{
    private const string Input = """
        {
          "id": 8202522731445525542, "id2": 8202522731445525543, "round": 8202522731445526000,
          "low": -8202522731445525542,
          "decimal": 12345678901234567890.123456789, "tiny": 0.123456789012345678901, "tiny2": 0.123456789012345678902,
          "digits17": 0.10000000000000001, "tenth": 0.1, "float": 0.30000000000000004, "one": 1.0,
          "large": 100000000000000000000000,
          "ids": [8202522731445525543, 8202522731445525542, 8202522731445525541, 8202522731445525542, 3, 3.0],
          "orders": [{"id": 8202522731445525543, "n": "b"}, {"id": 8202522731445525542, "n": "a"}]
        }
        """;

    [Theory]
    [InlineData("$string(id)", "\"8202522731445525542\"")]
    [InlineData("'/orders/' & id", "\"/orders/8202522731445525542\"")]
    [InlineData("$string({'a': [id, low]})", "\"{\\\"a\\\":[8202522731445525542,-8202522731445525542]}\"")]
    [InlineData("$string(decimal)", "\"12345678901234567890.123456789\"")]
    [InlineData("$string(tiny)", "\"0.123456789012345678901\"")]
    [InlineData("$string(large)", "\"100000000000000000000000\"")]
    [InlineData("$string(float)", "\"0.3\"")]
    [InlineData("$string(one)", "\"1\"")]
    [InlineData("$string(8202522731445525542)", "\"8202522731445525542\"")]
    [InlineData("$string(-8202522731445525542)", "\"-8202522731445525542\"")]
    [InlineData(
        "$join(ids.$string(), ',')",
        "\"8202522731445525543,8202522731445525542,8202522731445525541,8202522731445525542,3,3\"")]
    [InlineData("$number('8202522731445525542')", "8202522731445525542")]
    [InlineData("id", "8202522731445525542")]
    [InlineData("id + 0", "8202522731445526000")]
    [InlineData("$max(ids)", "8202522731445525543")]
    [InlineData("$min(ids[$ > 3])", "8202522731445525541")]
    public void Digits_are_kept_unless_something_is_calculated(string expression, string expected) =>
        Assert.Equal(expected, Evaluate(expression));

    [Theory]
    [InlineData("id = id", true)]
    [InlineData("id = id2", false)]
    [InlineData("id != id2", true)]
    [InlineData("id = round", false)]
    [InlineData("id = 8202522731445525000", false)]
    [InlineData("id = 8202522731445525542", true)]
    [InlineData("8202522731445525542 = id", true)]
    [InlineData("low = -8202522731445525542", true)]
    [InlineData("low = -8202522731445525543", false)]
    [InlineData("id = $number('8202522731445525542')", true)]
    [InlineData("id = $number('8202522731445525541')", false)]
    [InlineData("id < id2", true)]
    [InlineData("id2 < id", false)]
    [InlineData("id <= id", true)]
    [InlineData("id2 > id", true)]
    [InlineData("id >= id2", false)]
    [InlineData("low > -8202522731445525543", true)]
    [InlineData("id in ids", true)]
    [InlineData("round in ids", false)]
    [InlineData("9007199254740993 = 9007199254740992", false)]
    [InlineData("tiny = tiny2", false)]
    [InlineData("tiny < tiny2", true)]
    [InlineData("digits17 = tenth", true)]
    [InlineData("float = 0.1 + 0.2", true)]
    [InlineData("one = 1", true)]
    [InlineData("{'a': [id]} = {'a': [id2]}", false)]
    [InlineData("{'a': [id]} = {'a': [8202522731445525542]}", true)]
    [InlineData("round = 8202522731445526000", true)]
    [InlineData("large = 1e23", true)]
    public void Comparisons_see_all_digits(string expression, bool expected) =>
        Assert.Equal(expected ? "true" : "false", Evaluate(expression));

    [Theory]
    [InlineData("$distinct(ids)", "[8202522731445525543,8202522731445525542,8202522731445525541,3]")]
    [InlineData(
        "$sort(ids)",
        "[3,3.0,8202522731445525541,8202522731445525542,8202522731445525542,8202522731445525543]")]
    [InlineData("orders^(id).n", "[\"a\",\"b\"]")]
    [InlineData("orders^(>id).n", "[\"b\",\"a\"]")]
    [InlineData("$sort(orders, function($l, $r) { $l.id > $r.id }).n", "[\"a\",\"b\"]")]
    [InlineData("orders[id = 8202522731445525542].n", "\"a\"")]
    [InlineData("orders[id = 8202522731445525544].n", "")]
    [InlineData("orders{$string(id): n}", "{\"8202522731445525543\":\"b\",\"8202522731445525542\":\"a\"}")]
    public void Sets_and_orders_see_all_digits(string expression, string expected) =>
        Assert.Equal(expected, Evaluate(expression));

    [Fact]
    public void Templates_write_all_digits()
    {
        const string Json = """{"url": "/orders/{{ id }}?d={{ decimal }}", "body": "{{ $ }}"}""";
        var template = JsonDocument.Parse(Json).RootElement;
        Assert.True(JsonTemplate.TryParse(template, out var parsed, out _));

        var rendered = parsed.Render(
            JsonataValue.FromJson("""{"id":8202522731445525542,"decimal":12345678901234567890.5}"""u8.ToArray()));

        Assert.Equal(
            """{"url":"/orders/8202522731445525542?d=12345678901234567890.5","""
            + "\"body\":{\"id\":8202522731445525542,\"decimal\":12345678901234567890.5}}",
            rendered.ToString());
    }

    [Fact]
    public void Order_is_total_whatever_the_notation()
    {
        string[] ascending =
        [
            "-1e400", "-8202522731445525543", "-8202522731445525542.5", "-8202522731445525542", "0", "1e-400",
            "0.123456789012345678901", "0.1234567890123456789011", "9007199254740992", "9007199254740993",
            "9007199254740993.5", "900719925474099.4e1", "1e400", "1e401",
        ];
        for (var i = 0; i < ascending.Length; i++)
        {
            for (var j = 0; j < ascending.Length; j++)
            {
                var (left, right) = (
                    DecimalNumber.Parse(Encoding.UTF8.GetBytes(ascending[i])),
                    DecimalNumber.Parse(Encoding.UTF8.GetBytes(ascending[j])));
                Assert.Equal(i.CompareTo(j), left.CompareTo(right));
            }
        }
    }

    [Theory]
    [InlineData("9007199254740993", "3", true)]
    [InlineData("9007199254740994", "3", false)]
    [InlineData("0.3", "0.1", true)]
    [InlineData("1e-30", "1e-31", true)]
    [InlineData("1e-31", "1e-30", false)]
    [InlineData("100000000000000000000000000000000000001", "10", false)]
    [InlineData("1e9999", "7", false)]
    [InlineData("-0.6", "0.2", true)]
    [InlineData("0", "0.7", true)]
    public void Multiples_are_those_of_decimals(string number, string step, bool expected) =>
        Assert.Equal(expected, DecimalNumber.Parse(Encoding.UTF8.GetBytes(number)).IsMultipleOf(
            DecimalNumber.Parse(Encoding.UTF8.GetBytes(step))));

    private static string Evaluate(string expression) =>
        JsonataExpression.Parse(expression).Evaluate(JsonataValue.FromJson(Encoding.UTF8.GetBytes(Input))).ToString();
}
