using System.Text;
using System.Text.Json;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>What of a value counts as the value, and what does not: the bounds of <see cref="SecretMask"/>.</summary>
public sealed class SecretPartTests
{
    [Theory]
    [InlineData("abcd", "x abcd y", "x *** y")] // of four characters: masked
    [InlineData("abc", "x abc y", "x abc y")]
    [InlineData("abcdef", "x YWJjZGVm y", "x *** y")] // eight characters of Base64
    [InlineData("abcde", "x YWJjZGU= y", "x YWJjZGU= y")] // fewer could be anything
    public void Short_values_and_short_parts_in_base64_are_left_alone(string value, string text, string expected) =>
        Assert.Equal(expected, SecretMask.Of([value]).Apply(text));

    [Theory]
    [InlineData("x ab\\bcd y")]
    [InlineData("x ab\\u0008cd y")]
    [InlineData("x a\\u0062\\bcd y")]
    public void A_control_character_is_found_in_its_escape(string text) =>
        Assert.Equal("x *** y", SecretMask.Of(["ab\bcd"]).Apply(text));

    [Theory]
    [InlineData("ab\fcd", "ab\\fcd")]
    [InlineData("ab\ncd", "ab\\ncd")]
    [InlineData("ab\rcd", "ab\\rcd")]
    [InlineData("ab\tcd", "ab\\tcd")]
    [InlineData("ab/cd", "ab\\/cd")]
    [InlineData("ab\"cd", "ab\\\"cd")]
    [InlineData("ab\\cd", "ab\\\\cd")]
    [InlineData("abäcd", "ab\\u00e4cd")]
    [InlineData("abäcd", "ab\\u00E4cd")]
    [InlineData("abcd", "abc\\u0064")]
    public void Every_escape_of_json_is_known(string value, string escaped)
    {
        var mask = SecretMask.Of([value]);

        Assert.Equal("(***)", mask.Apply($"({escaped})"));
        Assert.Equal("***", mask.Apply(escaped)); // also as all there is, at its end
    }

    [Theory]
    [InlineData("C:\\u00zz\\ab\\cde", "cde", "C:\\u00zz\\ab\\cde")]
    [InlineData("C:\\u00zz is abcd", "abcd", "C:\\u00zz is ***")]
    [InlineData("\\n abcd \\u00e", "abcd", "\\n *** \\u00e")]
    [InlineData("\\n abcd\\", "abcd", "\\n ***\\")]
    public void A_backslash_that_escapes_nothing_stays_where_it_is(string text, string value, string expected) =>
        Assert.Equal(expected, SecretMask.Of([value]).Apply(text));

    [Theory]
    [InlineData("s3cret-value and s", "*** and ")]
    [InlineData("it is s3cret-valu", "it is ")]
    [InlineData("it is another-val", "it is ")]
    [InlineData("s3cret-value", "***")]
    [InlineData("nothing of it", "nothing of it")]
    [InlineData("s", "")]
    [InlineData("", "")]
    public void The_beginning_of_a_text_ends_before_whatever_value_has_begun(string text, string expected) =>
        Assert.Equal(expected, SecretMask.Of(["s3cret-value", "another-value-of-ours"]).ApplyToBeginning(text));

    [Theory]
    [InlineData("f-ours and more", " and more")]
    [InlineData("value and more", " and more")]
    [InlineData("-value-of-ours", "")]
    public void The_end_of_a_text_begins_after_whatever_value_is_not_over(string text, string expected) =>
        Assert.Equal(expected, SecretMask.Of(["s3cret-value", "another-value-of-ours"]).ApplyToEnd(text));

    [Theory]
    [InlineData("abcdabcd", "******")] // one after the other
    [InlineData("\\u0061bcd, then abcd", "***, then ***")] // the first is found last
    [InlineData("abcd, then \\u0061bcd", "***, then ***")]
    public void Each_value_is_masked_for_itself_wherever_the_others_lie(string text, string expected) =>
        Assert.Equal(expected, SecretMask.Of(["abcd"]).Apply(text));

    [Fact]
    public void Every_part_of_an_error_is_masked()
    {
        var error = SecretMask.Of(["t0ken-value"]).Apply(
            new StepError("HTTP_t0ken-value", "bad t0ken-value", StepErrorKind.Transient, TimeSpan.FromSeconds(3))
            {
                Details = """{"sent":"t0ken-value"}"""u8.ToArray(),
                Cause = new ErrorCause("CODE_t0ken-value", "because of t0ken-value"),
            });

        Assert.Equal(("HTTP_***", "bad ***"), (error.Code, error.Message));
        Assert.Equal((StepErrorKind.Transient, TimeSpan.FromSeconds(3)), (error.Kind, error.RetryAfter));
        Assert.Equal("""{"sent":"***"}""", Encoding.UTF8.GetString(error.Details.Span));
        Assert.Equal(new ErrorCause("CODE_***", "because of ***"), error.Cause);
    }

