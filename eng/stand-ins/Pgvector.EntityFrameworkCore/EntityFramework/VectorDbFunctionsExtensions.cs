using System.Runtime.CompilerServices;

namespace Pgvector.EntityFrameworkCore;

/// <summary>pgvector's distances, for queries only; each becomes the operator named.</summary>
public static class VectorDbFunctionsExtensions
{
    /// <summary>Euclidean distance, <c>&lt;-&gt;</c>.</summary>
    public static double L2Distance(this object a, object b) => throw OnClient();

    /// <summary>The negative inner product, <c>&lt;#&gt;</c>: smaller is nearer.</summary>
    public static double MaxInnerProduct(this object a, object b) => throw OnClient();

    /// <summary>One minus the cosine, <c>&lt;=&gt;</c>.</summary>
    public static double CosineDistance(this object a, object b) => throw OnClient();

    /// <summary>Taxicab distance, <c>&lt;+&gt;</c>.</summary>
    public static double L1Distance(this object a, object b) => throw OnClient();

    /// <summary>Of bit strings, <c>&lt;~&gt;</c>.</summary>
    public static double HammingDistance(this object a, object b) => throw OnClient();

    /// <summary>Of bit strings, <c>&lt;%&gt;</c>.</summary>
    public static double JaccardDistance(this object a, object b) => throw OnClient();

    private static InvalidOperationException OnClient([CallerMemberName] string? method = null) =>
        new($"{method} can only be used within a query that the database runs.");
}
