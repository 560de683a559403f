using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Workflows.Testing;

/// <summary>A request as a store receives it.</summary>
/// <param name="Target">Path and query as they came, encoded.</param>
/// <param name="Headers">By lower-case name.</param>
public sealed record SignedRequest(
    string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>
/// The server's side of AWS Signature Version 4 for S3, written after "Authenticating Requests: Using the
/// Authorization Header" of the Amazon S3 API reference and held to the examples printed there. It shares nothing
/// with any client: names and values are decoded and encoded anew, so a signature over a wrongly encoded target does
/// not pass.
/// </summary>
public sealed class SignatureV4(string accessKey, string secretKey, string region)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const string HashHeader = "x-amz-content-sha256";

    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(15);

    /// <returns>The error code of S3 for what is wrong; null = the signature is good.</returns>
    public string? FindProblem(SignedRequest request, DateTimeOffset now)
    {
        if (Parse(request.Headers.GetValueOrDefault("authorization", "")) is not { } given)
        {
            return "AccessDenied";
        }

        var time = request.Headers.GetValueOrDefault("x-amz-date", "");
        if (!DateTimeOffset.TryParseExact(
            time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var signedAt))
        {
            return "AccessDenied";
        }

        var scope = $"{time[..8]}/{region}/s3/aws4_request";
        return given.Credential.Split('/', 2)[0] != accessKey ? "InvalidAccessKeyId"
            : given.Credential != $"{accessKey}/{scope}" ? "AuthorizationHeaderMalformed"
            : (now - signedAt).Duration() > Tolerance ? "RequestTimeTooSkewed"
            : !MustBeSigned(request).All(given.Headers.Contains) ? "AccessDenied"
            : request.Headers.GetValueOrDefault(HashHeader) != Hash(request.Body) ? "XAmzContentSHA256Mismatch"
            : given.Signature != Signature(request, given.Headers, time, scope) ? "SignatureDoesNotMatch"
            : null;
    }

    /// <summary>What the secret yields for the request.</summary>
    public string Signature(SignedRequest request, IReadOnlyList<string> signedHeaders, string time, string scope)
    {
        var text = $"{Algorithm}\n{time}\n{scope}\n{Hash(Encoding.UTF8.GetBytes(Canonical(request, signedHeaders)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (var part in scope.Split('/'))
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }

    private static string Canonical(SignedRequest request, IReadOnlyList<string> signedHeaders)
    {
        var parts = request.Target.Split('?', 2);
        var path = string.Join('/', parts[0].Split('/').Select(Encode));
        var query = parts.Length == 1
            ? []
            : parts[1].Split('&', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => pair.Split('=', 2))
                .Select(pair => (Name: Encode(pair[0]), Value: Encode(pair.Length == 1 ? "" : pair[1])))
                .OrderBy(pair => pair.Name, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal)
                .Select(pair => $"{pair.Name}={pair.Value}");
        var headers = signedHeaders.Select(name => $"{name}:{Trimmed(request.Headers.GetValueOrDefault(name, ""))}\n");
        return string.Join(
            '\n',
            request.Method,
            path,
            string.Join('&', query),
            string.Concat(headers),
            string.Join(';', signedHeaders),
            request.Headers[HashHeader]);
    }

    private static IEnumerable<string> MustBeSigned(SignedRequest request) =>
        request.Headers.Keys.Where(name => name == "host" || name.StartsWith("x-amz-", StringComparison.Ordinal));

    private static (string Credential, IReadOnlyList<string> Headers, string Signature)? Parse(string authorization)
    {
        if (!authorization.StartsWith(Algorithm + " ", StringComparison.Ordinal))
        {
            return null;
        }

        var fields = authorization[Algorithm.Length..].Split(',').Select(field => field.Trim().Split('=', 2))
            .Where(field => field.Length == 2).ToDictionary(field => field[0], field => field[1]);
        return fields.TryGetValue("Credential", out var credential)
            && fields.TryGetValue("SignedHeaders", out var headers)
            && fields.TryGetValue("Signature", out var signature)
            ? (credential, headers.Split(';'), signature)
            : null;
    }

    // "UriEncode" of the reference, after what came was decoded: with capital digits.
    private static string Encode(string came) => string.Concat(
        Encoding.UTF8.GetBytes(Uri.UnescapeDataString(came))
            .Select(value => IsUnreserved((char)value) ? $"{(char)value}" : $"%{value:X2}"));

    private static bool IsUnreserved(char value) =>
        char.IsAsciiLetterOrDigit(value) || value is '-' or '.' or '_' or '~';

    private static string Trimmed(string value) =>
        string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string Hash(byte[] bytes) => Hex(SHA256.HashData(bytes));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
