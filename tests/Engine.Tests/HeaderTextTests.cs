using Workflows.Engine.Connectors;

namespace Workflows.Engine.Tests;

public sealed class HeaderTextTests
{
    [Fact]
    public void Every_character_that_is_no_printable_ASCII_is_refused_in_a_value()
    {
        for (var character = 0; character <= char.MaxValue; character++)
        {
            var isAllowed = character is >= 0x20 and <= 0x7e;
            Assert.Equal(isAllowed, HeaderText.FindValueProblem("X", $"a{(char)character}b") is null);
        }
    }

    [Theory]
    [InlineData("Bob\r\nX-Role: admin", "U+000D, character 4")]
    [InlineData("a\nb", "U+000A, character 2")]
    [InlineData("a\tb", "U+0009")]
    [InlineData("a\u007f", "U+007F")]
    [InlineData("Jörg", "U+00F6, character 2")]
    [InlineData("a\u2028b", "U+2028")]
    public void What_is_wrong_with_a_value_is_named_without_the_value(string value, string what)
    {
        var problem = HeaderText.FindValueProblem("X-Name", value);

        Assert.Contains("'X-Name'", problem, StringComparison.Ordinal);
        Assert.Contains(what, problem, StringComparison.Ordinal);
        Assert.DoesNotContain(value, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("X Y")]
    [InlineData("X:")]
    [InlineData("X\r\nY")]
    [InlineData("Ä")]
    [InlineData("host")]
    [InlineData("Content-Length")]
    [InlineData("transfer-encoding")]
    [InlineData("Idempotency-Key")]
    [InlineData("Connection")]
    public void A_name_that_is_none_or_the_platforms_is_refused(string name) =>
        Assert.NotNull(HeaderText.FindProblem(name, "v"));

    [Theory]
    [InlineData("X-Name", "Bob, \"the\" builder")]
    [InlineData("Authorization", "Bearer a.b.c")]
    [InlineData("X-Empty", "")]
    public void An_ordinary_header_passes(string name, string value) =>
        Assert.Null(HeaderText.FindProblem(name, value));

    [Fact]
    public void Names_and_values_have_an_end()
    {
        Assert.Null(
            HeaderText.FindProblem(new string('x', Limits.HeaderNameLength),
            new string('v', Limits.HeaderValueLength)));
        Assert.NotNull(HeaderText.FindNameProblem(new string('x', Limits.HeaderNameLength + 1)));
        Assert.NotNull(HeaderText.FindValueProblem("X", new string('v', Limits.HeaderValueLength + 1)));
    }
}
