using Npgsql;

namespace Pgvector.EntityFrameworkCore.Tests;

public sealed class NpgsqlTests(VectorDatabase database) : IClassFixture<VectorDatabase>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(384)]
    [InlineData(1536)]
    [InlineData(16000)] // far beyond Npgsql's buffer of 8 KB, and pgvector's limit
    public async Task A_vector_comes_back_as_it_was_sent(int dimensions)
    {
        var sent = new Vector(Enumerable.Range(0, dimensions).Select(index => (index * 0.37f) - 1e-5f).ToArray());

        Assert.Equal(sent, await EchoAsync("select $1", sent));
        Assert.Equal(sent, await EchoAsync("select $1::vector::text::vector", sent)); // the server reads it the same way
    }

    [Theory]
    [InlineData(1)]
    [InlineData(384)]
    [InlineData(16000)]
    public async Task A_half_vector_comes_back_as_it_was_sent(int dimensions)
    {
        var sent = new HalfVector(Enumerable.Range(0, dimensions).Select(index => (Half)((index % 2000 * 0.37f) - 1.5f)).ToArray());

        Assert.Equal(sent, await EchoAsync("select $1", sent));
        Assert.Equal(sent, await EchoAsync("select $1::halfvec::text::halfvec", sent));
    }

    [Fact]
    public async Task Synchronous_reads_and_writes_work_too()
    {
        var sent = new Vector(Enumerable.Range(0, 5000).Select(index => (float)index).ToArray());

        var received = await Task.Run(
            () =>
            {
                using var connection = database.DataSource.OpenConnection();
                using var command = new NpgsqlCommand("select $1", connection) { Parameters = { new() { Value = sent } } };
                using var reader = command.ExecuteReader();
                reader.Read();
                return reader.GetFieldValue<Vector>(0);
            },
            Cancel);

        Assert.Equal(sent, received);
    }

    [Fact]
    public async Task Arrays_of_vectors_are_sent_in_one_parameter()
    {
        Vector[] sent = [Make.Vector(1f, 2f), Make.Vector(3f, 4f)];
        HalfVector[] halves = [Make.HalfVector(1, 2)];
        await using var command = database.DataSource.CreateCommand("select array_agg(v), $2 from unnest($1) v");
        command.Parameters.Add(new() { Value = sent });
        command.Parameters.Add(new() { Value = halves });
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        await reader.ReadAsync(Cancel);

        Assert.Equal(sent, reader.GetFieldValue<Vector[]>(0));
        Assert.Equal(halves, reader.GetFieldValue<HalfVector[]>(1));
    }

    [Fact]
    public async Task Binary_copy_takes_vectors()
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(Cancel);
        await using (var create = new NpgsqlCommand("create temp table copied (v vector(3), h halfvec(3))", connection))
        {
            await create.ExecuteNonQueryAsync(Cancel);
        }

        await using (var import = await connection.BeginBinaryImportAsync("copy copied (v, h) from stdin (format binary)", Cancel))
        {
            for (var row = 0; row < 1000; row++)
            {
                await import.StartRowAsync(Cancel);
                await import.WriteAsync(Make.Vector(row, 2, 3), Cancel);
                await import.WriteAsync(Make.HalfVector(row, 2, 3), Cancel);
            }

            await import.CompleteAsync(Cancel);
        }

        await using var sum = new NpgsqlCommand("select sum(v), avg(h) from copied", connection);
        await using var reader = await sum.ExecuteReaderAsync(Cancel);
        await reader.ReadAsync(Cancel);
        Assert.Equal("[499500,2000,3000]", reader.GetFieldValue<Vector>(0).ToString());
        Assert.Equal("[499.5,2,3]", reader.GetFieldValue<HalfVector>(1).ToString());
    }

    [Fact]
    public async Task Null_is_null_and_the_default_type_is_the_vector()
    {
        await using var command = database.DataSource.CreateCommand("select null::vector, '[1,2]'::vector, '[1,2]'::halfvec");
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        await reader.ReadAsync(Cancel);

        Assert.True(await reader.IsDBNullAsync(0, Cancel));
        Assert.Equal(new Vector("[1,2]"), reader.GetValue(1));
        Assert.Equal(new HalfVector("[1,2]"), reader.GetValue(2));
        Assert.Equal(typeof(Vector), reader.GetFieldType(1));
    }

    [Fact]
    public async Task A_vector_of_another_dimension_is_the_servers_error()
    {
        await using var command = database.DataSource.CreateCommand("select $1 <-> '[1,2]'::vector");
        command.Parameters.Add(new() { Value = Make.Vector(1f, 2f, 3f) });

        var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(Cancel));

        Assert.Contains("different vector dimensions", error.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_is_pgvectors_own_notation()
    {
        Assert.Equal("[1,2.5,-3E-07]", Make.Vector(1f, 2.5f, -3e-7f).ToString());
        Assert.Equal([1f, 2.5f, -3e-7f], new Vector("[1, 2.5,-3e-07]").ToArray());
        Assert.Equal("[1,2.5]", Make.HalfVector(1, 2.5f).ToString());
        Assert.Throws<FormatException>(() => new Vector("1,2"));
        Assert.Throws<FormatException>(() => new Vector("[]"));
    }

    [Fact]
    public void Vectors_are_equal_by_value()
    {
        Assert.True(Make.Vector(1f, 2f) == new Vector("[1,2]"));
        Assert.True(Make.Vector(1f, 2f) != new Vector("[1,3]"));
        Assert.Equal(Make.Vector(1f, 2f).GetHashCode(), new Vector("[1,2]").GetHashCode());
        Assert.True(new HalfVector("[1]") == Make.HalfVector(1));
        Assert.False(new HalfVector("[1]").Equals(null));
    }

    private async Task<T?> EchoAsync<T>(string sql, T value)
    {
#pragma warning disable CA2100 // constants of this class
        await using var command = database.DataSource.CreateCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(new() { Value = value });
        return (T?)await command.ExecuteScalarAsync(Cancel);
    }
}
