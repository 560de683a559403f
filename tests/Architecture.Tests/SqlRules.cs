using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Workflows.Architecture.Tests;

/// <summary>
/// SQL is a constant named <c>...Sql</c>, never built at run time: a test can then prepare every statement, and no value
/// ever becomes part of the text.
/// </summary>
internal static class SqlRules
{
    // Runs the embedded migration files.
    private const string MigrationRunner = "Data/Database/MigrationRunner.cs";

    private static readonly string[] CommandTypes = ["NpgsqlCommand", "NpgsqlBatchCommand"];
    private static readonly string[] CommandMethods = ["CreateCommand", "FromSqlRaw", "SqlQueryRaw", "ExecuteSqlRaw", "ExecuteSqlRawAsync"];

    public static SourceRule[] All { get; } =
    [
        new(
            "A command runs a constant named Sql",
            file => file.IsProduct && file.Path != MigrationRunner ? CommandTexts(file).Where(text => !IsConstant(text, file))
                .Select(text => file.At(text, $"runs {Short(text)}; name a constant ...Sql")) : [],
            "Data/Store.cs",
            """class C { void M(string name) => database.CreateCommand($"select * from {name}"); }""")
        {
            OtherExample = """class C { void M() { Run("select 1" + x); } private void Run(string sql) { new NpgsqlBatchCommand(sql); } }""",
        },
        new(
            "What is named Sql is a constant",
            file => file.IsProduct ? Variables(file) : [],
            "Data/Store.cs",
            """class C { private static readonly string FindSql = Build(); }""")
        {
            OtherExample = """class C { string FindSql => "select 1"; }""",
        },
    ];

    private static IEnumerable<ExpressionSyntax> CommandTexts(SourceFile file)
    {
        foreach (var creation in file.Nodes<ObjectCreationExpressionSyntax>().Where(node => CommandTypes.Contains(node.Type.ToString())))
        {
            if (creation.ArgumentList?.Arguments is [var text, ..])
            {
                yield return text.Expression;
            }
        }

        foreach (var call in file.Nodes<InvocationExpressionSyntax>().Where(node => CommandMethods.Contains(MethodName(node))))
        {
            if (call.ArgumentList.Arguments is [var text, ..])
            {
                yield return text.Expression;
            }
        }

        foreach (var assignment in file.Nodes<AssignmentExpressionSyntax>()
            .Where(node => node.Left.ToString().Split('.')[^1] == "CommandText" && !node.Right.ToString().Contains("CommandText", StringComparison.Ordinal)))
        {
            yield return assignment.Right;
        }
    }

    private static bool IsConstant(ExpressionSyntax text, SourceFile file) => text switch
    {
        IdentifierNameSyntax name when name.Identifier.Text == "sql" => IsHelperOfConstants(name, file),
        IdentifierNameSyntax name => name.Identifier.Text.EndsWith("Sql", StringComparison.Ordinal),
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text.EndsWith("Sql", StringComparison.Ordinal),
        ConditionalExpressionSyntax choice => IsConstant(choice.WhenTrue, file) && IsConstant(choice.WhenFalse, file),
        ParenthesizedExpressionSyntax inner => IsConstant(inner.Expression, file),
        _ => false,
    };

    // A private helper may take the text as its parameter "sql" if every caller passes a constant. What is not private has its
    // callers elsewhere; there CA2100, an error in this repository, makes the author say why.
    private static bool IsHelperOfConstants(IdentifierNameSyntax name, SourceFile file)
    {
        foreach (var ancestor in name.Ancestors())
        {
            var (helper, parameters, isPrivate) = ancestor switch
            {
                MethodDeclarationSyntax method =>
                    (method.Identifier.Text, method.ParameterList.Parameters, method.Modifiers.Any(SyntaxKind.PrivateKeyword)),
                LocalFunctionStatementSyntax function => (function.Identifier.Text, function.ParameterList.Parameters, true),
                _ => default,
            };
            var index = parameters.IndexOf(parameter => parameter.Identifier.Text == "sql");
            if (index >= 0)
            {
                return !isPrivate || CallsPassConstants(file, helper, index);
            }
        }

        return false;
    }

    private static bool CallsPassConstants(SourceFile file, string helper, int index) =>
        file.Nodes<InvocationExpressionSyntax>()
            .Where(call => MethodName(call) == helper && call.ArgumentList.Arguments.Count > index)
            .All(call => IsConstant(call.ArgumentList.Arguments[index].Expression, file));

    private static IEnumerable<string> Variables(SourceFile file) =>
        file.Nodes<FieldDeclarationSyntax>()
            .Where(field => !field.Modifiers.Any(SyntaxKind.ConstKeyword) && field.Declaration.Variables.Any(variable => IsSql(variable.Identifier.Text)))
            .Select(field => file.At(field, "is not const"))
            .Concat(file.Nodes<LocalDeclarationStatementSyntax>()
                .Where(local => !local.Modifiers.Any(SyntaxKind.ConstKeyword) && local.Declaration.Variables.Any(variable => IsSql(variable.Identifier.Text)))
                .Select(local => file.At(local, "is not const")))
            .Concat(file.Nodes<PropertyDeclarationSyntax>().Where(property => IsSql(property.Identifier.Text))
                .Select(property => file.At(property, "is a property")));

    private static bool IsSql(string name) => name.EndsWith("Sql", StringComparison.Ordinal);

    private static string MethodName(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        SimpleNameSyntax name => name.Identifier.Text,
        MemberBindingExpressionSyntax binding => binding.Name.Identifier.Text,
        _ => "",
    };

    private static string Short(ExpressionSyntax text) => text.ToString() is { Length: > 60 } longText ? $"{longText[..60]}..." : text.ToString();
}
