using Npgsql;

namespace Workflows.Data.Isolation;

/// <summary>What is to be written of a failure.</summary>
/// <param name="IsFirst">It is new: written whole, with its stack.</param>
/// <param name="Count">How often it came since it was last written; 0 = nothing is to be written now.</param>
public readonly record struct FailureNote(bool IsFirst, long Count);

/// <summary>
/// Keeps the log of something that fails again and again small: a failure is written whole when it comes first, and
/// then only counted, with
/// one line each <see cref="Limits.FailureNoteInterval"/>. Two failures are the same when their kind is: the types of
/// the exceptions within
/// each other, and PostgreSQL's code. At most <see cref="Limits.FailureKinds"/> kinds are told apart; what comes
/// beyond counts as one.
/// Not safe for several threads at once.
/// </summary>
public sealed class RepeatedFailures(TimeProvider clock)
{
    private const string Other = "other";

    private readonly Dictionary<string, Kind> _kinds = [];

    /// <summary>Takes note of a failure.</summary>
    /// <param name="exception">What happened.</param>
    /// <param name="of">What it happened to, where one loop does many things; null for the loop itself.</param>
    public FailureNote Note(Exception exception, string? of = null) => Note($"{of}|{KindOf(exception)}");

    /// <summary>Takes note of a failure that is known by its name.</summary>
    public FailureNote Note(string kind)
    {
        if (!_kinds.TryGetValue(kind, out var known))
        {
            kind = _kinds.Count < Limits.FailureKinds ? kind : Other;
            if (!_kinds.TryGetValue(kind, out known))
            {
                _kinds.Add(kind, new Kind(clock.GetTimestamp()));
                return new FailureNote(true, 1);
            }
        }

        known.Unwritten++;
        known.Total++;
        if (clock.GetElapsedTime(known.WrittenAt) < Limits.FailureNoteInterval)
        {
            return default;
        }

        var count = known.Unwritten;
        (known.WrittenAt, known.Unwritten) = (clock.GetTimestamp(), 0);
        return new FailureNote(false, count);
    }

    /// <summary>Takes note of a success: the next failure is new again.</summary>
    /// <returns>How many failures came before it; 0 when there was none.</returns>
    public long Succeeded()
    {
        if (_kinds.Count == 0)
        {
            return 0;
        }

        var total = _kinds.Values.Sum(kind => kind.Total);
        _kinds.Clear();
        return total;
    }

    private static string KindOf(Exception exception)
    {
        var kind = exception is PostgresException postgres
            ? $"{exception.GetType().FullName} {postgres.SqlState}" : exception.GetType().FullName!;
        return exception.InnerException is { } inner ? $"{kind} <- {KindOf(inner)}" : kind;
    }

    private sealed class Kind(long writtenAt)
    {
        public long WrittenAt { get; set; } = writtenAt;

        public long Unwritten { get; set; }

        public long Total { get; set; } = 1;
    }
}
