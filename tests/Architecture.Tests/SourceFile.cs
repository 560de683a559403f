using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Workflows.Architecture.Tests;

/// <summary>A C# file, parsed when a rule first asks for its syntax.</summary>
internal sealed class SourceFile(string path, string text)
{
    private static readonly string[] ProductNames =
        ["AiSearch", "Api", "AppHost", "Data", "Engine", "Jsonata", "ServiceDefaults", "Worker"];

    private static readonly string[] ProductFolders = [.. ProductNames.Select(project => $"{project}/")];

    private static readonly Lazy<IReadOnlyList<SourceFile>> Files =
        new(() => [.. Repository.Files(".cs").Select(path => new SourceFile(path, Repository.Read(path)))]);

    private CompilationUnitSyntax? _syntax;

    /// <summary>The projects of the product, which are also the names of their folders.</summary>
    public static IReadOnlyList<string> Projects => ProductNames;

    public static IReadOnlyList<SourceFile> All => Files.Value;

    public string Path { get; } = path;

    public string Text { get; } = text;

    public bool IsProduct => Path.IsBelow(ProductFolders);

    public bool IsTest => Path.IsBelow("tests/");

    public CompilationUnitSyntax Syntax => _syntax ??=
        CSharpSyntaxTree.ParseText(Text, new CSharpParseOptions(LanguageVersion.Preview)).GetCompilationUnitRoot();

    public IEnumerable<T> Nodes<T>()
        where T : SyntaxNode =>
        Syntax.DescendantNodes().OfType<T>();

    /// <summary>Where a violation is, as compilers write it: <c>path(line): what</c>.</summary>
    public string At(SyntaxNode node, string what) => $"{Path}({Line(node.GetLocation().GetLineSpan().StartLinePosition.Line)}): {what}";

    public string At(int line, string what) => $"{Path}({line}): {what}";

    private static int Line(int zeroBased) => zeroBased + 1;
}
