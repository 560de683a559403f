namespace Workflows.Engine.Prompts;

/// <summary>Every bound of prompt cards and of what they are tested with.</summary>
public static class PromptLimits
{
    /// <summary>Messages of a card.</summary>
    public const int Messages = 50;

    /// <summary>Characters of one message of a card.</summary>
    public const int MessageLength = 100_000;

    /// <summary>Characters of all messages together, once variables are put in.</summary>
    public const int RenderedLength = 1_000_000;

    /// <summary>Variables of a card.</summary>
    public const int Variables = 100;

    /// <summary>Values of an enum.</summary>
    public const int Options = 200;

    /// <summary>Characters of a description, an option, a name of a case.</summary>
    public const int ShortText = 500;

    /// <summary>Characters of a regular expression.</summary>
    public const int PatternLength = 1_000;

    /// <summary>How long one regular expression may take on one text.</summary>
    public static readonly TimeSpan PatternTime = TimeSpan.FromSeconds(1);

    /// <summary>How long one expression of an assertion may take.</summary>
    public static readonly TimeSpan ExpressionTime = TimeSpan.FromSeconds(1);

    /// <summary>Cases of a test set.</summary>
    public const int Cases = 500;

    /// <summary>Assertions of a case.</summary>
    public const int Assertions = 20;

    /// <summary>Characters of a value that an assertion compares with.</summary>
    public const int AssertedLength = 100_000;
}
