using System.Text;

namespace Workflows.Engine.Tests;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("null")]
    [InlineData("{\"a\": [1, -2.5e3, true, \"x\\ny\"]}")]
    [InlineData("\"\\\\u0000 is only text here\"")]
    [InlineData("\"\\ud83d\\ude00\"")]
    [InlineData("\"\\uD83D\\uDE00 and \\u00e4\"")]
    [InlineData("1e10000")]
    [InlineData("1e-5")]
    [InlineData("1E+00000000005")]
    public void What_can_be_stored_has_no_problem(string json) => Assert.Null(JsonText.FindProblem(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("", "")]
    [InlineData("{", "line 1")]
    [InlineData("{} {}", "line 1")]
    [InlineData("\"\\u0000\"", "U+0000")]
    [InlineData("{\"\\u0000\": 1}", "U+0000")]
    [InlineData("\"\\\\\\u0000\"", "U+0000")]
    [InlineData("\"\\ud800\"", "surrogate")]
    [InlineData("\"\\ud800x\"", "surrogate")]
    [InlineData("\"\\ud800\\u0041\"", "surrogate")]
    [InlineData("\"\\udc00\"", "surrogate")]
    [InlineData("\"\\ude00\\ud83d\"", "surrogate")]
    [InlineData("[1e10001]", "exponent")]
    [InlineData("[1E-99999999999999]", "exponent")]
    public void What_cannot_be_stored_is_named(string json, string problem) =>
        Assert.Contains(problem, JsonText.FindProblem(Encoding.UTF8.GetBytes(json)), StringComparison.Ordinal);

    [Fact]
    public void A_number_of_very_many_digits_is_refused()
    {
        Assert.Null(JsonText.FindProblem(Encoding.UTF8.GetBytes(new string('9', Limits.NumberExponent))));
        Assert.NotNull(JsonText.FindProblem(Encoding.UTF8.GetBytes(new string('9', Limits.NumberExponent + 1))));
    }

    [Fact]
    public void Nesting_has_a_limit()
    {
        static string Nested(int depth) => new string('[', depth) + new string(']', depth);

        Assert.Null(JsonText.FindProblem(Encoding.UTF8.GetBytes(Nested(Limits.JsonDepth))));
        Assert.NotNull(JsonText.FindProblem(Encoding.UTF8.GetBytes(Nested(Limits.JsonDepth + 1))));
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused() => Assert.NotNull(JsonText.FindProblem([(byte)'"', 0xFF, (byte)'"']));
}
