namespace Workflows.Api;

// Of what people work with before there is a version.
internal static partial class Limits
{
    /// <summary>Bytes of the JSON of a working copy.</summary>
    public const int WorkingCopyBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of a request that holds one: what stands around it is small.</summary>
    public const int WorkingCopyBodyBytes = WorkingCopyBytes + 1024;
}
