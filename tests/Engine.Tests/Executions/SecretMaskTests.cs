using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>Secret values are found in whichever form a target may send them back.</summary>
public sealed class SecretMaskTests
{
    private const string Secret = "pä\"s/s\\w+ord <1>";

    private static SecretMask Mask => SecretMask.Of([Secret]);

    public static TheoryData<string> Echoes => new(
        Secret,
        $"before {Secret} after {Secret}",
        JsonSerializer.Serialize(Secret),
        JsonSerializer.Serialize(JsonSerializer.Serialize(Secret)).Trim('"').Replace("\\\\", "\\", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal),
        Uri.EscapeDataString(Secret),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)),
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"u:{Secret}")),
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"us:{Secret}:more")),
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"use:{Secret}")),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)).Replace('+', '-').Replace('/', '_').TrimEnd('='));

    [Theory]
    [MemberData(nameof(Echoes))]
    public void A_text_that_holds_the_value_is_masked(string echo)
    {
        var masked = Mask.Apply(echo);

        Assert.Contains("***", masked, StringComparison.Ordinal);
        Assert.DoesNotContain("s/s", masked, StringComparison.Ordinal);
        Assert.DoesNotContain("w+ord", masked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a": "pä\"s/s\\w+ord <1>"}""")]
    [InlineData("""{"a": "p\u00e4\u0022s\/s\u005cw\u002Bord \u003c1\u003E"}""")]
    [InlineData("""["x", {"b": ["\u0070ä\"s/s\\w+ord <1>!"]}]""")]
    [InlineData("""{"pä\"s/s\\w+ord <1>": 1}""")]
    public void Json_is_masked_whichever_way_it_is_escaped(string json)
    {
        var masked = Encoding.UTF8.GetString(Mask.Apply(Encoding.UTF8.GetBytes(json)).Span);

        Assert.Contains("***", masked, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(masked); // and it is still JSON
        Assert.DoesNotContain("ord", document.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    public static TheoryData<string> HardSecrets => new(
        "quote\"within-it",
        "back\\slash-within",
        "line\none-and-line\ntwo",
        "tab\tand\rreturn",
        "Größe-Ümläut-€-日本",
        "emoji-😀-pair",
        "a/b/c=d&e+f?g#h",
        "<tag attr='x'>&amp;",
        Pem);

    private static string Pem =>
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
        + "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n-----END PRIVATE KEY-----\n";

    [Theory]
    [MemberData(nameof(HardSecrets))]
    public void A_value_is_found_in_json_within_json_however_its_characters_are_escaped(string secret)
    {
        var mask = SecretMask.Of([secret]);
        var relaxed = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        Func<string, string>[] escapers =
        [
            text => JsonSerializer.Serialize(text),
            text => JsonSerializer.Serialize(text, relaxed),
            text => JsonSerializer.Serialize(text, relaxed).Replace("/", "\\/", StringComparison.Ordinal),
            text => "\"" + string.Concat(text.Select(character => $"\\u{(int)character:x4}")) + "\"",
        ];
        foreach (var inner in escapers)
        {
            foreach (var outer in escapers)
            {
                var once = $$"""{"echo":{{inner(secret)}},"n":1}""";
                var twice = $$"""{"body":{{outer(once)}}}""";
                var thrice = $$"""{"log":{{outer(twice)}}}""";
                foreach (var json in new[] { once, twice, thrice })
                {
                    var masked = Encoding.UTF8.GetString(mask.Apply(Encoding.UTF8.GetBytes(json)).Span);
                    Assert.Contains("***", masked, StringComparison.Ordinal);
                    using var document = JsonDocument.Parse(masked);
                    Assert.DoesNotContain(secret, Innermost(document.RootElement), StringComparison.Ordinal);
                    Assert.Contains("***", mask.Apply(json), StringComparison.Ordinal); // as a text of a log
                }
            }
        }
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("")]
    [InlineData("\n")]
    public void A_file_of_lines_is_found_with_other_line_ends_and_line_by_line(string end)
    {
        var mask = SecretMask.Of([Pem]);
        var echo = string.Join(end, Pem.Split('\n'));

        var masked = mask.Apply($"got {echo}.");

        Assert.DoesNotContain("MIIEvQ", masked, StringComparison.Ordinal);
        Assert.DoesNotContain("MzEfYy", masked, StringComparison.Ordinal);
        Assert.DoesNotContain("MzEfYy", mask.Apply("second line: " + Pem.Split('\n')[2]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_in_json_is_found_by_what_is_secret_of_it()
    {
        var file = JsonSerializer.Serialize(
            new { type = "service_account", project = "a-project-of-ours", private_key = Pem });
        var mask = SecretMask.Of([file]);

        var echoes = new[] { file, Pem, JsonSerializer.Serialize(new { key = Pem }), JsonSerializer.Serialize(file) };
        foreach (var echo in echoes)
        {
            Assert.DoesNotContain("MIIEvQ", mask.Apply(echo), StringComparison.Ordinal);
        }

        Assert.Equal("service_account of a-project-of-ours", mask.Apply("service_account of a-project-of-ours"));
    }

    [Fact]
    public void Percent_encoding_counts_in_small_letters_too()
    {
        var mask = SecretMask.Of(["ä/b c-d"]);

        Assert.Equal("***&***", mask.Apply("%c3%a4%2fb%20c-d&%C3%A4%2Fb+c-d"));
        Assert.Equal("***&***", mask.Apply("%C3%A4%2Fb%20c-d&%c3%a4%2fb+c-d"));
    }

    [Fact]
    public void The_beginning_of_a_text_does_not_end_within_a_value() =>
        Assert.Equal("it is ", SecretMask.Of(["s3cret-value"]).ApplyToBeginning("it is s3cret-va"));

    private static string Innermost(JsonElement json)
    {
        var text = json.EnumerateObject().First().Value.GetString()!;
        return text.StartsWith('{') ? Innermost(JsonElement.Parse(text)) : text;
    }

    [Theory]
    [InlineData("cret-value and s3cret-value", " and ***")]
    [InlineData("e and more", " and more")]
    [InlineData("s3cret-value", "***")]
    [InlineData("nothing of it", "nothing of it")]
    [InlineData("", "")]
    public void The_end_of_a_text_does_not_begin_within_a_value(string text, string expected) =>
        Assert.Equal(expected, SecretMask.Of(["s3cret-value"]).ApplyToEnd(text));

    [Fact]
    public void A_number_that_is_the_value_is_masked()
    {
        var masked = SecretMask.Of(["12345"]).Apply("{\"pin\":12345,\"other\":77}"u8.ToArray());

        Assert.Equal("{\"pin\":\"***\",\"other\":77}", Encoding.UTF8.GetString(masked.Span));
    }

    [Fact]
    public void Everything_else_stays_byte_for_byte()
    {
        ReadOnlyMemory<byte> json = """{ "a" : [1.50, true, null, "\u00e4"], "b": {} }"""u8.ToArray();

        Assert.Equal(json, Mask.Apply(json));
        Assert.Equal("other text", Mask.Apply("other text"));
    }

    [Fact]
    public void What_lies_beside_a_value_survives_the_rewriting()
    {
        var masked = SecretMask.Of(["secret"]).Apply("""{"a":[1.50,true,null,"\u00e4\n"],"b":{"c":"a secret"}}"""u8.ToArray());

        Assert.Equal("""{"a":[1.50,true,null,"ä\n"],"b":{"c":"a ***"}}""", Encoding.UTF8.GetString(masked.Span));
    }

    [Fact]
    public void A_value_within_a_longer_one_leaves_no_part_of_it() =>
        Assert.Equal("*** and ***", SecretMask.Of(["token", "token-long"]).Apply("token-long and token"));

    [Fact]
    public void What_is_no_json_is_masked_as_text() =>
        Assert.Equal("{\"a\": \"***", Encoding.UTF8.GetString(SecretMask.Of(["secret"]).Apply("{\"a\": \"secret"u8.ToArray()).Span));

    [Fact]
    public void Values_too_short_to_tell_from_ordinary_text_are_left_alone() => Assert.True(SecretMask.Of(["abc", ""]).IsEmpty);

    [Fact]
    public void The_output_of_a_step_and_of_the_execution_hold_no_secret()
    {
        var driver = Start();
        driver.Succeed("h", "{\"echo\":\"Bearer t0ken-value\"}");

        Assert.Equal("{\"echo\":\"Bearer ***\"}", driver.OutputOf("h"));
        Assert.Equal("{\"seen\":\"Bearer ***\"}", driver.OutputOf("s"));
        Assert.Equal("{\"seen\":\"Bearer ***\"}", driver.Output);
    }

    [Fact]
    public void The_error_of_a_step_and_of_the_execution_hold_no_secret()
    {
        var driver = Start();
        var run = driver.Run("h");
        driver.Runs.Remove(run);
        driver.Apply(new StepFailed(run.Ordinal, "", 1, new StepError("HTTP_400", "bad token t0ken-value"), driver.Now, driver.Now));

        Assert.Equal("bad token ***", driver.Error!.Message);
        Assert.Equal("bad token ***", driver.Steps[^1].Error!.Message);
    }

    [Fact]
    public void An_output_template_that_repeats_an_input_with_the_value_is_masked() =>
        Assert.Equal("{\"given\":\"***\"}", Start(", \"output\": {\"given\": \"{{ input.token }}\"}").Finish().Output);

    private static ExecutionDriver Start(string rest = "")
    {
        var workflow = Flow.Compile(
            """
            {"id": "h", "type": "http", "parameters": {"url": "https://example.com", "headers": {"Authorization": "Bearer {{ secrets.TOKEN }}"}}},
            """ + Flow.Set("s", """{"seen": "{{ steps.h.output.echo }}"}"""),
            "h>s",
            rest);
        return new ExecutionDriver(
            workflow,
            """{"token": "t0ken-value"}""",
            facts => facts with { Secrets = new Dictionary<string, string> { ["TOKEN"] = "t0ken-value" } }).Start();
    }
}

file static class Finishing
{
    public static ExecutionDriver Finish(this ExecutionDriver driver)
    {
        driver.Succeed("h", "{}");
        return driver;
    }
}
