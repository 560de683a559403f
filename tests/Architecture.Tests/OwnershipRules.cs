using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Workflows.Architecture.Tests;

/// <summary>Who may know what: drivers have owners, features do not meet, the pure projects stay pure.</summary>
internal static partial class OwnershipRules
{
    private static readonly string[] Impure =
        ["Task", "ValueTask", "HttpClient", "Socket", "File", "Directory", "FileStream", "Stopwatch", "Environment", "Thread", "Console"];

    private static readonly string[] Unpredictable = ["TimeProvider", "Random.Shared", "Guid.CreateVersion7", "RandomNumberGenerator"];

    public static SourceRule[] All { get; } =
    [
        Driver("Npgsql", "Data/", "AiSearch/"),
        Driver("StackExchange.Redis", "Data/"),
        Driver("Microsoft.EntityFrameworkCore", "Data/", "Api/"),
        Driver("MailKit", "Data/Connectors/"),
        Driver("MimeKit", "Data/Connectors/"),
        Driver("Amazon", "Data/Connectors/"),
        new(
            "Api features do not use each other",
            file => ApiFeature().Match(file.Path) is { Success: true } feature ? ForeignFeatures(file, feature.Groups[1].Value) : [],
            "Api/Executions/ExecutionEndpoints.cs",
            "using Workflows.Api.Events;"),
        new(
            "Engine and Jsonata do no I/O and know no thread",
            file => file.Path.IsBelow("Engine/", "Jsonata/") ? Identifiers(file, Impure).Concat(Asynchronous(file)) : [],
            "Engine/Decider.cs",
            "class C { Task<int> M() => Task.FromResult(1); }")
        {
            OtherExample = "class C { async void M() { } }",
        },
        new(
            "Engine knows neither clock nor chance",
            file => file.Path.IsBelow("Engine/") ? Identifiers(file, Unpredictable) : [],
            "Engine/Decider.cs",
            "class C { double M() => Random.Shared.NextDouble(); }")
        {
            OtherExample = "class C(TimeProvider time);",
        },
        new(
            "ServiceDefaults and Jsonata know no word of the domain",
            file => file.Path.IsBelow("ServiceDefaults/", "Jsonata/")
                ? file.Syntax.DescendantTokens().Where(token => DomainWord().IsMatch(token.Text))
                    .Select(token => file.At(token.Parent!, $"speaks of the domain: {token.Text}"))
                : [],
            "ServiceDefaults/Extensions.cs",
            "class TenantHealth;"),
        new(
            "Nothing outside eng knows of the stand-ins",
            file => file.Path.IsBelow("eng/", "tests/Architecture.Tests/")
                ? []
                : Lines(file).Where(line => StandIn().IsMatch(line.Text)).Select(line => file.At(line.Number, "speaks of the stand-ins")),
            "Api/Program.cs",
            "// with the stand-in this is slower"),
    ];

    private static SourceRule Driver(string driver, params string[] owners) => new(
        $"{driver} is used only in {string.Join(" and ", owners)}",
        file => file.IsProduct && !file.Path.IsBelow(owners)
            ? file.Nodes<NameSyntax>()
                .Where(name => name.Parent is not NameSyntax and not MemberAccessExpressionSyntax && StartsWith(name.ToString(), driver))
                .Concat<SyntaxNode>(file.Nodes<MemberAccessExpressionSyntax>()
                    .Where(access => access.Parent is not MemberAccessExpressionSyntax && StartsWith(access.ToString(), driver)))
                .Select(node => file.At(node, $"uses {driver}; ask its owner for what you need"))
            : [],
        "Worker/Loop.cs",
        $"using {driver};")
    {
        OtherExample = $"class C {{ object M() => {driver}.Thing.Create(); }}",
    };

    private static bool StartsWith(string name, string driver) =>
        name == driver || name.StartsWith($"{driver}.", StringComparison.Ordinal)
        || (driver == "Npgsql" && name.StartsWith("NpgsqlTypes", StringComparison.Ordinal));

    // Http holds what every feature's endpoints share.
    private static IEnumerable<string> ForeignFeatures(SourceFile file, string own) =>
        own == "Http"
            ? []
            : file.Nodes<NameSyntax>()
                .Select(name => (Node: name, Feature: ApiNamespace().Match(name.ToString())))
                .Where(use => use.Feature.Success && use.Feature.Groups[1].Value != own && use.Feature.Groups[1].Value != "Http")
                .Select(use => file.At(use.Node, $"{own} uses {use.Feature.Groups[1].Value}; move what both need to Http or to Data"));

    private static IEnumerable<string> Identifiers(SourceFile file, string[] names) =>
        from name in file.Nodes<SimpleNameSyntax>()
        let text = name.Parent is MemberAccessExpressionSyntax access && access.Expression == name
            ? $"{name.Identifier.Text}.{access.Name.Identifier.Text}"
            : name.Identifier.Text
        where name.Parent is not NameColonSyntax && !IsMemberOfAnother(name)
        where names.Contains(text) || (text.Contains('.', StringComparison.Ordinal) && names.Contains(name.Identifier.Text))
        select file.At(name, $"uses {text}");

    private static bool IsMemberOfAnother(SimpleNameSyntax name) =>
        name.Parent is MemberAccessExpressionSyntax access && access.Name == name;

    private static IEnumerable<string> Asynchronous(SourceFile file) =>
        file.Syntax.DescendantTokens().Where(token => token.IsKind(SyntaxKind.AsyncKeyword)).Select(token => file.At(token.Parent!, "is async"));

    private static IEnumerable<(int Number, string Text)> Lines(SourceFile file) =>
        file.Text.Split('\n').Select((text, index) => (index + 1, text));

    [GeneratedRegex(@"^Api/(\w+)/")]
    private static partial Regex ApiFeature();

    [GeneratedRegex(@"^Workflows\.Api\.(\w+)")]
    private static partial Regex ApiNamespace();

    // "Workflows" is the name of the product, as in namespaces.
    [GeneratedRegex(@"workflow(?!s\b)|tenant|checkpoint|dead.?letter|idempotency", RegexOptions.IgnoreCase)]
    private static partial Regex DomainWord();

    [GeneratedRegex("stand-?in(?!g)|UseStandIns", RegexOptions.IgnoreCase)]
    private static partial Regex StandIn();
}
