namespace Workflows.Api;

// Of what a tenant knows.
internal static partial class Limits
{
    /// <summary>Characters of an article, written or read out of a file (AiSearch has the same number).</summary>
    public const int ArticleLength = 800_000;

    /// <summary>Bytes of a request that holds an article.</summary>
    public const int ArticleBodyBytes = 6 * 1024 * 1024;

    /// <summary>Characters of a category.</summary>
    public const int CategoryLength = 100;

    /// <summary>Characters of the address where an article comes from.</summary>
    public const int SourceUrlLength = 2_000;

    /// <summary>Articles of a tenant.</summary>
    public const int Articles = 20_000;

    /// <summary>Versions of an article that are kept; the oldest go.</summary>
    public const int ArticleVersions = 100;

    /// <summary>Categories that are counted.</summary>
    public const int Categories = 500;

    /// <summary>Bytes of a file.</summary>
    public const int KnowledgeFileBytes = 20 * 1024 * 1024;

    /// <summary>Characters of the name of a file.</summary>
    public const int FileNameLength = 200;

    /// <summary>Differing lines up to which two versions are compared line by line; beyond, what lies between is
    /// one block.</summary>
    public const int DiffedLines = 2_000;

    /// <summary>Lines of a comparison that are answered.</summary>
    public const int DiffAnswerLines = 5_000;

    /// <summary>Passages in one answer, and how many there are when the caller names no number.</summary>
    public const int Passages = 50;

    public const int DefaultPassages = 8;

    /// <summary>Characters of a text that others should be like, and of a question: they are part of an
    /// address.</summary>
    public const int PassageQueryLength = 800;

    /// <summary>Tags that passages must have.</summary>
    public const int PassageTags = 20;

    /// <summary>Dimensions of a vector that a client brings.</summary>
    public const int EmbeddingDimensions = 4_000;

    /// <summary>Vectors stored in one call, and bytes of that call: 100 of 4,000 dimensions in full
    /// precision.</summary>
    public const int EmbeddingBatch = 100;

    public const int EmbeddingBodyBytes = 12 * 1024 * 1024;

    /// <summary>Characters of a content type and of a content's id.</summary>
    public const int EmbeddingNameLength = 100;

    public const int EmbeddingIdLength = 200;

    /// <summary>Bytes of a vector's metadata, and characters of the text that it stands for.</summary>
    public const int EmbeddingMetadataBytes = 16 * 1024;

    public const int EmbeddingTextLength = 20_000;

    /// <summary>Hits of a search by a vector.</summary>
    public const int EmbeddingHits = 100;

    public const int DefaultEmbeddingHits = 10;
}
