using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class RoundTests(PostgresServer server) : IAsyncLifetime
{
    private const string WriteText = "insert into notes values (1), (2)";
    private const string ReturningText = "insert into notes values (3) returning n";
    private const string NothingText = "select n from notes where n < 0";

    private readonly List<string> _read = [];
    private TestDatabase _database = null!;
    private NpgsqlDataSource _source = null!;
    private NpgsqlConnection _connection = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await server.CreateDatabaseAsync();
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database.ConnectionString)
        {
            MaxAutoPrepare = 20,
            AutoPrepareMinUsages = 2,
        });
        _connection = await _source.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("create table notes (n int)", _connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }

    // The first times as they are, then prepared by the driver: both ways must tell the same.
    [Fact]
    public async Task Each_result_set_is_read_by_the_reader_of_its_own_statement()
    {
        for (var time = 0; time < 4; time++)
        {
            _read.Clear();
            await using var round = new Round(_connection);
            round.AddCall(Command("select set_config('app.x', 'y', false)"));
            round.Add(Command(WriteText));
            Read(round, "first", "select n from (values (1), (2)) v (n)");
            round.Add(Command("update notes set n = n"));
            round.Add(Command("delete from notes where n = 2"));
            Read(round, "empty", NothingText);
            Read(round, "empty too", NothingText);
            round.Add(Command("delete from notes where n < 0"));
            Read(round, "second", ReturningText);
            round.AddCall(Command("select from notes for update"));
            round.Add(Command("delete from notes"));

            await round.ExecuteAsync(Token);

            Assert.Equal(["first 1", "first 2", "second 3"], _read);
        }
    }

    [Fact]
    public async Task A_round_may_consist_of_statements_without_rows_or_of_empty_results()
    {
        await using (var round = new Round(_connection))
        {
            round.Add(Command(WriteText));
            await round.ExecuteAsync(Token);
        }

        await using (var round = new Round(_connection))
        {
            Read(round, "empty", NothingText);
            await round.ExecuteAsync(Token);
        }

        Assert.Empty(_read);
        Assert.Equal(2, await CountAsync());
    }

    [Theory]
    [InlineData(1, ReturningText, 0)] // rows that nobody reads
    [InlineData(1, NothingText, 0)] // though there are none this time
    [InlineData(1, WriteText, 1)] // no rows where some are read
    [InlineData(1, "select n, n from notes", 1)] // one more column
    [InlineData(1, "select n, n from notes where n < 0", 1)]
    [InlineData(0, ReturningText, 0)]
    [InlineData(2, ReturningText, 0)]
    [InlineData(0, WriteText, 1)]
    [InlineData(2, WriteText, 1)]
    [InlineData(2, "select n, n from notes", 1)]
    public async Task A_statement_that_answers_otherwise_than_it_was_added_is_named(int place, string text, int columns)
    {
        foreach (var neighbour in new[] { "select 7", NothingText, "" })
        {
            await using var round = new Round(_connection);
            for (var index = 0; index < 3; index++)
            {
                if (index != place)
                {
                    Add(round, neighbour.Length == 0 ? WriteText : neighbour, neighbour.Length == 0 ? 0 : 1);
                    continue;
                }

                Add(round, text, columns);
            }

            var error = await Assert.ThrowsAsync<InvalidOperationException>(() => round.ExecuteAsync(Token));

            Assert.StartsWith($"Statement {place + 1} of 3 answers", error.Message, StringComparison.Ordinal);
            Assert.EndsWith(text, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task One_statement_that_begins_to_answer_does_not_make_up_for_one_that_no_longer_does()
    {
        await using var round = new Round(_connection);
        round.Add(Command(ReturningText));
        Read(round, "lost", WriteText);

        await Assert.ThrowsAsync<InvalidOperationException>(() => round.ExecuteAsync(Token));

        Assert.Empty(_read);
    }

    [Fact]
    public async Task A_statement_that_fails_undoes_the_round_and_leaves_the_connection_usable()
    {
        await using (var round = new Round(_connection))
        {
            round.Add(Command(WriteText));
            Read(round, "before", "select 1");
            Read(round, "failing", "select 1 / n from (values (1), (0)) v (n)");
            Read(round, "after", "select 2");

            var error = await Assert.ThrowsAsync<PostgresException>(() => round.ExecuteAsync(Token));

            Assert.Equal(PostgresErrorCodes.DivisionByZero, error.SqlState);
        }

        Assert.DoesNotContain("after 2", _read);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Within_a_transaction_an_unexpected_answer_leaves_nothing_behind()
    {
        await using (var transaction = await _connection.BeginTransactionAsync(Token))
        {
            await using var round = new Round(_connection, transaction);
            round.Add(Command(ReturningText));
            await Assert.ThrowsAsync<InvalidOperationException>(() => round.ExecuteAsync(Token));
        }

        Assert.Equal(0, await CountAsync());
    }

    private void Add(Round round, string text, int columns)
    {
        if (columns == 0)
        {
            round.Add(Command(text));
        }
        else
        {
            Read(round, "read", text);
        }
    }

    private void Read(Round round, string name, string text) =>
        round.Add(Command(text), 1, row => _read.Add($"{name} {row.GetInt32(0)}"));

    private async Task<long> CountAsync()
    {
        await using var command = new NpgsqlCommand("select count(*) from notes", _connection);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

#pragma warning disable CA2100 // statements of this test
    private static NpgsqlBatchCommand Command(string text) => new(text);
#pragma warning restore CA2100
}
