using System.Text;
using Npgsql;

namespace Workflows.Data.Tests;

/// <summary>Only what follows from the data is refused for good.</summary>
public sealed class PostgresErrorsTests
{
    [Theory]
    [InlineData("22P05", null)] // U+0000 in jsonb
    [InlineData("22003", null)] // a number out of range
    [InlineData("22021", null)]
    [InlineData("23502", null)]
    [InlineData("23503", "executions_workflow_fkey")]
    [InlineData("23505", "executions_pkey")]
    [InlineData("23514", "executions_status_known")]
    [InlineData("54000", null)] // program limit exceeded
    [InlineData("54001", null)] // statement too complex
    [InlineData("P0001", null)] // raised by a function or trigger about the row
    public void The_datas_fault_is_final(string state, string? constraint)
    {
        var error = Error(state, constraint);

        Assert.StartsWith(state, PostgresErrors.Rejection(error), StringComparison.Ordinal);
        Assert.False(PostgresErrors.MayPass(error));
    }

    [Theory]
    [InlineData("57014")] // an operator's pg_cancel_backend, statement_timeout
    [InlineData("57P01")]
    [InlineData("25P04")] // transaction_timeout
    [InlineData("25006")] // read only
    [InlineData("42501")] // a grant that is missing during an upgrade
    [InlineData("42703")] // a column that is missing during an upgrade
    [InlineData("42P01")]
    [InlineData("23514")] // no partition of the table for the row
    [InlineData("53100")] // disk full
    [InlineData("53200")]
    [InlineData("58030")]
    [InlineData("0A000")] // cached plan must not change result type
    [InlineData("XX000")]
    [InlineData("XX001")]
    [InlineData("40001")]
    [InlineData("40P01")]
    [InlineData("55P03")]
    public void Trouble_of_the_server_passes(string state)
    {
        var error = Error(state, constraint: null);

        Assert.Null(PostgresErrors.Rejection(error));
        Assert.True(PostgresErrors.MayPass(error));
    }

    [Fact]
    public void A_driver_that_has_lost_its_place_in_a_conversation_begins_another()
    {
        // What it throws is a bare exception; who else throws one is no database.
#pragma warning disable CA2201 // what the driver throws
        var (lost, other) = (new Exception("Unexpected.") { Source = "Npgsql" }, new Exception("Unexpected."));
#pragma warning restore CA2201

        Assert.True(PostgresErrors.MayPass(lost));
        Assert.False(PostgresErrors.MayPass(other));
    }

    [Fact]
    public void A_fence_is_neither()
    {
        var error = Error(PostgresErrors.WorkerFenced, constraint: null);

        Assert.Null(PostgresErrors.Rejection(error));
        Assert.False(PostgresErrors.MayPass(error));
    }

    [Fact]
    public void Text_that_is_no_Unicode_is_the_datas_fault_and_a_bug_is_nobodys()
    {
        Assert.NotNull(PostgresErrors.Rejection(new EncoderFallbackException()));
        Assert.False(PostgresErrors.MayPass(new EncoderFallbackException()));
        Assert.Null(PostgresErrors.Rejection(new InvalidCastException()));
        Assert.False(PostgresErrors.MayPass(new InvalidCastException()));
        Assert.True(PostgresErrors.MayPass(new NpgsqlException("while reading from stream", new IOException())));
    }

    private static PostgresException Error(string state, string? constraint) =>
        new("message", "ERROR", "ERROR", state, constraintName: constraint);
}
