using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Workflows.Api.Http.Security;

/// <summary>What an access token says: this session, until then. Rights are looked up, so that they end when they are taken away.</summary>
internal readonly record struct AccessToken(Guid TenantId, Guid SessionId, DateTimeOffset ExpiresAt);

/// <summary>What a refresh token says: of this session, after so many rotations.</summary>
internal readonly record struct RefreshToken(Guid TenantId, Guid SessionId, int Rotation);

/// <summary>
/// Credentials that we issue. API keys are random and stored as a hash. Tokens are random-free statements under HMAC-SHA256 (refresh
/// tokens with 128 random bits besides, and stored as a hash); an authentic refresh token that is not the present one was used before, however long ago.
/// </summary>
internal sealed class Tokens(Keys keys)
{
    public const string ApiKeyPrefix = "wfk_";

    private const string AccessPrefix = "wfa_";
    private const string RefreshPrefix = "wfr_";
    private const int ApiKeyShown = 12;
    private const int MacBytes = 32;
    private const int AccessBytes = 16 + 16 + 8;
    private const int RefreshBytes = 16 + 16 + 4 + 16;

    /// <summary>A new API key of 256 random bits.</summary>
    public static string NewApiKey() => ApiKeyPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>The part of a key by which people recognize it.</summary>
    public static string Shown(string apiKey) => apiKey[..Math.Min(ApiKeyShown, apiKey.Length)];

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>A password that people can copy: 24 characters, 142 random bits.</summary>
    public static string NewPassword() =>
        RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_+=.!", 24);

    public string NewAccessToken(AccessToken token)
    {
        Span<byte> payload = stackalloc byte[AccessBytes];
        Write(token.TenantId, payload);
        Write(token.SessionId, payload[16..]);
        BinaryPrimitives.WriteInt64BigEndian(payload[32..], token.ExpiresAt.ToUnixTimeSeconds());
        return Sign(AccessPrefix, payload, keys.AccessTokens);
    }

    public bool TryReadAccessToken(ReadOnlySpan<char> text, out AccessToken token)
    {
        Span<byte> payload = stackalloc byte[AccessBytes];
        if (!TryVerify(AccessPrefix, text, payload, keys.AccessTokens))
        {
            token = default;
            return false;
        }

        token = new AccessToken(
            ReadGuid(payload), ReadGuid(payload[16..]), DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(payload[32..])));
        return true;
    }

    public string NewRefreshToken(RefreshToken token)
    {
        Span<byte> payload = stackalloc byte[RefreshBytes];
        Write(token.TenantId, payload);
        Write(token.SessionId, payload[16..]);
        BinaryPrimitives.WriteInt32BigEndian(payload[32..], token.Rotation);
        RandomNumberGenerator.Fill(payload[36..]);
        return Sign(RefreshPrefix, payload, keys.RefreshTokens);
    }

    public bool TryReadRefreshToken(ReadOnlySpan<char> text, out RefreshToken token)
    {
        Span<byte> payload = stackalloc byte[RefreshBytes];
        if (!TryVerify(RefreshPrefix, text, payload, keys.RefreshTokens))
        {
            token = default;
            return false;
        }

        token = new RefreshToken(ReadGuid(payload), ReadGuid(payload[16..]), BinaryPrimitives.ReadInt32BigEndian(payload[32..]));
        return true;
    }

    private static string Sign(string prefix, ReadOnlySpan<byte> payload, byte[] key)
    {
        Span<byte> signed = stackalloc byte[payload.Length + MacBytes];
        payload.CopyTo(signed);
        HMACSHA256.HashData(key, payload, signed[payload.Length..]);
        return prefix + Base64Url.EncodeToString(signed);
    }

    private static bool TryVerify(string prefix, ReadOnlySpan<char> text, Span<byte> payload, byte[] key)
    {
        Span<byte> signed = stackalloc byte[payload.Length + MacBytes];
        if (!text.StartsWith(prefix, StringComparison.Ordinal)
            || text.Length - prefix.Length != Base64Url.GetEncodedLength(signed.Length)
            || !Base64Url.TryDecodeFromChars(text[prefix.Length..], signed, out var length)
            || length != signed.Length)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[MacBytes];
        HMACSHA256.HashData(key, signed[..payload.Length], mac);
        signed[..payload.Length].CopyTo(payload);
        return CryptographicOperations.FixedTimeEquals(mac, signed[payload.Length..]);
    }

    private static void Write(Guid id, Span<byte> target) => id.TryWriteBytes(target[..16], bigEndian: true, out _);

    private static Guid ReadGuid(ReadOnlySpan<byte> source) => new(source[..16], bigEndian: true);
}
