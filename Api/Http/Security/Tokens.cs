using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Workflows.Api.Http.Security;

/// <summary>What an access token says: this session, until then. Rights are looked up, so that they end when they are taken away.</summary>
internal readonly record struct AccessToken(Guid TenantId, Guid SessionId, DateTimeOffset ExpiresAt);

/// <summary>What a refresh token says: of this session, after so many rotations.</summary>
/// <param name="InBrowser">It is kept in a cookie that no script reads, and is good there only.</param>
internal readonly record struct RefreshToken(Guid TenantId, Guid SessionId, int Rotation, bool InBrowser = false);

/// <summary>What a link is for. Part of its token: one of another kind is refused.</summary>
internal enum LinkKind : byte
{
    Invitation = 1,
    PasswordReset = 2,
    EmailVerification = 3,
    Registration = 4,
}

/// <summary>What the token of a link says: this row of <c>account_links</c>, which says whether it is good.</summary>
internal readonly record struct LinkToken(LinkKind Kind, Guid TenantId, Guid Id);

/// <summary>What stands between the two steps of a login: that the password was right.</summary>
/// <param name="Password">Begins the hash of what is stored of the password: another one voids it.</param>
internal readonly record struct LoginChallenge(Guid TenantId, Guid UserId, DateTimeOffset ExpiresAt, long Password)
{
    public static long Of(string? passwordHash) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(passwordHash ?? "")));
}

/// <summary>
/// Credentials that we issue. API keys are random and stored as a hash. Tokens are random-free statements under HMAC-SHA256 (refresh
/// tokens with 128 random bits besides, and stored as a hash); an authentic refresh token that is not the present one was used before, however long ago.
/// </summary>
internal sealed class Tokens(Keys keys)
{
    public const string ApiKeyPrefix = "wfk_";

    private const string AccessPrefix = "wfa_";
    private const string RefreshPrefix = "wfr_";
    private const string LinkPrefix = "wfl_";
    private const int ApiKeyShown = 12;
    private const int MacBytes = 32;
    private const int AccessBytes = 16 + 16 + 8;
    private const int RefreshRandomBytes = 16;
    private const int RefreshBytes = 16 + 16 + 4 + RefreshRandomBytes;
    private const int BrowserBit = int.MinValue;
    private const int LinkBytes = 1 + 16 + 16;
    private const string ChallengePrefix = "wfc_";
    private const int ChallengeBytes = 16 + 16 + 8 + 8;

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
        Span<byte> random = stackalloc byte[RefreshRandomBytes];
        RandomNumberGenerator.Fill(random);
        return RefreshTokenOf(token, random);
    }

    /// <summary>
    /// The token that follows another one. Whoever exchanges a token twice gets the same successor twice; without our key
    /// nobody knows it from the token.
    /// </summary>
    public string NextRefreshToken(string text, RefreshToken token)
    {
        var mac = HMACSHA256.HashData(keys.RefreshTokens, Encoding.UTF8.GetBytes("after " + text));
        return RefreshTokenOf(token with { Rotation = token.Rotation + 1 }, mac.AsSpan(0, RefreshRandomBytes));
    }

    private string RefreshTokenOf(RefreshToken token, ReadOnlySpan<byte> random)
    {
        Span<byte> payload = stackalloc byte[RefreshBytes];
        Write(token.TenantId, payload);
        Write(token.SessionId, payload[16..]);
        BinaryPrimitives.WriteInt32BigEndian(payload[32..], token.Rotation | (token.InBrowser ? BrowserBit : 0));
        random.CopyTo(payload[36..]);
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

        var rotation = BinaryPrimitives.ReadInt32BigEndian(payload[32..]);
        token = new RefreshToken(
            ReadGuid(payload), ReadGuid(payload[16..]), rotation & ~BrowserBit, (rotation & BrowserBit) != 0);
        return true;
    }

    public string NewChallenge(LoginChallenge challenge)
    {
        Span<byte> payload = stackalloc byte[ChallengeBytes];
        Write(challenge.TenantId, payload);
        Write(challenge.UserId, payload[16..]);
        BinaryPrimitives.WriteInt64BigEndian(payload[32..], challenge.ExpiresAt.ToUnixTimeSeconds());
        BinaryPrimitives.WriteInt64BigEndian(payload[40..], challenge.Password);
        return Sign(ChallengePrefix, payload, keys.LoginChallenges);
    }

    public bool TryReadChallenge(ReadOnlySpan<char> text, out LoginChallenge challenge)
    {
        Span<byte> payload = stackalloc byte[ChallengeBytes];
        if (!TryVerify(ChallengePrefix, text, payload, keys.LoginChallenges))
        {
            challenge = default;
            return false;
        }

        challenge = new LoginChallenge(
            ReadGuid(payload),
            ReadGuid(payload[16..]),
            DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(payload[32..])),
            BinaryPrimitives.ReadInt64BigEndian(payload[40..]));
        return true;
    }

    /// <summary>The token of a link: made anew whenever it is needed, and kept nowhere.</summary>
    public string NewLinkToken(LinkToken token)
    {
        Span<byte> payload = stackalloc byte[LinkBytes];
        payload[0] = (byte)token.Kind;
        Write(token.TenantId, payload[1..]);
        Write(token.Id, payload[17..]);
        return Sign(LinkPrefix, payload, keys.AccountLinks);
    }

    /// <summary>Reads the token of a link of this kind.</summary>
    public bool TryReadLinkToken(ReadOnlySpan<char> text, LinkKind kind, out LinkToken token)
    {
        Span<byte> payload = stackalloc byte[LinkBytes];
        if (!TryVerify(LinkPrefix, text, payload, keys.AccountLinks) || payload[0] != (byte)kind)
        {
            token = default;
            return false;
        }

        token = new LinkToken(kind, ReadGuid(payload[1..]), ReadGuid(payload[17..]));
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
