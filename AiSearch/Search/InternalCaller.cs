using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Workflows.Data.Secrets;

namespace Workflows.AiSearch.Search;

/// <summary>For whom the platform searches.</summary>
/// <param name="PersonId">Whose grants say what may be found; null = everything of the tenant.</param>
/// <param name="Visible">Types that may be found; null = all.</param>
internal sealed record SearchCaller(Guid TenantId, Guid? PersonId, IReadOnlyCollection<string>? Visible = null);

/// <summary>
/// Who calls from inside the platform, and for which tenant. The caller signs <c>tenant|timestamp|address</c> (the
/// tenant as a lower-case UUID, the time as Unix seconds, path and query as they are sent) with HMAC-SHA256 under a key
/// that both derive (HKDF-SHA256, no salt, info <c>internal-calls</c>, 32 bytes) from the UTF-8 bytes of
/// <c>Security:SearchKey</c>, and sends it base64url-encoded. For somebody who sees only what was granted to them it
/// signs <c>tenant|timestamp|address|person</c>, and names the person in a header of its own. A signature is good for
/// <see cref="Limits.CallValidity"/>, so a leaked one repeats one search of one tenant for a minute.
/// </summary>
internal sealed class InternalCaller
{
    public const string TenantHeader = "X-Workflows-Tenant";
    public const string TimestampHeader = "X-Workflows-Timestamp";
    public const string SignatureHeader = "X-Workflows-Signature";
    public const string PersonHeader = "X-Workflows-Person";

    private readonly byte[] _key;
    private readonly TimeProvider _clock;

    public InternalCaller(IConfiguration configuration, TimeProvider clock)
    {
        var secret = ServiceKeys.Search(configuration)
            ?? throw new InvalidOperationException($"{ServiceKeys.SearchSetting} is not configured.");

        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "internal-calls"u8.ToArray());
        _clock = clock;
    }

    /// <param name="address">Path and query as they are sent.</param>
    /// <param name="personId">Null = for everything of the tenant.</param>
    public string Sign(Guid tenantId, long unixSeconds, string address, Guid? personId = null) =>
        Base64Url.EncodeToString(Mac(tenantId, unixSeconds, address, personId));

    /// <returns>Null when the call is not signed, wrongly signed or too old or too new.</returns>
    public SearchCaller? Authenticate(HttpRequest request)
    {
        var headers = request.Headers;
        if (!Guid.TryParseExact(headers[TenantHeader], "D", out var tenantId)
            || !long.TryParse(headers[TimestampHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp)
            || Math.Abs(_clock.GetUtcNow().ToUnixTimeSeconds() - timestamp) > Limits.CallValidity.TotalSeconds)
        {
            return null;
        }

        Guid? personId = null;
        if (headers.TryGetValue(PersonHeader, out var named))
        {
            if (!Guid.TryParseExact(named, "D", out var id))
            {
                return null;
            }

            personId = id;
        }

        var signature = new byte[HMACSHA256.HashSizeInBytes];
        var given = headers[SignatureHeader].ToString();
        var isWellFormed = Base64Url.IsValid(given, out var length) && length == signature.Length
            && Base64Url.TryDecodeFromChars(given, signature, out _);
        return isWellFormed && CryptographicOperations.FixedTimeEquals(signature,
            Mac(tenantId, timestamp, $"{request.Path}{request.QueryString}", personId))
            ? new SearchCaller(tenantId, personId)
            : null;
    }

    private byte[] Mac(Guid tenantId, long unixSeconds, string address, Guid? personId) =>
        HMACSHA256.HashData(_key,
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{tenantId:D}|{unixSeconds}|{address}{(personId is null ? "" : $"|{personId:D}")}")));
}
