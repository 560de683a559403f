using System.Text.Json;

namespace Workflows.Jsonata.Tests.Language;

/// <summary>
/// The language by example: tables of expressions with their results, written down when they agreed with the reference.
/// </summary>
public sealed class CaseTests
{
    private static readonly JsonataOptions Options = new() { Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000) };

    [Theory]
    [InlineData("paths")]
    [InlineData("operators")]
    [InlineData("functions-strings")]
    [InlineData("functions-arrays")]
    [InlineData("functions-and-syntax")]
    [InlineData("pictures")]
    [InlineData("parents", "account.json")]
    public void Every_line_of_the_table_holds(string table, string sample = "shop.json")
    {
        var data = JsonataValue.FromJson(File(sample));
        var lines = System.Text.Encoding.UTF8.GetString(File(table + ".txt")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var wrong = new List<string>();
        foreach (var line in lines.Where(line => !line.StartsWith('#')))
        {
            var mark = line.LastIndexOf(" => ", StringComparison.Ordinal);
            var (expression, expected) = (line[..mark], line[(mark + 4)..]);
            var actual = Evaluate(expression, data);
            if (!Same(expected, actual))
            {
                wrong.Add($"{expression}\n  expected {expected}\n  actual   {actual}");
            }
        }

        Assert.True(lines.Length > 50);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("$.7a", "S0201", 4)]
    [InlineData("a.b.7 8", "S0201", 7)]
    [InlineData("(7.a", "S0203", 4)]
    [InlineData("7.a ]", "S0201", 5)]
    [InlineData("a{b:c}{d:e} x", "S0201", 13)]
    [InlineData("a[0]@$x y", "S0201", 9)]
    [InlineData("a.7 + true.b", "S0213", 3)]
    [InlineData("a{b:c}[7.a]", "S0213", 8)]
    [InlineData("'a' & 1/0", "D3001", 5)]
    [InlineData("'a' & b & [1/0]", "D1001", 9)]
    public void Errors_come_in_the_order_and_at_the_place_of_the_reference(string source, string code, int position)
    {
        var error = Assert.Throws<JsonataException>(() => JsonataExpression.Parse(source).Evaluate(default)).Error;

        Assert.Equal((code, position), (error.Code, error.Position));
    }

    private static string Evaluate(string expression, JsonataValue data)
    {
        try
        {
            var result = JsonataExpression.Parse(expression).Evaluate(data, Options);
            return result.Kind switch
            {
                JsonataKind.Undefined => "undefined",
                JsonataKind.Function => "function",
                _ => result.ToString(),
            };
        }
        catch (JsonataException exception)
        {
            return "ERR " + exception.Error.Code;
        }
    }

    private static bool Same(string expected, string actual) =>
        expected == actual
        || (IsJson(expected) && IsJson(actual)
            && JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(actual).RootElement));

    private static bool IsJson(string text) => !text.StartsWith("ERR ", StringComparison.Ordinal) && text is not ("undefined" or "function");

    private static byte[] File(string name)
    {
        using var stream = typeof(CaseTests).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
