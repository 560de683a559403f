using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Passwords as PBKDF2 hashes of ASP.NET Core Identity. A hash takes tens of milliseconds of processor time on purpose, so only a few run at
/// once: a flood of logins waits in line instead of starving everything else.
/// </summary>
internal sealed class Passwords : IDisposable
{
    // Version 3 of the format: a marker, then, big-endian, the function, its iterations and the length of the salt.
    private const byte Version3 = 1;
    private const int IterationsAt = 5;
    private const int HeadBytes = 13;

    private readonly PasswordHasher<object> _hasher =
        new(Options.Create(new PasswordHasherOptions { IterationCount = Limits.PasswordIterations }));

    private readonly SemaphoreSlim _line = new(Limits.ConcurrentPasswordHashes);
    private readonly string _nobody;

    public Passwords() => _nobody = _hasher.HashPassword(this, Tokens.NewPassword());

    public async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        await _line.WaitAsync(cancellationToken);
        try
        {
            return _hasher.HashPassword(this, password);
        }
        finally
        {
            _line.Release();
        }
    }

    /// <summary>
    /// Takes as long without an account (<paramref name="hash"/> is null) as with one, however old its hash is.
    /// </summary>
    /// <returns>Whether the password is right, and whether its hash is weaker than one made now and to be replaced.</returns>
    public async Task<PasswordVerificationResult> VerifyAsync(
        string? hash, string password, CancellationToken cancellationToken)
    {
        await _line.WaitAsync(cancellationToken);
        try
        {
            var result = _hasher.VerifyHashedPassword(this, hash ?? _nobody, password);
            if (IterationsShort(hash ?? _nobody) is > 0 and var iterations)
            {
                var bytes = Encoding.UTF8.GetBytes(password);
                _ = Rfc2898DeriveBytes.Pbkdf2(bytes, new byte[16], iterations, HashAlgorithmName.SHA512, 32);
            }

            return hash is null ? PasswordVerificationResult.Failed : result;
        }
        finally
        {
            _line.Release();
        }
    }

    /// <summary>How many iterations fewer a hash took than one that is made now.</summary>
    internal static int IterationsShort(string hash)
    {
        Span<byte> bytes = stackalloc byte[256];
        if (!Convert.TryFromBase64String(hash, bytes, out var length) || length <= HeadBytes || bytes[0] != Version3)
        {
            return Limits.PasswordIterations;
        }

        var iterations = BinaryPrimitives.ReadUInt32BigEndian(bytes[IterationsAt..]);
        return Limits.PasswordIterations - (int)Math.Min(iterations, Limits.PasswordIterations);
    }

    public void Dispose() => _line.Dispose();
}
