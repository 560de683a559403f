namespace Workflows.Api;

// Of what people work with before there is a version.
internal static partial class Limits
{
    /// <summary>Bytes of the JSON of a working copy.</summary>
    public const int WorkingCopyBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of a request that holds one: what stands around it is small.</summary>
    public const int WorkingCopyBodyBytes = WorkingCopyBytes + 1024;

    /// <summary>Bytes of the pins of a workflow, and of those of one test together with them.</summary>
    public const int PinsBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of a request that starts a test: a definition, an input and pins.</summary>
    public const int TestBodyBytes = 12 * 1024 * 1024;

    /// <summary>Tests of a tenant that are not over.</summary>
    public const int TestsAtOnce = 50;

    /// <summary>Bytes of the outputs that one expression over an execution may have to choose from.</summary>
    public const int PastScopeBytes = 32 * 1024 * 1024;

    /// <summary>How long an expression is evaluated for its author.</summary>
    public static readonly TimeSpan TrialTime = TimeSpan.FromSeconds(2);
}
