using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Transactions;

/// <summary>What stands in the way of a transaction: what somebody else changed since, by version, and what the writes
/// themselves run into.</summary>
internal sealed class TransactionConflicts(ApiRequest request)
{
    private readonly List<ErrorDetail> _found = [];
    private readonly HashSet<Guid> _spoilt = [];

    public IReadOnlyList<ErrorDetail> Found => _found;

    /// <summary>Locks what the writes change, in the order in which everybody does, and compares its
    /// versions.</summary>
    public async Task FindStaleAsync(IReadOnlyList<StagedWrite> writes, CancellationToken token)
    {
        foreach (var write in writes.Where(write => write.BaseVersion is not null)
            .OrderBy(KindOf).ThenBy(write => write.ObjectId))
        {
            var row = await request.Db.LockAsync(KindOf(write), write.ObjectId, token);
            if (row?.Version != write.BaseVersion)
            {
                _spoilt.Add(write.ObjectId);
                _found.Add(await StaleAsync(write, row?.Version, token));
            }
        }
    }

    /// <summary>Whether a write is about something that is in conflict already, or that would have been made: what it
    /// runs into says nothing new.</summary>
    public bool IsConcerned(StagedWrite write) => _spoilt.Any(id => write.ObjectId == id
        || write.Path.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase)
        || write.Body?.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>A write that was refused.</summary>
    public void Add(StagedWrite write, Problem problem)
    {
        _spoilt.Add(write.ObjectId);
        _found.Add(new ErrorDetail(
            PointerOf(write), problem.Code.Code, $"{write.Method} {write.Path}: {problem.Message}",
            problem.Details is [{ } first, ..] && first.Message != problem.Message ? first.Message : null,
            Conflict: new ConflictView(
                write.Number, write.ObjectType, write.ObjectId, null, write.BaseVersion, null, null, null)));
    }

    private static StagedKind KindOf(StagedWrite write) => Enum.Parse<StagedKind>(write.ObjectType, ignoreCase: true);

    private static string PointerOf(StagedWrite write) => $"/writes/{write.Number}";

    private async Task<ErrorDetail> StaleAsync(StagedWrite write, int? present, CancellationToken token)
    {
        var last = await request.Db.Activities.AsNoTracking().Where(row => row.ObjectId == write.ObjectId)
            .OrderByDescending(row => row.Id)
            .Select(row => new { row.ActorType, row.ActorId, row.ActorName, row.ObjectName, row.At })
            .FirstOrDefaultAsync(token);
        var by = last is { ActorType: "user", ActorId: { } userId }
            ? await request.Db.Users.IgnoreQueryFilters()
                .Where(user => user.TenantId == request.Caller.TenantId && user.Id == userId)
                .Select(user => user.Name).SingleOrDefaultAsync(token) ?? last.ActorName
            : last?.ActorName;
        var found = present is { } version ? $"and there is version {version}" : "and it is deleted";
        var message = $"The {write.ObjectType} '{last?.ObjectName}' was expected in version {write.BaseVersion}, "
            + found + (last is null ? "." : $"; {by} changed it at {last.At:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
        return new ErrorDetail(
            PointerOf(write), Errors.VersionConflict.Code, message,
            Conflict: new ConflictView(
                write.Number, write.ObjectType, write.ObjectId, last?.ObjectName, write.BaseVersion, present, by,
                last?.At));
    }
}
