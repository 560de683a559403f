using Npgsql;

namespace Workflows.Data.Isolation;

/// <summary>
/// The rule for every batch over several tenants: done together; when that fails, in parts; what fails alone is set
/// aside with its reason
/// on record, and the others go on within the same round. This class says which failures are worth that, and which of
/// them are final.
/// </summary>
public static class Batches
{
    /// <summary>
    /// Whether one item may be what made a batch fail, so that the others are worth a try without it. Not so when the
    /// database cannot be
    /// reached at all, or when the caller gave up: each part would fail as the whole did.
    /// </summary>
    public static bool MayBeOneItem(Exception exception) => exception switch
    {
        OperationCanceledException => false,
        // A batch that takes too long, or that waits for the lock of one row.
        PostgresException postgres when PostgresErrors.IsTimeOut(postgres) => true,
        _ => !PostgresErrors.IsTransient(exception) && !PostgresErrors.IsUnavailable(exception),
    };

    /// <summary>
    /// Whether the other tenants of a round that goes from tenant to tenant are worth a try after this failure of one
    /// of them. Not so when the database cannot be reached or refuses everybody. A statement that takes too long may be
    /// the tenant's own.
    /// </summary>
    public static bool MayBeOneTenant(Exception exception) =>
        PostgresErrors.IsTimeOut(exception)
        || exception is NpgsqlException { InnerException: TimeoutException }
        || !PostgresErrors.IsUnavailable(exception);

    /// <summary>
    /// Whether an item that fails alone with this can never succeed as it is: the failure follows from its data.
    /// Anything the database may
    /// answer for reasons of its own (rights, space, time) is tried again instead.
    /// </summary>
    public static bool IsForGood(Exception exception) => exception switch
    {
        NpgsqlException => PostgresErrors.Rejection(exception) is not null,
        _ => MayBeOneItem(exception),
    };

    /// <summary>Writes that an item is left out. When that fails, too, the item is as it was, and the others go on all
    /// the same.</summary>
    /// <param name="write">Writes it, and says whether the item is out for good now.</param>
    internal static async Task<bool> TrySetAsideAsync(Func<Task<bool>> write)
    {
        try
        {
            return await write();
        }
        catch (Exception exception) when (MayBeOneItem(exception))
        {
            return false;
        }
    }

    /// <summary>The reason of a failure as text that the database can hold, of bounded length.</summary>
    public static string ReasonOf(Exception exception)
    {
        var reason = exception is PostgresException postgres ? $"{postgres.SqlState}: {postgres.MessageText}"
            : exception.Message;
        return StorableText.Of(reason.Length > Limits.SetAsideReasonLength
            ? reason[..Limits.SetAsideReasonLength] : reason);
    }
}
