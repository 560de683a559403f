using System.Collections.Concurrent;
using Workflows.Data.Caching;
using Workflows.Data.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>From a credential to a <see cref="Caller"/>, by way of memory. Secrets are kept in memory only as hash.</summary>
internal sealed class Callers
{
    private readonly Tokens _tokens;
    private readonly TimeProvider _clock;
    private readonly ApiKeyUses _uses;
    private readonly GrantStore _store;
    private readonly TrustedCache<KeyHash, KeyCaller> _keys;
    private readonly TrustedCache<(Guid TenantId, Guid SessionId), SessionCaller> _sessions;

    public Callers(GrantStore store, Tokens tokens, TimeProvider clock, Invalidation invalidation, ApiKeyUses uses)
    {
        (_store, _tokens, _clock, _uses) = (store, tokens, clock, uses);
        _keys = new(clock, Limits.CachedGrants, Limits.GrantTrust);
        _sessions = new(clock, Limits.CachedGrants, Limits.GrantTrust);
        invalidation.OnChange(Forget);
    }

    /// <summary>Exactly one of the two is given.</summary>
    public ValueTask<(Caller? Caller, Problem? Problem)> IdentifyAsync(string? credential, CancellationToken cancellationToken) =>
        credential is null ? ValueTask.FromResult<(Caller?, Problem?)>((null, new Problem(Errors.Unauthenticated, "The request has no credentials.")))
        : credential.StartsWith(Tokens.ApiKeyPrefix, StringComparison.Ordinal) ? IdentifyKeyAsync(credential, cancellationToken)
        : IdentifySessionAsync(credential, cancellationToken);

    private async ValueTask<(Caller? Caller, Problem? Problem)> IdentifyKeyAsync(string key, CancellationToken cancellationToken)
    {
        var found = await _keys.GetAsync(
            KeyHash.Of(key),
            static async (hash, store) =>
                await store.FindApiKeyAsync(hash.ToArray(), CancellationToken.None) is { } grant
                    ? new KeyCaller(grant)
                    : null,
            _store,
            cancellationToken);
        if (found is null || found.Grant.RevokedAt is not null || found.Grant.TenantStatus != "active")
        {
            return (null, new Problem(Errors.Unauthenticated));
        }

        var now = _clock.GetUtcNow();
        if (found.Grant.ExpiresAt <= now)
        {
            return (null, new Problem(Errors.TokenExpired, "The API key has expired."));
        }

        var caller = found.Caller ??= new Caller(
            found.Grant.TenantId, found.Grant.Id, Tokens.Shown(key),
            Permissions.Within(
                found.Grant.TenantId,
                Permissions.Reaching(Permissions.Of(found.Grant.Scopes), found.Grant.OnlyGranted)),
            SessionId: null, found.Grant.CreatedBy);
        _uses.Note(caller, now);
        return (caller, null);
    }

    private async ValueTask<(Caller? Caller, Problem? Problem)> IdentifySessionAsync(string credential, CancellationToken cancellationToken)
    {
        if (!_tokens.TryReadAccessToken(credential, out var token))
        {
            return (null, new Problem(Errors.Unauthenticated));
        }

        var now = _clock.GetUtcNow();
        if (token.ExpiresAt <= now)
        {
            return (null, new Problem(Errors.TokenExpired));
        }

        var found = await _sessions.GetAsync(
            (token.TenantId, token.SessionId),
            static async (key, store) =>
                await store.FindSessionAsync(key.TenantId, key.SessionId, CancellationToken.None) is { } grant
                    ? new SessionCaller(grant)
                    : null,
            _store,
            cancellationToken);
        if (found is null || !found.Grant.Active || found.Grant.RevokedAt is not null || found.Grant.ExpiresAt <= now)
        {
            return (null, new Problem(Errors.SessionRevoked, "The session has ended."));
        }

        return (found.Caller, null);
    }

    private void Forget(Invalidated what, Guid tenantId, Guid id)
    {
        switch (what)
        {
            case Invalidated.ApiKey:
                _keys.DropValues(key => key.Grant.Id == id);
                break;
            case Invalidated.Session:
                _sessions.DropValues(session => session.Grant.SessionId == id);
                break;
            case Invalidated.User:
                _sessions.DropValues(session => session.Grant.UserId == id && session.Grant.TenantId == tenantId);
                break;
            case Invalidated.Tenant:
                _keys.DropValues(key => key.Grant.TenantId == tenantId);
                _sessions.DropValues(session => session.Grant.TenantId == tenantId);
                break;
            case Invalidated.Workflow or Invalidated.Secret or Invalidated.Variable or Invalidated.Connector or Invalidated.NodeDefinition:
                break;
        }
    }

    private sealed record KeyCaller(ApiKeyGrant Grant)
    {
        public Caller? Caller { get; set; }
    }

    private sealed record SessionCaller(SessionGrant Grant)
    {
        public Caller Caller { get; } = new(
            Grant.TenantId, Grant.UserId, Grant.Email,
            Permissions.Within(
                Grant.TenantId,
                Permissions.Reaching(
                    Permissions.Of(Grant.Permissions) | BuiltInRoles.Of(Grant.TenantId, Grant.BuiltInRoles),
                    Grant.OnlyGranted)),
            Grant.SessionId,
            Grant.UserId)
        {
            LacksTerms = Grant.LacksTerms,
        };
    }
}

/// <summary>SHA-256 of a key as a dictionary key without an allocation.</summary>
internal readonly record struct KeyHash(UInt128 High, UInt128 Low)
{
    private const int HashBytes = 32;
    private const int MaxKeyLength = 256;

    public static KeyHash Of(string key)
    {
        Span<byte> utf8 = stackalloc byte[MaxKeyLength * 3];
        Span<byte> hash = stackalloc byte[HashBytes];
        var length = System.Text.Encoding.UTF8.GetBytes(key.AsSpan(0, Math.Min(key.Length, MaxKeyLength)), utf8);
        System.Security.Cryptography.SHA256.HashData(utf8[..length], hash);
        return new KeyHash(
            System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
    }

    public byte[] ToArray()
    {
        var hash = new byte[HashBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(hash, High);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(hash.AsSpan(16), Low);
        return hash;
    }
}

/// <summary>When keys were used last, until it is written, which happens from time to time.</summary>
internal sealed class ApiKeyUses
{
    private ConcurrentDictionary<Guid, (Guid TenantId, DateTimeOffset At)> _uses = new();

    public void Note(Caller key, DateTimeOffset now)
    {
        // To the second: a busy key then writes nothing most of the time.
        if (!_uses.TryGetValue(key.Id, out var use) || now - use.At > TimeSpan.FromSeconds(1))
        {
            _uses[key.Id] = (key.TenantId, now);
        }
    }

    public IReadOnlyCollection<KeyValuePair<Guid, (Guid TenantId, DateTimeOffset At)>> Take() =>
        Interlocked.Exchange(ref _uses, new());

    /// <summary>Gives back what could not be written; a later use of the same key stands.</summary>
    public void GiveBack(IEnumerable<KeyValuePair<Guid, (Guid TenantId, DateTimeOffset At)>> uses)
    {
        foreach (var (key, use) in uses)
        {
            _uses.TryAdd(key, use);
        }
    }
}
