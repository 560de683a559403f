using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Workflows.Api.Http;

/// <summary>What a request within a transaction answered, instead of writing it.</summary>
internal sealed record CapturedAnswer(
    int Status, string? Location, int? Version, RawJson Data, Pagination? Pagination, Problem? Problem)
{
    public static CapturedAnswer Of(Problem problem) => new(problem.Code.Status, null, null, default, null, problem);
}

/// <summary>
/// One run of a request within a transaction, on the context of that request. Guarantees: every run of the request
/// makes the same ids, nothing is written to the client, and nobody is told before the commit.
/// </summary>
/// <param name="seed">Of the request, made when it was staged.</param>
/// <param name="stagedAt">The time in the ids.</param>
/// <param name="afterCommit">Takes what is to be told.</param>
internal sealed class Replay(Guid seed, DateTimeOffset stagedAt, List<Action> afterCommit)
{
    private int _ids;

    public CapturedAnswer? Answer { get; set; }

    public static Replay? Of(HttpContext context) => context.Features.Get<Replay>();

    public void AfterCommit(Action tell) => afterCommit.Add(tell);

    /// <summary>The next id: a UUIDv7 whose random part comes from the seed and its number.</summary>
    public Guid NewId()
    {
        Span<byte> source = stackalloc byte[20];
        seed.TryWriteBytes(source, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(source[16..], _ids++);
        Span<byte> id = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(source, id);
        Span<byte> time = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(time, stagedAt.ToUnixTimeMilliseconds());
        time[2..].CopyTo(id);
        id[6] = (byte)(0x70 | (id[6] & 0x0F)); // version 7
        id[8] = (byte)(0x80 | (id[8] & 0x3F)); // the variant of RFC 9562
        return new Guid(id[..16], bigEndian: true);
    }
}
