namespace Workflows.AiSearch;

// Of articles and files.
internal static partial class Limits
{
    /// <summary>Characters of an article that is read out of a file (the API has the same number).</summary>
    public const int ArticleLength = 800_000;

    /// <summary>Chunks of an article, and passages of one answer.</summary>
    public const int ChunksPerArticle = 2_000;

    public const int PassagesPerAnswer = 50;

    public const int DefaultPassages = 8;

    /// <summary>Characters of a category in a filter.</summary>
    public const int CategoryMaxLength = 100;

    /// <summary>Characters of the headings that lead to a chunk.</summary>
    public const int LabelMaxLength = 300;

    /// <summary>How long a file is read at most, and how long its reading is one process's before another may begin
    /// anew.</summary>
    public static readonly TimeSpan ExtractionTime = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan ExtractionLease = TimeSpan.FromSeconds(90);

    /// <summary>How often a file is begun before it counts as one that ends whoever reads it.</summary>
    public const int ExtractionAttempts = 3;

    /// <summary>Files that are read at once.</summary>
    public const int FilesPerClaim = 2;

    /// <summary>Bytes of the memory that the reading of a file may have: managed, and as the system counts
    /// it.</summary>
    public const long ExtractionHeapBytes = 256L * 1024 * 1024;

    public const long ExtractionProcessBytes = 640L * 1024 * 1024;

    /// <summary>Bytes that the reading of a file may answer.</summary>
    public const int ExtractionAnswerBytes = 8 * 1024 * 1024;

    /// <summary>How often the memory of the reading process is looked at.</summary>
    public static readonly TimeSpan MemoryLook = TimeSpan.FromMilliseconds(50);

    /// <summary>Pages of a document.</summary>
    public const int PagesPerFile = 2_000;

    /// <summary>Bytes to which a part of a DOCX may unfold.</summary>
    public const long UnfoldedBytes = 64L * 1024 * 1024;

    /// <summary>Elements within each other in HTML and DOCX.</summary>
    public const int MarkupDepth = 512;

    /// <summary>Columns of a table in a file.</summary>
    public const int ColumnsPerTable = 500;
}
