using System.Text.RegularExpressions;

namespace Workflows.Architecture.Tests;

/// <summary>
/// Words that say the work is not done, that a test waits by the clock, or that a project knows too much.
/// </summary>
internal static partial class TextRules
{
    public static SourceRule[] All { get; } =
    [
        new(
            "Nothing is left for later",
            file => Matches(file, Unfinished(), "do it, or write an issue"),
            "Data/Store.cs",
            "// " + "TODO: fence")
        {
            OtherExample = "class C { void M() => throw new " + "NotImplementedException(); }",
        },
        new(
            "Nothing blocks a thread to wait",
            file => Matches(file, Blocking(), "await a signal, or poll a condition with a bound"),
            "tests/Data.Tests/StoreTests.cs",
            "class C { void M() => Thread" + ".Sleep(10); }"),
        new(
            "ServiceDefaults and Jsonata know no word of the domain",
            file => file.Path.IsBelow("ServiceDefaults/", "Jsonata/")
                ? file.Syntax.DescendantTokens().Where(token => DomainWord().IsMatch(token.Text))
                    .Select(token => file.At(token.Parent!, $"speaks of the domain: {token.Text}"))
                : [],
            "ServiceDefaults/Extensions.cs",
            "class TenantHealth;"),
    ];

    private static IEnumerable<string> Matches(SourceFile file, Regex text, string instead) =>
        file.Path.IsBelow("tests/Architecture.Tests/")
            ? []
            : file.Text.Split('\n')
                .Select((line, index) => (Match: text.Match(line), Number: index + 1))
                .Where(found => found.Match.Success)
                .Select(found => file.At(found.Number, $"{found.Match.Value}: {instead}"));

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"Thread\.Sleep|\.GetAwaiter\(\)\.GetResult\(\)")]
    private static partial Regex Blocking();

    // "Workflows" is the name of the product, as in namespaces.
    [GeneratedRegex(@"workflow(?!s\b)|tenant|checkpoint|dead.?letter|idempotency", RegexOptions.IgnoreCase)]
    private static partial Regex DomainWord();
}
