using Npgsql;

namespace Workflows.Data.Database;

/// <summary>What one try to write said.</summary>
/// <param name="IsHeard">Anything was heard of the database, were it a refusal.</param>
/// <param name="Trouble">Why nothing was written, in words; null when it was.</param>
public readonly record struct WriteAnswer(bool IsHeard, string? Trouble);

/// <summary>
/// Tries whether the database can be written, over a connection of its own that waits 2 s for an answer and not at all
/// for the answer to giving up: one row for each process (<c>api_instances</c>), which leaves a day after its process.
/// </summary>
public sealed class WriteProbe(DatabaseOptions options) : IAsyncDisposable
{
    private const int AnswerSeconds = 2;
    private const string WriteSql = """
        with gone as (delete from api_instances where seen_at < now() - interval '1 day')
        insert into api_instances (id, seen_at) values ($1, now())
        on conflict (id) do update set seen_at = excluded.seen_at
        """;

    private readonly Guid _instance = Guid.CreateVersion7();
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(options.For(DatabaseRole.Api))
        {
            ApplicationName = "workflows_api_watch",
            Timeout = AnswerSeconds,
            CommandTimeout = AnswerSeconds,
            CancellationTimeout = -1, // the answer is not waited for
            MaxPoolSize = 1,
        });

    /// <summary>Tries once; whatever becomes of the database is the answer.</summary>
    public async Task<WriteAnswer> WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = _source.CreateCommand(WriteSql);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _instance });
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new WriteAnswer(true, null);
        }
        catch (PostgresException exception)
        {
            return new WriteAnswer(
                true, $"The database cannot be written: {exception.SqlState} {exception.MessageText}");
        }
#pragma warning disable CA1031 // the watch outlives whatever becomes of the database; what it found is its state
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return new WriteAnswer(false, $"The database does not answer: {exception.Message}");
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
