namespace Workflows.Api;

// Of the console.
internal static partial class Limits
{
    /// <summary>How long a refresh token in a browser that was exchanged is answered with its successor again.</summary>
    public static readonly TimeSpan RefreshGrace = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of an answer from which on compressing it pays.</summary>
    public const int CompressedFromBytes = 1_024;
}
