namespace Workflows.Api;

internal static partial class Limits
{
    /// <summary>Prompt cards of a tenant.</summary>
    public const int PromptCardsPerTenant = 10_000;

    /// <summary>Versions of a prompt card.</summary>
    public const int PromptVersionsPerCard = 1_000;

    /// <summary>Test sets of a prompt card.</summary>
    public const int TestSetsPerCard = 50;

    /// <summary>Bytes of the cases of a test set.</summary>
    public const int TestCasesBytes = 1024 * 1024;

    /// <summary>Models that are asked side by side, or in one run of a test set.</summary>
    public const int PromptModels = 8;

    /// <summary>Versions in one run of a test set.</summary>
    public const int PromptTestVersions = 10;

    /// <summary>How often each case is asked in one run of a test set.</summary>
    public const int PromptTestRepeats = 20;

    /// <summary>Questions of one run of a test set.</summary>
    public const int PromptTestQuestions = 5_000;

    /// <summary>Runs of test sets that are under way at once in a tenant.</summary>
    public const int PromptTestRunsAtOnce = 20;

    /// <summary>Days that figures of prompt cards go back.</summary>
    public const int PromptDays = 30;

    /// <summary>Prompt cards of one file.</summary>
    public const int PromptCardsPerFile = 200;
}
