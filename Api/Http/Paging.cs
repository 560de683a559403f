using System.Buffers.Text;
using System.Linq.Expressions;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Http;

/// <summary>The query parameters of every list.</summary>
/// <param name="Cursor">Where to go on: <c>meta.pagination.nextCursor</c> of the page before.</param>
/// <param name="PerPage">Items per page, 1 to 100; 20 when left out.</param>
/// <param name="Fields">Names of the fields to answer, divided by commas; all when left out.</param>
/// <param name="IncludeTotal">Whether to count, up to 10,000.</param>
internal sealed record PageQuery(
    [property: FromQuery(Name = "cursor")] string? Cursor,
    [property: FromQuery(Name = "per_page")] int? PerPage,
    [property: FromQuery(Name = "fields")] string? Fields,
    [property: FromQuery(Name = "include_total")] bool? IncludeTotal);

/// <summary>
/// Keyset pages: a cursor holds the sort key of the last item shown, so items that come or go meanwhile neither repeat nor hide others.
/// Cursors are signed for one tenant, list and order; a changed or foreign one is refused rather than interpreted.
/// </summary>
internal sealed class Pager(Keys keys)
{
    private const int MacBytes = 16;

    /// <summary>Reads the page asked for.</summary>
    /// <param name="list">Name of list, order and filters: a cursor is good for these only.</param>
    /// <exception cref="ProblemException">A parameter is unusable.</exception>
    public PageRequest<TKey> Read<TKey>(PageQuery query, Guid tenantId, string list)
        where TKey : class
    {
        var size = query.PerPage ?? Limits.PageSize;
        if (size is < 1 or > Limits.MaxPageSize)
        {
            throw new ProblemException(Problem.Parameter("per_page", $"'per_page' lies between 1 and {Limits.MaxPageSize}."));
        }

        return new PageRequest<TKey>(size, query.Cursor is null ? null : Open<TKey>(query.Cursor, tenantId, list), this, tenantId, list);
    }

    public string Seal<TKey>(TKey key, Guid tenantId, string list)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(key, Envelope.Json);
        return Base64Url.EncodeToString([.. Mac(json, tenantId, list), .. json]);
    }

    private TKey Open<TKey>(string cursor, Guid tenantId, string list)
        where TKey : class
    {
        if (cursor.Length <= Limits.CursorLength && Base64Url.IsValid(cursor))
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            if (bytes.Length > MacBytes && CryptographicOperations.FixedTimeEquals(Mac(bytes.AsSpan(MacBytes), tenantId, list), bytes.AsSpan(0, MacBytes)))
            {
                return JsonSerializer.Deserialize<TKey>(bytes.AsSpan(MacBytes), Envelope.Json)!;
            }
        }

        throw new ProblemException(new Problem(Errors.InvalidCursor));
    }

    private byte[] Mac(ReadOnlySpan<byte> json, Guid tenantId, string list)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, keys.Cursors);
        hmac.AppendData(tenantId.ToByteArray());
        hmac.AppendData(Encoding.UTF8.GetBytes(list));
        hmac.AppendData([0]);
        hmac.AppendData(json);
        return hmac.GetHashAndReset()[..MacBytes];
    }
}

/// <summary>One page of one list.</summary>
/// <param name="After">Key of the last item of the page before; null on the first page.</param>
internal sealed record PageRequest<TKey>(int Size, TKey? After, Pager Pager, Guid TenantId, string List)
    where TKey : class
{
    /// <summary>Rows to ask for: one more than shown, which tells whether there is a next page.</summary>
    public int Take => Size + 1;

    /// <summary>Cuts the surplus row off and seals the next cursor.</summary>
    public Pagination Close<TRow>(List<TRow> rows, Func<TRow, TKey> keyOf, (int Total, bool IsCapped)? total = null)
    {
        var more = rows.Count > Size;
        if (more)
        {
            rows.RemoveRange(Size, rows.Count - Size);
        }

        return new Pagination(Size, more ? Pager.Seal(keyOf(rows[^1]), TenantId, List) : null, more, total?.Total, total?.IsCapped);
    }
}

/// <summary>Sort keys of lists.</summary>
internal sealed record IdKey(Guid Id);

internal sealed record TimeKey(DateTimeOffset At, Guid Id);

internal sealed record TextKey(string Text, Guid Id);

internal static class Pages
{
    /// <summary>Leaves out what earlier pages showed.</summary>
    public static IQueryable<T> After<T, TKey>(this IQueryable<T> query, PageRequest<TKey> page, Func<TKey, Expression<Func<T, bool>>> rule)
        where TKey : class => page.After is { } after ? query.Where(rule(after)) : query;

    /// <summary>Counts up to <see cref="Limits.CountedTotal"/> and no further, when asked to.</summary>
    public static async Task<(int Total, bool IsCapped)?> CountAsync<T>(this IQueryable<T> query, PageQuery page, CancellationToken cancellationToken)
    {
        if (page.IncludeTotal != true)
        {
            return null;
        }

        var count = await query.Take(Limits.CountedTotal + 1).CountAsync(cancellationToken);
        return (Math.Min(count, Limits.CountedTotal), count > Limits.CountedTotal);
    }
}

/// <summary>The fields a client wants of each item: an allow-list, which is what the item has.</summary>
internal sealed class FieldSelection
{
    private readonly string[] _names;

    private FieldSelection(string[] names) => _names = names;

    /// <exception cref="ProblemException">A name is not a field of <typeparamref name="T"/>.</exception>
    public static FieldSelection? Read<T>(PageQuery query)
    {
        if (query.Fields is null)
        {
            return null;
        }

        var known = Envelope.Json.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name).ToHashSet(StringComparer.Ordinal);
        var names = query.Fields.Split(',', StringSplitOptions.TrimEntries);
        foreach (var name in names)
        {
            if (!known.Contains(name))
            {
                throw new ProblemException(Problem.Parameter("fields", $"There is no field '{name}'; known are {string.Join(", ", known)}."));
            }
        }

        return new FieldSelection(names);
    }

    public void Write(Utf8JsonWriter writer, JsonElement items)
    {
        writer.WriteStartArray();
        foreach (var item in items.EnumerateArray())
        {
            writer.WriteStartObject();
            foreach (var name in _names)
            {
                writer.WritePropertyName(name);
                item.GetProperty(name).WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
