using Microsoft.Extensions.Configuration;

namespace Workflows.Data.Secrets;

/// <summary>
/// The secrets by which the services know each other, section <c>Security</c> of the configuration. Each has one
/// purpose and is held only by those who need it, so that no service can sign what is another's to sign.
/// </summary>
/// <remarks>
/// Where one is not configured, <c>Security:EncryptionKey</c> stands in for it, as in configurations from before there
/// were several. A worker or a search service should not have that one: it is what the API signs access tokens with.
/// </remarks>
public static class ServiceKeys
{
    /// <summary>Characters of each, at least.</summary>
    public const int SecretLength = 32;

    /// <summary>Of the API alone: access tokens, refresh tokens and cursors.</summary>
    public const string RootSetting = "Security:EncryptionKey";

    /// <summary>Of workers, which make one-time addresses, and the API, which knows them again.</summary>
    public const string CallbackSetting = "Security:CallbackKey";

    /// <summary>
    /// Of the API: a former <see cref="CallbackSetting"/>. Addresses made with it are good until their waits end.
    /// </summary>
    public const string FormerCallbackSetting = "Security:FormerCallbackKey";

    /// <summary>Of API and workers, which call the search service, and of that one.</summary>
    public const string SearchSetting = "Security:SearchKey";

    /// <returns>The secret for one-time addresses; null where this service was told none.</returns>
    public static string? Callbacks(IConfiguration configuration) => Read(configuration, CallbackSetting);

    /// <returns>The secret for calls of the search service; null where this service was told none.</returns>
    public static string? Search(IConfiguration configuration) => Read(configuration, SearchSetting);

    /// <summary>The secrets of addresses that were made before the current one came: never for new ones.</summary>
    public static IReadOnlyList<string> FormerCallbacks(IConfiguration configuration) =>
    [
        .. new[] { configuration[FormerCallbackSetting], configuration[RootSetting] }
            .OfType<string>().Where(secret => secret.Length > 0 && secret != Callbacks(configuration)),
    ];

    /// <exception cref="InvalidOperationException">It is too short to be a secret.</exception>
    private static string? Read(IConfiguration configuration, string setting) => configuration[setting] switch
    {
        null or "" => configuration[RootSetting] is { Length: > 0 } root ? root : null,
        { Length: < SecretLength } => throw new InvalidOperationException(
            $"{setting} must be a random secret of at least {SecretLength} characters."),
        var secret => secret,
    };
}
