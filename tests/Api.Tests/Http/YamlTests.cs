using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Workflows.Api.Http;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Workflows.Api.Tests.Http;

/// <summary>JSON as YAML and back: the same, whatever it says; what says something else is refused with its
/// place.</summary>
public sealed partial class YamlTests
{
    private const string Marks = " \n:-'\"[]{}#&*!|>%@\t\\,?~=<`0a";

    private static readonly string[] Texts =
    [
        "", " ", "plain", "two words", "123", "-1", "+1", "1.5", "1e3", ".5", "1.", "0x1F", "0o17", "017", "1_000",
        "12:30", "1:30:00", "2026-12-25", "2026-12-25T10:00:00Z", "true", "True", "no", "NO", "yes", "on", "Off",
        "y", "N", "null", "Null", "~", ".inf", "-.INF", ".nan", "<<", "=", "-", "- item", "a: b", "a:", ":a",
        "a #b", "#b", "{{ input.name }}", "[x]", "{x}", "a,b", "'", "it's", "\"", "say \"x\"", "\\", "C:\\temp",
        "!tag", "&a", "*a", "%x", "@x", "`x", "?", "? x", "|", ">", "---", "--- x", "...", " lead", "trail ",
        "two\nlines", "ends\n", "ends twice\n\n", "\nbegins", "\n", " indented\n  more\nless", "a \nb", "a\n b\n",
        "tab\tx", "\tx", "cr\rx", "crlf\r\nx", "nel\u0085x", "ls\u2028x", "ps\u2029x", "bom\uFEFFx", "\u0007",
        "\u007f", "\u00a0x", "é", "日本", "😀", "😀\nx", "x\n#y\n- z", "select 1\nfrom t\nwhere a = 'b'\n",
        "if (a) {\n  return \"x\";\n}\n",
    ];

    [Fact]
    public void Text_that_looks_like_something_else_stays_text()
    {
        foreach (var text in Texts)
        {
            Assert.Equal(JsonSerializer.Serialize(text), Back(JsonValue.Create(text)));
            Assert.Equal(text, JsonNode.Parse(Back(new JsonObject { [text] = text }))![text]!.GetValue<string>());
            var nested = JsonNode.Parse(Back(new JsonArray(new JsonArray(text, text))))!;
            Assert.Equal(text, nested[0]![1]!.GetValue<string>());
        }
    }

    [Fact]
    public void No_reader_of_yaml_1_1_takes_unquoted_text_for_anything_else()
    {
        foreach (var text in Texts)
        {
            var parser = new Parser(new StringReader(Written(JsonValue.Create(text))));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            var scalar = parser.Consume<YamlScalar>();
            Assert.Equal(text, scalar.Value);
            Assert.False(scalar.Style == ScalarStyle.Plain && Yaml11().IsMatch(text), text);
        }
    }

    [Theory]
    [InlineData("[0,-0,1,-17,1.50,0.1,1e3,1E-7,123456789012345678901234567890,3.14159265358979323846264338327950288]")]
    [InlineData("""{"a":null,"b":true,"c":false,"d":[],"e":{},"f":[[],{}],"g":[[1,[2]],{"h":[{"i":1}]}]}""")]
    public void Numbers_keep_their_digits_and_values_their_shape(string json) =>
        Assert.Equal(json, Back(JsonNode.Parse(json)!));

    [Fact]
    public void Whatever_json_there_is_comes_back_as_it_was()
    {
        var random = new Random(20_261_130);
        for (var round = 0; round < 2_000; round++)
        {
            var json = JsonSerializer.Serialize(AnyValue(random, depth: 0));
            Assert.Equal(json, Back(JsonNode.Parse(json)));
        }
    }

    [Fact]
    public void It_reads_well_and_a_changed_line_of_a_text_is_one_changed_line()
    {
        var json = JsonNode.Parse("""
            {"name":"Order, checked","tags":["a","yes"],"enabled":true,"nodes":[{"id":"q","parameters":
              {"sql":"select 1\nfrom t\n","value":"{{ input.x }}","factor":1.50,"none":{},"list":[]}}]}
            """)!;

        Assert.Equal(
            """
            name: 'Order, checked'
            tags:
              - a
              - 'yes'
            enabled: true
            nodes:
              - id: q
                parameters:
                  sql: |
                    select 1
                    from t
                  value: '{{ input.x }}'
                  factor: 1.50
                  none: {}
                  list: []

            """.ReplaceLineEndings("\n"), Written(json));
    }

