using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Whether a webhook call comes from who knows the secret. Guarantees: comparisons take the same time wherever the difference lies; a signed time outside the
/// tolerance is refused; what is accepted names what must not be accepted again. Whatever is missing or malformed is a refusal.
/// </summary>
internal static class WebhookSignatures
{
    private const int IdLength = 256;
    private const int Signatures = 10;
    private const string SecretPrefix = "whsec_";

    /// <param name="delivery">Of a signed call: the name under which it is remembered.</param>
    public static bool IsValid(WebhookTrigger webhook, string? secret, IHeaderDictionary headers, ReadOnlySpan<byte> body, DateTimeOffset now, out string? delivery)
    {
        delivery = null;
        if (webhook.Auth == WebhookAuth.None)
        {
            return true;
        }

        if (string.IsNullOrEmpty(secret))
        {
            return false; // the tenant has no secret of this name (any more)
        }

        if (webhook.Auth == WebhookAuth.Token)
        {
            var token = Single(headers, "X-Webhook-Token") ?? (Single(headers, "Authorization") is { } bearer
                && bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..].Trim() : "");
            return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
        }

        var (name, time, signatures, content) = webhook.Scheme switch
        {
            WebhookScheme.Standard => Standard(headers),
            WebhookScheme.Stripe => Stripe(headers),
            WebhookScheme.Github => Github(headers),
        };
        if (signatures.Count == 0 || (time is null && webhook.Scheme != WebhookScheme.Github) || !IsNear(time, now, webhook.ToleranceSeconds))
        {
            return false;
        }

        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, KeyOf(secret, webhook.Scheme));
        hmac.AppendData(Encoding.UTF8.GetBytes(content));
        hmac.AppendData(body);
        var expected = hmac.GetHashAndReset();
        var valid = false;
        foreach (var signature in signatures)
        {
            valid |= CryptographicOperations.FixedTimeEquals(expected, signature);
        }

        delivery = valid ? Convert.ToHexStringLower(name is null ? expected : SHA256.HashData(Encoding.UTF8.GetBytes(name))) : null;
        return valid;
    }

    // standardwebhooks.com: webhook-id, webhook-timestamp, webhook-signature: "v1,<base64> v1,<base64>" over "id.timestamp.body".
    private static (string? Name, long? Time, List<byte[]> Signatures, string Content) Standard(IHeaderDictionary headers)
    {
        var (id, time) = (Single(headers, "webhook-id"), Single(headers, "webhook-timestamp"));
        var signatures = (Single(headers, "webhook-signature") ?? "").Split(' ', Signatures, StringSplitOptions.RemoveEmptyEntries)
            .Where(part => part.StartsWith("v1,", StringComparison.Ordinal)).Select(part => FromBase64(part[3..])).OfType<byte[]>().ToList();
        return id is { Length: > 0 and <= IdLength } && Seconds(time) is { } seconds ? (id, seconds, signatures, $"{id}.{time}.") : (null, null, [], "");
    }

    // Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>] over "t.body".
    private static (string? Name, long? Time, List<byte[]> Signatures, string Content) Stripe(IHeaderDictionary headers)
    {
        var parts = (Single(headers, "Stripe-Signature") ?? "").Split(',', Signatures + 1, StringSplitOptions.TrimEntries);
        var time = parts.FirstOrDefault(part => part.StartsWith("t=", StringComparison.Ordinal))?[2..];
        var signatures = parts.Where(part => part.StartsWith("v1=", StringComparison.Ordinal)).Select(part => FromHex(part[3..])).OfType<byte[]>().ToList();
        return (null, Seconds(time), signatures, $"{time}.");
    }

    // X-Hub-Signature-256: sha256=<hex> over the body. The delivery's id is not signed, so the signature itself is what is remembered.
    private static (string? Name, long? Time, List<byte[]> Signatures, string Content) Github(IHeaderDictionary headers)
    {
        var sent = Single(headers, "X-Hub-Signature-256") ?? "";
        return (null, null, sent.StartsWith("sha256=", StringComparison.Ordinal) && FromHex(sent[7..]) is { } signature ? [signature] : [], "");
    }

    private static byte[] KeyOf(string secret, WebhookScheme scheme) =>
        scheme == WebhookScheme.Standard && secret.StartsWith(SecretPrefix, StringComparison.Ordinal) && FromBase64(secret[SecretPrefix.Length..]) is { } key
            ? key
            : Encoding.UTF8.GetBytes(secret);

    private static bool IsNear(long? time, DateTimeOffset now, int toleranceSeconds) =>
        time is not { } seconds || (seconds >= now.ToUnixTimeSeconds() - toleranceSeconds && seconds <= now.ToUnixTimeSeconds() + toleranceSeconds);

    private static long? Seconds(string? text) =>
        text is { Length: > 0 and <= 12 } && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    private static string? Single(IHeaderDictionary headers, string name) => headers[name] is [{ } value] ? value : null;

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[(text.Length * 3 / 4) + 3];
        return Convert.TryFromBase64String(text, bytes, out var written) ? bytes[..written] : null;
    }

    private static byte[]? FromHex(string text)
    {
        var bytes = new byte[text.Length / 2];
        return text.Length == SHA256.HashSizeInBytes * 2 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }
}
