using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql.EntityFrameworkCore.PostgreSQL.Query.Expressions.Internal;

namespace Pgvector.EntityFrameworkCore;

internal sealed class VectorTranslatorPlugin(ISqlExpressionFactory sqlExpressions, IRelationalTypeMappingSource typeMappings)
    : IMethodCallTranslatorPlugin
{
    public IEnumerable<IMethodCallTranslator> Translators { get; } = [new DistanceTranslator(sqlExpressions, typeMappings)];

    private sealed class DistanceTranslator(ISqlExpressionFactory sqlExpressions, IRelationalTypeMappingSource typeMappings)
        : IMethodCallTranslator
    {
        public SqlExpression? Translate(
            SqlExpression? instance,
            MethodInfo method,
            IReadOnlyList<SqlExpression> arguments,
            IDiagnosticsLogger<DbLoggerCategory.Query> logger) =>
            method.DeclaringType == typeof(VectorDbFunctionsExtensions)
                ? new PgUnknownBinaryExpression(
                    sqlExpressions.ApplyDefaultTypeMapping(arguments[0]),
                    sqlExpressions.ApplyDefaultTypeMapping(arguments[1]),
                    Operator(method.Name),
                    typeof(double),
                    typeMappings.FindMapping(typeof(double)))
                : null;

        private static string Operator(string method) => method switch
        {
            nameof(VectorDbFunctionsExtensions.L2Distance) => "<->",
            nameof(VectorDbFunctionsExtensions.MaxInnerProduct) => "<#>",
            nameof(VectorDbFunctionsExtensions.CosineDistance) => "<=>",
            nameof(VectorDbFunctionsExtensions.L1Distance) => "<+>",
            nameof(VectorDbFunctionsExtensions.HammingDistance) => "<~>",
            nameof(VectorDbFunctionsExtensions.JaccardDistance) => "<%>",
            _ => throw new InvalidOperationException($"{method} has no operator."),
        };
    }
}
