using System.Security.Cryptography;
using System.Text;
using Workflows.Engine.Executions;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Keys for what we sign, each derived from <c>Security:EncryptionKey</c> for its one purpose. All instances of the API have the same.
/// </summary>
internal sealed class Keys
{
    public const string ConfigurationName = "Security:EncryptionKey";

    private const int KeyBytes = 32;
    private const int SecretLength = 32;

    /// <exception cref="InvalidOperationException">The secret is missing or too short; there is no default.</exception>
    public Keys(IConfiguration configuration)
    {
        var secret = configuration[ConfigurationName];
        if (secret is null || secret.Length < SecretLength)
        {
            throw new InvalidOperationException($"{ConfigurationName} must be a random secret of at least {SecretLength} characters.");
        }

        AccessTokens = Derive(secret, "access-tokens");
        RefreshTokens = Derive(secret, "refresh-tokens");
        Cursors = Derive(secret, "cursors");
        InternalCalls = Derive(secret, "internal-calls");
        Callbacks = new CallbackTokens(secret);
    }

    public byte[] AccessTokens { get; }

    public byte[] RefreshTokens { get; }

    public byte[] Cursors { get; }

    /// <summary>Calls to the search service.</summary>
    public byte[] InternalCalls { get; }

    /// <summary>Tokens of one-time addresses; the workers make the same from the same secret.</summary>
    public CallbackTokens Callbacks { get; }

    private static byte[] Derive(string secret, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), KeyBytes, info: Encoding.UTF8.GetBytes(purpose));
}
