using System.Security.Cryptography;
using OtpNet;

namespace Workflows.Api.Http.Security;

/// <summary>Codes of authenticator apps: TOTP of RFC 6238, in the form that all of them know (SHA-1, 30 seconds, six
/// digits).</summary>
internal static class OneTimeCodes
{
    private const int SecretBytes = 20;

    // Clocks of phones are off, and people type slowly.
    private static readonly VerificationWindow Tolerance = new(previous: 1, future: 1);

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The step that a code is of, near this moment and after the last one that was accepted.</summary>
    public static bool TryFind(byte[] secret, string code, DateTimeOffset now, long after, out long step) =>
        new Totp(secret).VerifyTotp(
            now.UtcDateTime, code.Replace(" ", "", StringComparison.Ordinal), out step, Tolerance)
        && step > after;

    /// <summary>What an app reads, as a QR code or by hand.</summary>
    public static string AddressOf(string issuer, string account, byte[] secret) =>
        new OtpUri(OtpType.Totp, TextOf(secret), account, issuer).ToString();

    /// <summary>The secret as people type it: base 32.</summary>
    public static string TextOf(byte[] secret) => Base32Encoding.ToString(secret).TrimEnd('=');

    /// <summary>A code for the day when the app is lost: 80 random bits.</summary>
    public static string NewRecoveryCode() =>
        string.Join('-', RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16).Chunk(4)
            .Select(part => new string(part)));

    /// <summary>As it is stored, however it was typed.</summary>
    public static byte[] HashOfRecoveryCode(string code) => Tokens.Hash(
        string.Concat(code.Where(char.IsLetterOrDigit)).ToLowerInvariant());
}
