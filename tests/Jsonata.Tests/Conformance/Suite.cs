using System.Text.Json;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Tests.Conformance;

/// <summary>
/// One case of the public suite. The reference counts nested evaluations where we count nested calls, three to one; its
/// time limit is a budget of steps here, so that the outcome does not depend on the machine.
/// </summary>
internal sealed record SuiteCase(string Group, string Name, string Expression, JsonElement? Data, JsonElement Case)
{
    private const int EvaluationsPerCall = 3;
    private const int StepsPerMillisecond = 5_000;
    private const int DefaultMilliseconds = 10_000;
    private const int ReferenceRangeLimit = 10_000_000;

    /// <summary>What is wrong with the outcome, null when it is as the suite has it.</summary>
    public string? Run()
    {
        try
        {
            var options = new JsonataOptions { Variables = Bindings(), Limits = SuiteLimits() };
            var input = Data is { } data ? JsonataValue.FromElement(data) : default;
            var result = JsonataExpression.Parse(Expression).Evaluate(input, options);
            return CompareResult(result);
        }
        catch (JsonataException exception)
        {
            return CompareError(exception.Error);
        }
    }

    private Dictionary<string, JsonataValue> Bindings() =>
        Case.TryGetProperty("bindings", out var bindings)
            ? bindings.EnumerateObject().ToDictionary(
                member => member.Name, member => JsonataValue.FromElement(member.Value), StringComparer.Ordinal)
            : [];

    private JsonataLimits SuiteLimits() => new(
        MaxSteps: (Number("timelimit") ?? DefaultMilliseconds) * StepsPerMillisecond,
        MaxDepth: (Number("depth") ?? 3_000) / EvaluationsPerCall,
        MaxSequenceLength: ReferenceRangeLimit);

    private int? Number(string name) => Case.TryGetProperty(name, out var value) ? value.GetInt32() : null;

    private string? ExpectedCode => Case.TryGetProperty("code", out var code) ? code.GetString()
        : Case.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;

    private string? CompareResult(in JsonataValue result)
    {
        if (ExpectedCode is { } code)
        {
            return $"expected error {code}, got {result}";
        }

        if (Case.TryGetProperty("undefinedResult", out _))
        {
            return result.IsUndefined ? null : $"expected undefined, got {result}";
        }

        if (!Case.TryGetProperty("result", out var expected))
        {
            return null;
        }

        return !result.IsUndefined && JsonElement.DeepEquals(Normalize(result.ToElement()), Normalize(expected))
            ? null
            : $"expected {expected.GetRawText()}, got {(result.IsUndefined ? "undefined" : result)}";
    }

    // JSON text 1.0 and 1 are the same number to the suite.
    private static JsonElement Normalize(JsonElement element) =>
        JsonSerializer.SerializeToElement(Plain(element));

    private static object? Plain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().GroupBy(member => member.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => Plain(group.Last().Value), StringComparer.Ordinal),
        JsonValueKind.Array => element.EnumerateArray().Select(Plain).ToArray(),
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private string? CompareError(JsonataError error)
    {
        // The reference has one code for too deep and for too long.
        var code = error.Code is "U1002" && Number("timelimit") is not null ? "U1001" : error.Code;
        if (ExpectedCode != code)
        {
            return $"expected {ExpectedCode ?? "a result"}, got {error}";
        }

        if (Case.TryGetProperty("token", out var token) && token.GetString() != error.Token)
        {
            return $"expected token {token.GetString()}, got {error.Token}";
        }

        return Case.TryGetProperty("error", out var expected)
            && expected.TryGetProperty("message", out var message) && message.GetString() != error.Message
            ? $"expected message {message.GetString()}, got {error.Message}"
            : null;
    }
}

/// <summary>Finds and reads the suite: groups/NAME/*.json (and .jsonata) with datasets/*.json beside.</summary>
internal static class Suite
{
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("JSONATA_SUITE") is { Length: > 0 } configured)
        {
            return configured;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Workflows.Aspire.slnx")))
            {
                var suite = Path.Combine(folder.FullName, "..", "shared", "conformance", "jsonata");
                return Directory.Exists(suite) ? Path.GetFullPath(suite) : null;
            }
        }

        return null;
    }

    public static IEnumerable<SuiteCase> Read(string suite)
    {
        var datasets = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var group in Directory.EnumerateDirectories(Path.Combine(suite, "groups")).Order(StringComparer.Ordinal))
        {
            foreach (var file in Directory.EnumerateFiles(group, "*.json").Order(StringComparer.Ordinal))
            {
                var content = Parse(file);
                var cases = content.ValueKind == JsonValueKind.Array ? content.EnumerateArray().ToArray() : [content];
                for (var i = 0; i < cases.Length; i++)
                {
                    var name = Path.GetFileName(file) + (cases.Length > 1 ? $"[{i}]" : "");
                    yield return new SuiteCase(
                        Path.GetFileName(group), name, Expression(cases[i], group), Data(cases[i], suite, datasets), cases[i]);
                }
            }
        }
    }

    private static JsonElement Parse(string file) =>
        JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { MaxDepth = 1_000 }).RootElement;

    private static string Expression(JsonElement suiteCase, string group) =>
        suiteCase.TryGetProperty("expr-file", out var file)
            ? File.ReadAllText(Path.Combine(group, file.GetString()!))
            : ElementText.Get(suiteCase.GetProperty("expr"));

    private static JsonElement? Data(JsonElement suiteCase, string suite, Dictionary<string, JsonElement> datasets)
    {
        if (suiteCase.TryGetProperty("data", out var data))
        {
            return data;
        }

        if (!suiteCase.TryGetProperty("dataset", out var dataset) || dataset.GetString() is not { } name)
        {
            return null;
        }

        if (!datasets.TryGetValue(name, out var parsed))
        {
            datasets.Add(name, parsed = Parse(Path.Combine(suite, "datasets", name + ".json")));
        }

        return parsed;
    }
}
