namespace Workflows.Models;

/// <summary>Every bound of what is asked of models. A caller that crosses one gets an error that names it.</summary>
public static class Limits
{
    /// <summary>Messages of one call.</summary>
    public const int Messages = 500;

    /// <summary>Characters of all messages of one call together.</summary>
    public const int PromptLength = 2_000_000;

    /// <summary>Bytes of one answer of a provider, as it comes over the network.</summary>
    public const int AnswerBytes = 16 * 1024 * 1024;

    /// <summary>Characters of the text of one answer.</summary>
    public const int AnswerLength = 1_000_000;

    /// <summary>Bytes of a provider's error that are looked at.</summary>
    public const int ErrorBytes = 16 * 1024;

    /// <summary>Characters of a provider's words in a message of ours.</summary>
    public const int ErrorLength = 500;

    /// <summary>Tries of one call while nothing of its answer has been given out.</summary>
    public const int Tries = 3;

    /// <summary>The longest that a provider may ask to wait within a call; more is the caller's to decide.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    /// <summary>The first pause where a provider names none; it doubles.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the end of a call tries to reach the database: the answer is there, and paid.</summary>
    public static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(20);

    /// <summary>Tokens that are reserved for an answer whose length nothing bounds.</summary>
    public const int ReservedOutputTokens = 4_096;

    /// <summary>Texts of one call of an embedding model.</summary>
    public const int Texts = 500;

    /// <summary>Texts that go to a provider at once.</summary>
    public const int TextsPerRequest = 100;

    /// <summary>Characters that are counted as one token where a provider tells none.</summary>
    public const int CharactersPerToken = 4;
}
