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
    public void Every_line_of_the_table_holds(string table)
    {
        var data = JsonataValue.FromJson(File(("shop.json")));
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
