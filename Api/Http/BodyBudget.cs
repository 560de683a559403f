using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Http;

/// <summary>
/// Bytes of request bodies that this process holds at once. Guarantees: neither many callers nor slow ones make it hold
/// more; unknown callers have a part of their own, so that they take nothing from known ones, and must send faster.
/// Counted is what has come, not what was announced.
/// </summary>
internal sealed class BodyBudget
{
    public static readonly TimeSpan ComeLater = TimeSpan.FromSeconds(1);

    private static readonly MinDataRate AnonymousRate = new(Limits.AnonymousBodyBytesPerSecond, Limits.BodyGrace);

    private readonly BodyPool _known;
    private readonly BodyPool _anonymous;

    public BodyBudget()
        : this(Limits.BodiesInFlightBytes, Limits.AnonymousBodiesInFlightBytes)
    {
    }

    /// <param name="known">Bytes for callers that are known.</param>
    /// <param name="anonymous">Bytes for those that are not.</param>
    public BodyBudget(long known, long anonymous) => (_known, _anonymous) = (new(known), new(anonymous));

    /// <summary>The account of one body, to be released.</summary>
    public BodyLease Open(HttpContext context)
    {
        if (context.Features.Get<Caller>() is not null)
        {
            return new BodyLease(_known);
        }

        // HTTP/2 has a rate per connection, which the server sets for all.
        if (HttpProtocol.IsHttp11(context.Request.Protocol)
            && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = AnonymousRate;
        }

        return new BodyLease(_anonymous);
    }
}

/// <summary>Bytes that are shared out.</summary>
internal sealed class BodyPool(long capacity)
{
    private long _taken;

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= capacity)
        {
            return true;
        }

        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}

/// <summary>What one body holds of a pool. Used by one request, so by one thread at a time.</summary>
internal sealed class BodyLease(BodyPool pool)
{
    private long _bytes;

    /// <summary>Takes what is missing to <paramref name="bytes"/>.</summary>
    /// <returns>False when the pool is empty; what is held stays held until it is released.</returns>
    public bool TryGrow(long bytes)
    {
        var more = bytes - _bytes;
        if (more <= 0)
        {
            return true;
        }

        if (!pool.TryTake(more))
        {
            return false;
        }

        _bytes = bytes;
        return true;
    }

    /// <summary>Gives all back; a second time has no effect.</summary>
    public void Release()
    {
        pool.Return(_bytes);
        _bytes = 0;
    }
}
