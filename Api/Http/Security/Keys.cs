using System.Security.Cryptography;
using System.Text;
using Workflows.Data.Secrets;
using Workflows.Engine.Executions;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Keys for what we sign, each derived for its one purpose: what is the API's alone from <c>Security:EncryptionKey</c>,
/// what it shares with others from <see cref="ServiceKeys"/>. All instances of the API have the same.
/// </summary>
internal sealed class Keys
{
    public const string ConfigurationName = ServiceKeys.RootSetting;

    private const int KeyBytes = 32;

    /// <exception cref="InvalidOperationException">The secret is missing or too short; there is no default.</exception>
    public Keys(IConfiguration configuration)
    {
        var secret = configuration[ConfigurationName];
        if (secret is null || secret.Length < ServiceKeys.SecretLength)
        {
            throw new InvalidOperationException($"{ConfigurationName} must be a random secret of at least {ServiceKeys.SecretLength} characters.");
        }

        AccessTokens = Derive(secret, "access-tokens");
        RefreshTokens = Derive(secret, "refresh-tokens");
        Cursors = Derive(secret, "cursors");
        LoginChallenges = Derive(secret, "login-challenges");
        AccountLinks = Derive(secret, "account-links");
        InternalCalls = Derive(ServiceKeys.Search(configuration)!, "internal-calls");
        Callbacks = new CallbackTokens(ServiceKeys.Callbacks(configuration)!, ServiceKeys.FormerCallbacks(configuration));
    }

    public byte[] AccessTokens { get; }

    public byte[] RefreshTokens { get; }

    public byte[] Cursors { get; }

    /// <summary>What stands between the two steps of a login.</summary>
    public byte[] LoginChallenges { get; }

    /// <summary>Links that invite, reset a password or verify an address.</summary>
    public byte[] AccountLinks { get; }

    /// <summary>Calls to the search service.</summary>
    public byte[] InternalCalls { get; }

    /// <summary>Tokens of one-time addresses; the workers make them, from the same secret.</summary>
    public CallbackTokens Callbacks { get; }

    private static byte[] Derive(string secret, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), KeyBytes, info: Encoding.UTF8.GetBytes(purpose));
}
