namespace Workflows.AiSearch;

/// <summary>The bounds of the search service. A caller that crosses one gets an error that names it.</summary>
internal static partial class Limits
{
    /// <summary>Characters of a query.</summary>
    public const int QueryMaxLength = 1_000;

    /// <summary>Hits in one answer, and how many there are when the caller names no number.</summary>
    public const int HitsPerAnswer = 100;

    public const int DefaultHits = 10;

    /// <summary>Values of one repeated filter parameter.</summary>
    public const int FilterValues = 20;

    /// <summary>Characters of a tag in a filter.</summary>
    public const int TagMaxLength = 100;

    /// <summary>How long a signed internal call is taken for fresh, either way.</summary>
    public static readonly TimeSpan CallValidity = TimeSpan.FromSeconds(60);

    /// <summary>Hits that are passed over before those of an answer.</summary>
    public const int HitsPassedOver = 1_000;

    /// <summary>Types and tags that an answer counts hits of; the most frequent ones.</summary>
    public const int ValuesPerFacet = 20;

    /// <summary>Clauses of a query, and alternatives of one word: what it may be the beginning or a misspelling
    /// of.</summary>
    public const int ClausesPerQuery = 64;

    public const int AlternativesPerWord = 12;

    /// <summary>Words of a query whose misspellings are looked for.</summary>
    public const int CorrectedWords = 4;

    /// <summary>Letters that a word must have to be the beginning of another, or a misspelling by one or by two
    /// letters.</summary>
    public const int PrefixLettersMin = 3;

    public const int TypoLettersMin = 4;

    public const int SecondTypoLettersMin = 8;

    /// <summary>Words of a tenant's texts that beginnings and misspellings are completed to, and letters and digits
    /// of one.</summary>
    public const int DictionaryWords = 200_000;

    public const int DictionaryWordLength = 30;

    public const int DictionaryWordDigits = 4;

    /// <summary>Chunks whose text is read to find out whether it has a phrase; those with the best words
    /// first.</summary>
    public const int PhraseCandidates = 500;

    /// <summary>Terms of a document by which others like it are looked for.</summary>
    public const int TermsOfSimilar = 25;

    /// <summary>Suggestions in one answer, and how many there are when the caller names no number.</summary>
    public const int Suggestions = 20;

    public const int DefaultSuggestions = 8;

    /// <summary>Chunks each signal proposes where the vectors of a tenant are too many for memory.</summary>
    public const int CandidatesPerSignal = 100;

    /// <summary>The share of the query's trigrams that makes a name like the query.</summary>
    public const float NameSimilarityMin = 0.5f;

    /// <summary>Words up to which a query may be a name.</summary>
    public const int WordsOfName = 5;

    /// <summary>Chunks of a tenant up to which vectors are kept in memory and all compared (115 MB of 384
    /// dimensions); beyond, the index of the database is asked.</summary>
    public const int VectorsInMemory = 300_000;

    /// <summary>HNSW: candidates kept while searching (hnsw.ef_search), and tuples visited at most when a filter
    /// refuses many.</summary>
    public const int NearestBreadth = 100;

    public const int NearestTuples = 20_000;

    /// <summary>Characters of a snippet shown with a hit, and ranges marked in it.</summary>
    public const int SnippetLength = 300;

    public const int HighlightsPerHit = 20;

    /// <summary>Characters of a term; the rest of a longer run is not looked at.</summary>
    public const int TermMaxLength = 64;

    /// <summary>Characters by whose function words the language of a text is known.</summary>
    public const int LanguageSample = 600;

    /// <summary>Terms read from one text.</summary>
    public const int TermsPerText = 4_096;

    /// <summary>Characters of a document's title that are kept and compared.</summary>
    public const int TitleMaxLength = 300;

    /// <summary>Characters of a chunk, and how many of a split text's last ones the next chunk repeats.</summary>
    public const int ChunkMaxLength = 2_000;

    public const int ChunkOverlap = 200;

    /// <summary>Chunks of one document; what lies beyond is not found by its text.</summary>
    public const int ChunksPerDocument = 500;