    [Theory]
    [InlineData("private_key", true)]
    [InlineData("clientSecret", true)]
    [InlineData("access_token", true)]
    [InlineData("PASSWORD", true)]
    [InlineData("passphrase", true)]
    [InlineData("credentials", true)]
    [InlineData("project", false)]
    public void A_member_of_a_key_file_is_secret_by_its_name(string name, bool isSecret)
    {
        var mask = SecretMask.Of([$$""" { "{{name}}" : "0123456789abcdef", "n": 1 }"""]);

        Assert.Equal(isSecret ? "got ***" : "got 0123456789abcdef", mask.Apply("got 0123456789abcdef"));
    }

    [Theory]
    [InlineData("""{"token": "0123456789abcde"}""", "got 0123456789abcde")] // of 15 characters: ordinary text
    [InlineData("""{"token": 1234567890123456}""", "got 1234567890123456")]
    [InlineData("""{"a": {"token": "0123456789abcdef"}}""", "got 0123456789abcdef")]
    [InlineData("""["0123456789abcdef"]""", "got 0123456789abcdef")]
    public void What_else_is_in_json_is_not_secret_by_itself(string value, string text) =>
        Assert.Equal(text, SecretMask.Of([value]).Apply(text));

    [Fact]
    public void A_line_of_json_that_is_laid_out_is_no_line_of_a_file()
    {
        const string Line = """  "project": "a-project-of-ours",""";

        Assert.Equal(Line, SecretMask.Of([$$"""
            {
            {{Line}}
              "token": "0123456789abcdef"
            }
            """]).Apply(Line));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_file_of_lines_leaves_nothing_whatever_ends_them(string end)
    {
        string[] lines = ["-----BEGIN A KEY-----", "0123456789abcdef", "end", "-----END A KEY-----"];

        Assert.Equal("(***)", SecretMask.Of([string.Join("\n", lines)]).Apply($"({string.Join(end, lines)})"));
    }

    [Fact]
    public void A_key_file_is_found_as_somebody_who_read_it_writes_it() =>
        Assert.Equal("got ***", SecretMask.Of(["""{ "a" : 1,  "b" : [ 2 ] }"""]).Apply("""got {"a":1,"b":[2]}"""));

    [Theory]
    [InlineData("{this only looks like JSON")]
    [InlineData("""{"token": "\ud800 0123456789abcdef"}""")] // no text
    public void A_value_that_only_looks_like_json_is_masked_as_it_is(string value) =>
        Assert.Equal("got ***.", SecretMask.Of([value]).Apply($"got {value}."));

    [Theory]
    [InlineData("0123456789abcdef", "***")]
    [InlineData("fedcba987654321", "fedcba987654321")] // of 15 characters
    [InlineData("-----BEGIN A PRIVATE KEY-----", "-----BEGIN A PRIVATE KEY-----")]
    [InlineData("0123456789abcdeffedcba987654321", "***")] // without its bounds and line ends
    public void A_line_of_a_file_counts_by_itself_when_it_says_enough(string line, string expected)
    {
        var mask = SecretMask.Of(
            ["\n-----BEGIN A PRIVATE KEY-----\n  0123456789abcdef \n\nfedcba987654321\n-----END A PRIVATE KEY-----\n"]);

        Assert.Equal(expected, mask.Apply(line));
    }

    [Fact]
    public void Json_without_a_value_is_the_same_memory_and_an_empty_one_too()
    {
        ReadOnlyMemory<byte> json = """{"a": "b"}"""u8.ToArray();
        var mask = SecretMask.Of(["secret"]);

        Assert.True(mask.Apply(json).Equals(json));
        Assert.True(mask.Apply(ReadOnlyMemory<byte>.Empty).IsEmpty);
        Assert.True(SecretMask.None.IsEmpty);
        Assert.True(SecretMask.None.Apply(json).Equals(json));
        Assert.Equal("a secret", SecretMask.None.Apply("a secret"));
    }

    [Fact]
    public void Nested_json_keeps_its_shape_when_a_value_in_it_is_masked()
    {
        var masked = SecretMask.Of(["secret"])
            .Apply("""{"a":[{"b":[]},"secret",[false,-1e3]],"secret":{}}"""u8.ToArray());

        Assert.Equal("""{"a":[{"b":[]},"***",[false,-1e3]],"***":{}}""", Encoding.UTF8.GetString(masked.Span));
        using var document = JsonDocument.Parse(masked);
    }
}
