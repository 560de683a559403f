using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>
/// Where callers from outside reach the API, as far as this worker was told: <c>Api:PublicUrl</c>, and the secret that it shares with the API. Without either,
/// workflows that wait for a call fail at that node and say why; all others run.
/// </summary>
internal sealed class PublicAddress
{
    private const string UrlSetting = "Api:PublicUrl";
    private const string SecretSetting = "Security:EncryptionKey";

    /// <exception cref="InvalidOperationException">The address is none.</exception>
    public PublicAddress(IConfiguration configuration)
    {
        if (configuration[UrlSetting] is not { Length: > 0 } text || configuration[SecretSetting] is not { Length: > 0 } secret)
        {
            return;
        }

        Callbacks = Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new CallbackAddresses(url, new CallbackTokens(secret))
            : throw new InvalidOperationException($"{UrlSetting} must be an absolute http or https address.");
    }

    /// <summary>Null when it was not told.</summary>
    public CallbackAddresses? Callbacks { get; }
}
