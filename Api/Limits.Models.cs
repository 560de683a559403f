namespace Workflows.Api;

/// <summary>Of language models and conversations.</summary>
internal static partial class Limits
{
    /// <summary>Language models that a tenant may register.</summary>
    public const int ModelsPerTenant = 200;

    /// <summary>Bytes of the metadata of a language model.</summary>
    public const int ModelMetadataBytes = 16 * 1024;

    /// <summary>US dollars for a million tokens, at most.</summary>
    public const decimal ModelPrice = 100_000;

    /// <summary>Days of usage of language models in one answer.</summary>
    public const int ModelUsageDays = 366;

    /// <summary>Conversations of one person or key.</summary>
    public const int ConversationsPerOwner = 5_000;

    public const int MessagesPerConversation = 2_000;

    /// <summary>Characters of one message.</summary>
    public const int ConversationContentLength = 200_000;

    /// <summary>Characters of what a model is told before all else.</summary>
    public const int ConversationInstructionsLength = 20_000;

    /// <summary>Characters of a title that is the beginning of a question.</summary>
    public const int ConversationTitleLength = 80;

    /// <summary>Characters of what an agent calls a conversation.</summary>
    public const int ConversationSessionLength = 200;

    /// <summary>The last messages that a model is told, as far as its context has room.</summary>
    public const int ConversationTold = 200;

    /// <summary>Tokens of the context of a model whose registration does not say.</summary>
    public const int ContextTokens = 16_000;

    /// <summary>How often what has come of an answer is kept.</summary>
    public static readonly TimeSpan AnswerNoted = TimeSpan.FromSeconds(2);

    /// <summary>An answer of which nothing was heard for so long is over: no call takes longer.</summary>
    public static readonly TimeSpan SilentAnswer = TimeSpan.FromMinutes(11);

    /// <summary>How long the end of an answer tries to be kept.</summary>
    public static readonly TimeSpan AnswerEnd = TimeSpan.FromSeconds(10);

    /// <summary>Days that conversations are kept, at most.</summary>
    public const int ConversationDays = 3_650;
}
