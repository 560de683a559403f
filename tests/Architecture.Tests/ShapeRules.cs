using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Workflows.Architecture.Tests;

/// <summary>Sizes, names and namespaces.</summary>
internal static class ShapeRules
{
    private const int MaxFileLines = 400;
    private const int MaxMethodLines = 60;
    private const int MinWordsOfTestName = 3;

    // The template's namespace, so that a Program.cs needs no using.
    private const string ServiceDefaultsExtensions = "ServiceDefaults/Extensions.cs";

    public static SourceRule[] All { get; } =
    [
        new(
            $"No file is longer than {MaxFileLines} lines",
            file => file.Text.Count(character => character == '\n') is > MaxFileLines and var lines
                ? [file.At(MaxFileLines, $"goes on to line {lines}; split it by what its parts do")]
                : [],
            "Data/Store.cs",
            new string('\n', MaxFileLines + 1)),
        new(
            $"No method is longer than {MaxMethodLines} lines",
            file => Bodies(file)
                .Select(body => (body.Node, Lines: LineCount(body.Node)))
                .Where(body => body.Lines > MaxMethodLines)
                .Select(body => file.At(body.Node, $"has {body.Lines} lines; extract what has a name")),
            "Data/Store.cs",
            $"class C {{ void M() {{{new string('\n', MaxMethodLines)}}} }}"),
        new(
            "The namespace of a file is its folder",
            file => file.IsProduct && file.Path != ServiceDefaultsExtensions
                ? file.Nodes<BaseNamespaceDeclarationSyntax>()
                    .Where(declaration => declaration.Name.ToString() != Namespace(file.Path))
                    .Select(declaration => file.At(declaration, $"is not {Namespace(file.Path)}"))
                : [],
            "Data/Executions/Store.cs",
            "namespace Workflows.Data;"),
        new(
            "Tests are sentences",
            file => file.IsTest
                ? file.Nodes<MethodDeclarationSyntax>()
                    .Where(IsTest)
                    .Where(test => test.Identifier.Text.Split('_').Length < MinWordsOfTestName || !char.IsUpper(test.Identifier.Text[0]))
                    .Select(test => file.At(test, $"{test.Identifier.Text} does not say what holds"))
                : [],
            "tests/Data.Tests/StoreTests.cs",
            "class StoreTests { [Fact] public void TestClaim() { } }"),
        new(
            "No code is folded away in regions",
            file => file.Syntax.DescendantTrivia().Where(trivia => trivia.IsKind(SyntaxKind.RegionDirectiveTrivia))
                .Select(trivia => file.At(trivia.GetLocation().GetLineSpan().StartLinePosition.Line + 1, "opens a region")),
            "Data/Store.cs",
            "#region A\n#endregion"),
        new(
            "No exception is swallowed",
            file => file.Nodes<CatchClauseSyntax>().Where(IsSilent)
                .Select(clause => file.At(clause, "catches and does nothing; name the exception and say why that is right")),
            "Data/Store.cs",
            "class C { void M() { try { } catch (System.Exception) { /* never mind */ } } }")
        {
            OtherExample = "class C { void M() { try { } catch (System.TimeoutException) { } } }",
        },
    ];

    private static IEnumerable<(SyntaxNode Node, bool IsLocal)> Bodies(SourceFile file) =>
        file.Nodes<BaseMethodDeclarationSyntax>().Select(node => ((SyntaxNode)node, false))
            .Concat(file.Nodes<AccessorDeclarationSyntax>().Select(node => ((SyntaxNode)node, false)))
            .Concat(file.Nodes<LocalFunctionStatementSyntax>().Select(node => ((SyntaxNode)node, true)));

    // Without the comment above and the attributes: a long explanation is no fault.
    private static int LineCount(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string Namespace(string path) => $"Workflows.{path[..path.LastIndexOf('/')].Replace('/', '.')}";

    private static bool IsTest(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes).Any(attribute => attribute.Name.ToString() is "Fact" or "Theory");

    private static bool IsSilent(CatchClauseSyntax clause) =>
        clause.Block.Statements.Count == 0
        && (clause.Declaration is null
            || clause.Declaration.Type.ToString() is "Exception" or "System.Exception"
            || !clause.Block.DescendantTrivia().Any(trivia => trivia.IsKind(SyntaxKind.SingleLineCommentTrivia)));
}
