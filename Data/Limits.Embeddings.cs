namespace Workflows.Data;

// Of vectors that clients bring.
public static partial class Limits
{
    /// <summary>Content types of a tenant.</summary>
    public const int EmbeddingTypes = 100;

    /// <summary>Vectors of a type up to which all are compared.</summary>
    public const int ExactVectors = 20_000;
}
