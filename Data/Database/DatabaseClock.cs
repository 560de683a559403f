namespace Workflows.Data.Database;

/// <summary>
/// The time of the database in this process: what it said last, and how long ago that is by a clock that only runs forward. The machine's own time of day
/// counts until it was asked first and never again, so that one who sets it, or a machine whose time is wrong, moves no timer and no id.
/// </summary>
/// <remarks>
/// An answer names the instant only to within the time it took. The clock is changed by no more than what that rules out: two processes are then apart by less
/// than a round trip to the database, and what the one did before the other in consequence of it also has the earlier time. It may step back by as much.
/// </remarks>
public sealed class DatabaseClock(TimeProvider machine) : TimeProvider
{
    /// <summary>How often to ask.</summary>
    public static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(5);

    private const int FirstQuestions = 6;

    private readonly Lock _gate = new();
    private Anchor? _anchor;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => Volatile.Read(ref _anchor) is { } anchor ? anchor.Instant + GetElapsedTime(anchor.Timestamp) : machine.GetUtcNow();

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    private const string NowSql = "select clock_timestamp()";

    /// <summary>Asks the database. Call it before what needs the time and then every <see cref="SyncPeriod"/>: clocks drift, and a machine may have slept.</summary>
    public async Task SyncAsync(WorkflowsDatabase database, CancellationToken cancellationToken)
    {
        // Of an open connection: making one would count as time of the answer.
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var command = new Npgsql.NpgsqlCommand(NowSql, connection);
        // The first answer takes long, as all that is done for the first time; each further one narrows it down.
        for (var question = _anchor is null ? FirstQuestions : 1; question > 0; question--)
        {
            var asked = GetTimestamp();
            var said = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!);
            Learn(said, asked, GetTimestamp());
        }
    }

    /// <summary>At some moment between two timestamps the database's time was <paramref name="said"/>.</summary>
    internal void Learn(DateTimeOffset said, long asked, long answered)
    {
        var earliest = said;
        var latest = said + GetElapsedTime(asked, answered);
        lock (_gate)
        {
            var believed = _anchor is { } anchor ? anchor.Instant + GetElapsedTime(anchor.Timestamp, answered) : earliest + ((latest - earliest) / 2);
            Volatile.Write(ref _anchor, new Anchor(believed < earliest ? earliest : believed > latest ? latest : believed, answered));
        }
    }

    private sealed record Anchor(DateTimeOffset Instant, long Timestamp);
}
