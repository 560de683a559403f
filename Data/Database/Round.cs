using Npgsql;

namespace Workflows.Data.Database;

/// <summary>
/// Statements that go to the database in one round trip, each together with what reads its rows. Guarantees: each
/// result set is read by the reader of the statement that made it, in the order of the statements; a statement that
/// answers otherwise than it was added (rows where none are read, no rows or another number of columns where some are)
/// is an error that names it. Without a transaction around it the round is one by itself, and that is committed when
/// such an error shows: the error is one of this program, for its tests to find.
/// </summary>
/// <remarks>
/// The driver passes over statements without a result set, and does not say which statement a result set is of. It
/// marks each statement whose end it has read, so the open result set is that of the first statement without the mark,
/// or of the last one with it when the set is empty: then its end is read together with its beginning.
/// </remarks>
public sealed class Round(NpgsqlConnection connection, NpgsqlTransaction? transaction = null) : IAsyncDisposable
{
    private const int AnyColumns = -1;

    private readonly NpgsqlBatch _batch = new(connection, transaction);
    private readonly List<Answer> _answers = [];

    /// <summary>Adds a statement that answers no rows.</summary>
    public void Add(NpgsqlBatchCommand command) => Add(command, default(Answer));

    /// <summary>Adds a statement that is run for what it does: a lock, a setting. Its rows say nothing and are passed
    /// over.</summary>
    public void AddCall(NpgsqlBatchCommand command) => Add(command, new Answer(AnyColumns, null));

    /// <summary>Adds a statement that answers rows.</summary>
    /// <param name="columns">How many columns they have, at least one.</param>
    /// <param name="row">Reads one row; called for each, in their order. It must not move the reader.</param>
    public void Add(NpgsqlBatchCommand command, int columns, Action<NpgsqlDataReader> row)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        Add(command, new Answer(columns, row));
    }

    private void Add(NpgsqlBatchCommand command, Answer answer)
    {
        _batch.BatchCommands.Add(command);
        _answers.Add(answer);
    }

    /// <summary>Sends all statements and reads what they answer. Once per round.</summary>
    /// <exception cref="PostgresException">One of the statements failed. Rows of those before it may have been read.
    /// </exception>
    /// <exception cref="InvalidOperationException">A statement answered otherwise than it was added.</exception>
    public async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        await using var reader = await _batch.ExecuteReaderAsync(cancellationToken);
        var next = 0;
        do
        {
            var current = Current(next, reader.HasRows);
            ExpectNoRows(next, current);
            if (current < _answers.Count)
            {
                await ReadAsync(reader, current, cancellationToken);
            }

            next = current + 1;
        }
        while (await reader.NextResultAsync(cancellationToken));
        ExpectNoRows(next, _answers.Count);
    }

    private int Current(int from, bool hasRows)
    {
        var open = from;
        while (open < _answers.Count && _batch.BatchCommands[open].StatementType != StatementType.Unknown)
        {
            open++;
        }

        return hasRows ? open : Math.Max(open - 1, from);
    }

    private void ExpectNoRows(int from, int to)
    {
        for (var index = from; index < to; index++)
        {
            if (_answers[index].Columns > 0)
            {
                throw Unexpected(index, 0);
            }
        }
    }

    private async Task ReadAsync(NpgsqlDataReader reader, int index, CancellationToken cancellationToken)
    {
        var (columns, row) = _answers[index];
        if (columns != AnyColumns && reader.FieldCount != columns)
        {
            throw Unexpected(index, reader.FieldCount);
        }

        if (row is null)
        {
            return; // the driver passes over what is left of a result set
        }

        while (await reader.ReadAsync(cancellationToken))
        {
            row(reader);
        }
    }

    private InvalidOperationException Unexpected(int index, int columns) => new(
        $"Statement {index + 1} of {_answers.Count} answers {columns} columns, and {_answers[index].Columns} are read: "
        + _batch.BatchCommands[index].CommandText);

    public ValueTask DisposeAsync() => _batch.DisposeAsync();

    /// <param name="Columns">0 = no rows.</param>
    private readonly record struct Answer(int Columns, Action<NpgsqlDataReader>? Row);
}
