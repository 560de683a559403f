using System.Security.Cryptography;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Keys for what we sign, each derived from <c>Security:EncryptionKey</c> for its one purpose. All instances of the API have the same.
/// </summary>
internal sealed class Keys
{
    public const string ConfigurationName = "Security:EncryptionKey";

    private const int KeyBytes = 32;

    /// <exception cref="InvalidOperationException">The key is missing or too short; there is no default.</exception>
    public Keys(IConfiguration configuration)
    {
        var text = configuration[ConfigurationName];
        var master = new byte[KeyBytes];
        if (string.IsNullOrEmpty(text) || !Convert.TryFromBase64String(text, master, out var length) || length != KeyBytes)
        {
            throw new InvalidOperationException($"{ConfigurationName} must be {KeyBytes} random bytes in base64.");
        }

        AccessTokens = Derive(master, "access-tokens");
        RefreshTokens = Derive(master, "refresh-tokens");
        Cursors = Derive(master, "cursors");
        InternalCalls = Derive(master, "internal-calls");
        CryptographicOperations.ZeroMemory(master);
    }

    public byte[] AccessTokens { get; }

    public byte[] RefreshTokens { get; }

    public byte[] Cursors { get; }

    /// <summary>Calls to the search service.</summary>
    public byte[] InternalCalls { get; }

    private static byte[] Derive(byte[] master, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, master, KeyBytes, info: System.Text.Encoding.UTF8.GetBytes(purpose));
}