    /// <summary>Characters that one node, step output or error adds to the text of its document.</summary>
    public const int PartMaxLength = 4_000;

    /// <summary>Nodes of a workflow that are found by themselves.</summary>
    public const int NodesPerWorkflow = 500;

    /// <summary>Steps of a failed execution that are read, the last ones first.</summary>
    public const int StepsPerExecution = 20;

    /// <summary>Nesting of parameters that is described in words.</summary>
    public const int DescribedDepth = 16;

    /// <summary>Outbox rows taken at once, and how long they are this process's before another may take them.</summary>
    public const int WorkPerClaim = 32;

    public static readonly TimeSpan ClaimLease = TimeSpan.FromMinutes(2);

    /// <summary>Tries before an outbox row is parked; the pause doubles from the first to the longest.</summary>
    public const int WorkAttempts = 8;

    public static readonly TimeSpan FirstRetryPause = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan LongestRetryPause = TimeSpan.FromMinutes(5);

    /// <summary>How long the consumer waits after the database was away.</summary>
    public static readonly TimeSpan OutagePause = TimeSpan.FromSeconds(2);

    /// <summary>How often the outbox is asked when no hint comes, and the sweep looks for models to train and vectors
    /// to renew.</summary>
    public static readonly TimeSpan OutboxPoll = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(30);

    /// <summary>What a round over the outbox, and a step of the sweep (one tenant's training, one batch of vectors),
    /// may take before it counts as hung.</summary>
    public static readonly TimeSpan LongestOutboxRound = TimeSpan.FromMinutes(5);

    public static readonly TimeSpan LongestSweepStep = TimeSpan.FromMinutes(15);

    /// <summary>How long the service goes without hints before it asks Redis for them again.</summary>
    public static readonly TimeSpan HintRetryPause = TimeSpan.FromSeconds(5);

    /// <summary>Characters of a cause kept with parked work.</summary>
    public const int CauseMaxLength = 1_000;

    /// <summary>Texts in one call of a provider.</summary>
    public const int TextsPerEmbedding = 64;

    /// <summary>Texts in one run of the built-in model, and tokens of one that it reads: about 1,100 characters. More
    /// texts at once bring nothing and cost memory.</summary>
    public const int TextsPerModelRun = 8;

    public const int TokensPerText = 256;

    /// <summary>Seconds a search waits for the query's vector before it answers by words alone.</summary>
    public static readonly TimeSpan QueryEmbeddingTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Bytes of a provider's answer that are read.</summary>
    public const int EmbeddingAnswerBytes = 16 * 1024 * 1024;

    /// <summary>Terms of a trained model (15 MB in half precision), and how many of them one stored part has.</summary>
    public const int VocabularyTerms = 20_000;

    public const int TermsPerModelPart = 1_000;

    /// <summary>Chunks from which there is something to learn, and how many are looked at, evenly taken.</summary>
    public const int TrainingChunksMin = 50;

    public const int TrainingChunksMax = 20_000;

    /// <summary>How much a corpus must have grown since it was last learnt from.</summary>
    public const double TrainingGrowth = 1.5;

    /// <summary>Documents read and analysed anew in one step.</summary>
    public const int DocumentsPerAnalysis = 100;

    /// <summary>Chunks embedded anew in one step of a change of the model.</summary>
    public const int ChunksPerReembedding = 256;

    /// <summary>Bytes of trained models and of corpora kept in memory; the least recently used go.</summary>
    public const long ModelCacheBytes = 512L * 1024 * 1024;

    public const long CorpusCacheBytes = 2048L * 1024 * 1024;

    /// <summary>How long an unused corpus stays in memory. Less than <see cref="TombstoneLifetime"/>, or it would
    /// miss removals.</summary>
    public static readonly TimeSpan CorpusIdle = TimeSpan.FromHours(24);

    public static readonly TimeSpan TombstoneLifetime = TimeSpan.FromDays(7);

    /// <summary>Documents read at once to bring a corpus forward.</summary>
    public const int ChangesPerRead = 2_000;

    /// <summary>Dead chunks a corpus in memory may always have; beyond it, not more than a quarter of all.</summary>
    public const int DeadChunksKept = 1_000;
}