    [Theory]
    [InlineData("a: &x [1]\nb: *x", "Line 1, column 4", "anchors")]
    [InlineData("a: 1\nb: *x", "Line 2, column 4", "")]
    [InlineData("a: !!binary aGk=", "Line 1, column 4", "tag")]
    [InlineData("a: !thing {}", "Line 1, column 4", "tag")]
    [InlineData("a: 1\nb: 2\na: 3", "Line 3, column 1", "'a' is there twice")]
    [InlineData("[a]: 1", "Line 1, column 1", "name of a member")]
    [InlineData("a: 1\n---\nb: 2", "Line 2, column 1", "second document")]
    [InlineData("a: 0x1F", "Line 1, column 4", "quote it")]
    [InlineData("a: 007", "Line 1, column 4", "quote it")]
    [InlineData("a: .inf", "Line 1, column 4", "quote it")]
    [InlineData("a: +1", "Line 1, column 4", "quote it")]
    [InlineData("a: 1e999999", "Line 1, column 4", "exponent")]
    [InlineData("a: \"\\0\"", "Line 1, column 4", "U+0000")]
    [InlineData("a: 1\n b: 2", "Line 2, column", "")]
    [InlineData("a: [1, 2", "Line 2, column 1", "flow sequence")]
    [InlineData("a: 'x", "Line 1, column", "")]
    [InlineData("a:\n\t- x", "Line 1, column 1", "")]
    [InlineData("a: [\n#x: 1", "Line", "column")]
    public void What_says_something_else_than_json_is_refused_with_its_place(string yaml, string place, string why)
    {
        var problem = Assert.Throws<ProblemException>(() => Read(yaml)).Problem;

        Assert.Equal("INVALID_YAML", problem.Code.Code);
        Assert.StartsWith(place, problem.Message, StringComparison.Ordinal);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_read_deeper_than_json_nor_larger_than_allowed()
    {
        var deep = new string('[', Limits.JsonDepth) + new string(']', Limits.JsonDepth);
        Assert.Equal(deep, Read(deep));
        var refused = Assert.Throws<ProblemException>(() => Read($"[{deep}]"));
        Assert.Contains("deeper", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ProblemException>(() => Read(new string('[', 1_000_000)));
        Assert.Equal(
            "PAYLOAD_TOO_LARGE",
            Assert.Throws<ProblemException>(() => YamlBody.ToJson("\"\\a\\a\\a\\a\\a\""u8, 30)).Problem.Code.Code);
    }

    [Fact]
    public void Broken_text_is_json_or_a_refusal_and_nothing_else()
    {
        var random = new Random(20_261_130);
        var json = JsonSerializer.Serialize(Texts.ToDictionary(text => $"k{text}", text => text));
        var whole = Written(JsonNode.Parse(json));
        for (var round = 0; round < 3_000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(whole[..random.Next(1, whole.Length)]);
            for (var change = random.Next(4); change >= 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)Marks[random.Next(Marks.Length)];
            }

            try
            {
                using var read = JsonDocument.Parse(YamlBody.ToJson(bytes, Limits.BodyBytes));
            }
            catch (ProblemException refusal)
            {
                Assert.Equal("INVALID_YAML", refusal.Problem.Code.Code);
            }
        }
    }

    private static object? AnyValue(Random random, int depth) => random.Next(depth > 4 ? 5 : 9) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.NextInt64(-1_000, 1L << 60),
        3 => Math.Round(random.NextDouble() * 1000, random.Next(12)),
        4 => AnyText(random),
        5 or 6 => Enumerable.Range(0, random.Next(4)).Select(_ => AnyValue(random, depth + 1)).ToArray(),
        _ => Enumerable.Range(0, random.Next(4)).Select(_ => AnyText(random)).Distinct()
            .ToDictionary(name => name, _ => AnyValue(random, depth + 1)),
    };

    private static string AnyText(Random random) => random.Next(3) == 0
        ? Texts[random.Next(Texts.Length)]
        : string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(4) switch
        {
            0 => Marks[random.Next(Marks.Length)].ToString(),
            1 => Texts[random.Next(Texts.Length)],
            _ => ((char)random.Next('a', 'z' + 1)).ToString(),
        }));

    private static string Written(JsonNode? json) =>
        Encoding.UTF8.GetString(YamlText.Write(JsonSerializer.SerializeToElement(json)));

    private static string Back(JsonNode? json) =>
        JsonSerializer.Serialize(JsonElement.Parse(Read(Written(json))));

    private static string Read(string yaml) =>
        Encoding.UTF8.GetString(YamlBody.ToJson(Encoding.UTF8.GetBytes(yaml), Limits.BodyBytes).Span);

    // What YAML 1.1 takes for null, truths, numbers, times, merges and values.
    [GeneratedRegex(
        @"^(~|null|Null|NULL||y|Y|n|N|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
            + @"|[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"
            + @"|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+|[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?"
            + @"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(inf|Inf|INF)"
            + @"|\.(nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|<<|=)\z")]
    private static partial Regex Yaml11();
}
