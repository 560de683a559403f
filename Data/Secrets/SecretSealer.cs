using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Workflows.Data.Caching;
using Workflows.Data.Database;

namespace Workflows.Data.Secrets;

/// <summary>Something secret as it is stored: which of the tenant's keys it was sealed under, and the sealed bytes.</summary>
public sealed record SealedBytes(string KeyId, byte[] Bytes);

/// <summary>
/// Envelope encryption for everything secret. Each tenant has keys of its own, made at random, stored wrapped by a master key. Guarantees: what is
/// sealed for one tenant and purpose opens for no other (both are authenticated with it), so that a row copied elsewhere stays shut; a changed byte
/// is noticed; two processes that make a tenant's first key at once agree on one.
/// </summary>
public sealed class SecretSealer(WorkflowsDatabase database, MasterKeys masters, TimeProvider clock)
{
    private const byte Format = 1;
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = 1 + NonceBytes + TagBytes;

    private readonly TrustedCache<(Guid TenantId, string KeyId), byte[]> _keys =
        new(clock, Limits.CachedKeys, TimeSpan.MaxValue);

    /// <summary>The key that new writes are sealed under.</summary>
    public string CurrentKeyId => masters.CurrentId;

    /// <summary>Seals bytes for one purpose, such as <c>secret:NAME</c> or <c>connector:ID</c>.</summary>
    public async ValueTask<SealedBytes> SealAsync(Guid tenantId, string purpose, ReadOnlyMemory<byte> clear, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(tenantId, masters.CurrentId, cancellationToken) ?? await MakeKeyAsync(tenantId, cancellationToken);
        return new SealedBytes(masters.CurrentId, Encrypt(key, clear.Span, Context(tenantId, purpose)));
    }

    /// <summary>Opens what <see cref="SealAsync"/> sealed for the same tenant and purpose.</summary>
    /// <exception cref="CryptographicException">It was changed, belongs elsewhere, or its master key is not configured any more.</exception>
    public async ValueTask<byte[]> OpenAsync(Guid tenantId, string purpose, SealedBytes @sealed, CancellationToken cancellationToken)
    {
        var key = await KeyAsync(tenantId, @sealed.KeyId, cancellationToken)
            ?? throw new CryptographicException($"The tenant has no key '{@sealed.KeyId}'.");
        return Decrypt(key, @sealed.Bytes, Context(tenantId, purpose));
    }

    private const string FindSql = "select k.wrapped from tenant_keys k where k.tenant_id = $1 and k.key_id = $2";

    private ValueTask<byte[]?> KeyAsync(Guid tenantId, string keyId, CancellationToken cancellationToken) =>
        _keys.GetAsync(
            (tenantId, keyId), static (key, self) => self.ReadKeyAsync(key.TenantId, key.KeyId), this, cancellationToken);

    private async Task<byte[]?> ReadKeyAsync(Guid tenantId, string keyId)
    {
        var command = new NpgsqlBatchCommand(FindSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(keyId));
        var wrapped = await database.ReadBytesAsync(tenantId, command, CancellationToken.None);
        return wrapped is null ? null : Decrypt(masters.Find(keyId), wrapped, Context(tenantId, $"key:{keyId}"));
    }

    // The first one stays: whoever comes second reads it.
    private const string MakeSql = """
        insert into tenant_keys (tenant_id, key_id, wrapped, created_at) values ($1, $2, $3, $4) on conflict do nothing
        """;

    private async Task<byte[]> MakeKeyAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var keyId = masters.CurrentId;
        var wrapped = Encrypt(masters.Find(keyId), RandomNumberGenerator.GetBytes(KeyBytes), Context(tenantId, $"key:{keyId}"));
        var command = new NpgsqlBatchCommand(MakeSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(keyId));
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = wrapped });
        command.Parameters.Add(Sql.Instant(clock.GetUtcNow()));
        await database.ExecuteAsync(tenantId, command, cancellationToken);
        _keys.Drop((tenantId, keyId)); // a read under way may have begun before the key was there
        return (await KeyAsync(tenantId, keyId, cancellationToken))!;
    }

    // The tenant's bytes have a fixed length, so that no other pair of tenant and purpose reads the same.
    private static byte[] Context(Guid tenantId, string purpose) => [.. tenantId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(purpose)];

    private static byte[] Encrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> clear, byte[] context)
    {
        var result = new byte[HeadBytes + clear.Length];
        result[0] = Format;
        var nonce = result.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, clear, result.AsSpan(HeadBytes), result.AsSpan(1 + NonceBytes, TagBytes), context);
        return result;
    }

    private static byte[] Decrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes, byte[] context)
    {
        if (bytes.Length < HeadBytes || bytes[0] != Format)
        {
            throw new CryptographicException("The sealed bytes have a form that this release does not know.");
        }

        var clear = new byte[bytes.Length - HeadBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(bytes.Slice(1, NonceBytes), bytes[HeadBytes..], bytes.Slice(1 + NonceBytes, TagBytes), clear, context);
        return clear;
    }
}
