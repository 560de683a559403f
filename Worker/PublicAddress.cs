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
        if (configuration[UrlSetting] is not { Length: > 0 } text)
        {
            return;
        }

        var url = Uri.TryCreate(text, UriKind.Absolute, out var read) && read.Scheme is "http" or "https"
            ? read
            : throw new InvalidOperationException($"{UrlSetting} must be an absolute http or https address.");
        Url = text.TrimEnd('/');
        if (ServiceKeys.Callbacks(configuration) is { } secret)
        {
            Callbacks = new CallbackAddresses(url, new CallbackTokens(secret));
        }
    }

    /// <summary>What links begin with, without a slash at its end; null when it was not told.</summary>
    public string? Url { get; }

    /// <summary>Null when it was not told.</summary>
    public CallbackAddresses? Callbacks { get; }
}
