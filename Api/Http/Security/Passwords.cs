using Microsoft.AspNetCore.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Passwords as PBKDF2 hashes of ASP.NET Core Identity. A hash takes tens of milliseconds of processor time on purpose, so only a few run at
/// once: a flood of logins waits in line instead of starving everything else.
/// </summary>
internal sealed class Passwords : IDisposable
{
    private readonly PasswordHasher<object> _hasher = new();
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

    /// <summary>Takes as long without an account (<paramref name="hash"/> is null) as with one.</summary>
    public async Task<bool> VerifyAsync(string? hash, string password, CancellationToken cancellationToken)
    {
        await _line.WaitAsync(cancellationToken);
        try
        {
            var result = _hasher.VerifyHashedPassword(this, hash ?? _nobody, password);
            return hash is not null && result != PasswordVerificationResult.Failed;
        }
        finally
        {
            _line.Release();
        }
    }

    public void Dispose() => _line.Dispose();
}
