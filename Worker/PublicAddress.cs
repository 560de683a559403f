using Workflows.Data.Secrets;
using Workflows.Engine.Executions;

namespace Workflows.Worker;

/// <summary>
/// Where callers from outside reach the API, as far as this worker was told: <c>Api:PublicUrl</c>, and the secret that
/// it shares with the API (<c>Security:CallbackKey</c>). Without either, workflows that wait for a call fail at that
/// node and say why; all others run.
/// </summary>
internal sealed class PublicAddress
{
    private const string UrlSetting = "Api:PublicUrl";

    /// <exception cref="InvalidOperationException">The address is none, or the secret too short.</exception>
    public PublicAddress(IConfiguration configuration)
    {
        if (configuration[UrlSetting] is not { Length: > 0 } text
            || ServiceKeys.Callbacks(configuration) is not { } secret)
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
