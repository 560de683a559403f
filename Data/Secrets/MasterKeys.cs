using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace Workflows.Data.Secrets;

/// <summary>Section <c>Secrets</c> of the configuration.</summary>
public sealed record MasterKeyOptions
{
    /// <summary>Secrets by key id; each of at least <see cref="MasterKeys.SecretLength"/> random characters.</summary>
    public IReadOnlyDictionary<string, string> MasterKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>A file with further keys: lines of the form <c>id secret</c>.</summary>
    public string? MasterKeyFile { get; init; }

    /// <summary>The id of the key for new writes; needed when there are several.</summary>
    public string? CurrentMasterKey { get; init; }

    /// <summary>Reads the section.</summary>
    public static MasterKeyOptions Read(IConfiguration configuration) => new()
    {
        MasterKeys = configuration.GetSection("Secrets:MasterKeys").GetChildren()
            .Where(entry => entry.Value is { Length: > 0 }).ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.Ordinal),
        MasterKeyFile = configuration["Secrets:MasterKeyFile"],
        CurrentMasterKey = configuration["Secrets:CurrentMasterKey"],
    };
}

/// <summary>
/// The keys that wrap the tenants' keys. They come from the configuration and are never stored: <c>Secrets:MasterKeys:&lt;id&gt;</c>, or lines
/// <c>id secret</c> of the file <c>Secrets:MasterKeyFile</c>. <c>Secrets:CurrentMasterKey</c> names the one for new writes; with a single key it may be left
/// out. To rotate: add a key, make it current, and remove the old one when <see cref="Resealing"/> reports nothing left under it.
/// </summary>
public sealed class MasterKeys
{
    /// <summary>Characters of a key's secret, at least.</summary>
    public const int SecretLength = 32;

    private const int KeyBytes = 32;

    private readonly FrozenDictionary<string, byte[]> _keys;

    /// <exception cref="InvalidOperationException">No key is configured, one is too short, or none is current. There is no default.</exception>
    public MasterKeys(MasterKeyOptions options)
    {
        var secrets = new Dictionary<string, string>(options.MasterKeys, StringComparer.Ordinal);
        if (options.MasterKeyFile is { Length: > 0 } file)
        {
            ReadFile(file, secrets);
        }

        if (secrets.Count == 0)
        {
            throw new InvalidOperationException(
                $"Secrets:MasterKeys names no key. Set Secrets:MasterKeys:<id> to a random secret of at least {SecretLength} characters, or Secrets:MasterKeyFile.");
        }

        if (secrets.FirstOrDefault(secret => secret.Value.Length < SecretLength).Key is { } shortOne)
        {
            throw new InvalidOperationException($"Secrets:MasterKeys:{shortOne} must have at least {SecretLength} random characters.");
        }

        CurrentId = options.CurrentMasterKey ?? (secrets.Count == 1
            ? secrets.Keys.Single()
            : throw new InvalidOperationException("With several master keys Secrets:CurrentMasterKey must name the one for new writes."));
        if (!secrets.ContainsKey(CurrentId))
        {
            throw new InvalidOperationException($"Secrets:CurrentMasterKey names '{CurrentId}', which Secrets:MasterKeys lacks.");
        }

        _keys = secrets.ToFrozenDictionary(secret => secret.Key, secret => Derive(secret.Value), StringComparer.Ordinal);
    }

    /// <summary>The key for new writes.</summary>
    public string CurrentId { get; }

    /// <summary>All ids there are.</summary>
    public IReadOnlyCollection<string> Ids => _keys.Keys;

    /// <exception cref="CryptographicException">There is no such key any more.</exception>
    internal ReadOnlySpan<byte> Find(string id) => _keys.TryGetValue(id, out var key)
        ? key
        : throw new CryptographicException($"The master key '{id}' is not configured (Secrets:MasterKeys): what it protects cannot be read.");

    private static void ReadFile(string file, Dictionary<string, string> secrets)
    {
        if (!File.Exists(file))
        {
            throw new InvalidOperationException($"Secrets:MasterKeyFile names '{file}', which is not there.");
        }

        foreach (var line in File.ReadLines(file).Where(line => !string.IsNullOrWhiteSpace(line)))
        {
            var parts = line.Split((char[]?)null, 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2)
            {
                throw new InvalidOperationException($"A line of '{file}' is not of the form 'id secret'.");
            }

            secrets[parts[0]] = parts[1];
        }
    }

    private static byte[] Derive(string secret) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), KeyBytes, info: "secrets-master-key"u8.ToArray());
}
