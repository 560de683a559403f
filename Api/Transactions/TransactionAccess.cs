using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Transactions;

/// <summary>Whose a transaction is, and whether it is still open.</summary>
internal static class TransactionAccess
{
    public const string RolledBack = "rolledBack";
    public const string Expired = "expired";

    public static string StateOf(EditTransaction row, DateTimeOffset now) => row.State switch
    {
        EditTransaction.Open when row.ExpiresAt <= now => Expired,
        EditTransaction.RolledBack => RolledBack,
        _ => row.State,
    };

    public static bool IsHolder(this ApiRequest request, EditTransaction row) =>
        row.HolderId == request.Caller.Id && row.HolderType == request.Caller.ActorType;

    /// <summary>Those of others are for who manages the tenant; for anybody else they are not there.</summary>
    public static bool MaySee(this ApiRequest request, EditTransaction row) =>
        request.IsHolder(row) || request.Caller.May(Permission.TenantManage);

    /// <summary>Locks a transaction that is open; one of the two answers is null. Its requests wait for each other
    /// here, its end included.</summary>
    /// <param name="othersToo">Whether who manages the tenant may do it with somebody else's.</param>
    public static async Task<(EditTransaction? Transaction, Problem? Problem)> LockOpenAsync(
        this ApiRequest request, Guid id, bool othersToo, CancellationToken token)
    {
        var row = await request.Db.LockEditTransactionAsync(id, token);
        return row is null || !request.MaySee(row) ? (null, new Problem(Errors.TransactionNotFound))
            : !othersToo && !request.IsHolder(row)
                ? (null, new Problem(Errors.Forbidden, "Only who began the transaction works in it and commits it."))
            : WhyEnded(row, request.Now) is { } reason ? (null, new Problem(Errors.TransactionEnded, reason))
            : (row, null);
    }

    public static IQueryable<StagedWrite> WritesOf(this ApiRequest request, Guid id) =>
        request.Db.StagedWrites.AsNoTracking().Where(row => row.TransactionId == id).OrderBy(row => row.Number);

    /// <summary>Ends a locked transaction. What was to be written is not kept: it is elsewhere by now, or not
    /// wanted.</summary>
    public static Task EndAsync(this ApiRequest request, EditTransaction row, string state, CancellationToken token)
    {
        (row.State, row.EndedAt) = (state, request.Now);
        return request.Db.StagedWrites.Where(write => write.TransactionId == row.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(write => write.Body, (string?)null), token);
    }

    private static string? WhyEnded(EditTransaction row, DateTimeOffset now) => StateOf(row, now) switch
    {
        EditTransaction.Open => null,
        Expired => $"The transaction's time was over at {Shown(row.ExpiresAt)}: nothing of it was changed.",
        EditTransaction.Committed => $"The transaction was committed at {Shown(row.EndedAt!.Value)}.",
        _ => $"The transaction was rolled back at {Shown(row.EndedAt!.Value)}.",
    };

    private static string Shown(DateTimeOffset at) => $"{at:yyyy-MM-dd'T'HH:mm:ss'Z'}";
}
