using System.Globalization;
using Npgsql;

namespace Workflows.Connectors;

/// <summary>
/// Asks the server what it wants a list to be: only it knows whether <c>= any(@ids)</c> or <c>values (@tags)</c> is an
/// array of which type, or jsonb.
/// </summary>
internal static class SqlListTypes
{
    private const string WantedSql = """
        select wanted.number::int, type.typcategory::text, type.typname::text, coalesce(item.typname::text, '')
        from pg_catalog.pg_prepared_statements statement
        cross join lateral unnest(statement.parameter_types::oid[]) with ordinality wanted(type, number)
        join pg_catalog.pg_type type on type.oid = wanted.type
        left join pg_catalog.pg_type item on item.oid = type.typelem
        where statement.name = $1
        """;

    private static readonly Dictionary<int, SqlListForm> None = [];
    private static long _names;

    /// <summary>The form of each value by its number, from 1. What the server cannot say is left out, and is jsonb
    /// then.</summary>
    public static async Task<IReadOnlyDictionary<int, SqlListForm>> AskAsync(
        NpgsqlConnection connection, SqlBinding binding, SqlCall call, CancellationToken cancellationToken)
    {
        if (!binding.HasLists)
        {
            return None;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"workflows_{Interlocked.Increment(ref _names)}");
        await using var batch = new NpgsqlBatch(connection) { Timeout = SqlConnector.CommandSeconds(call) };
        batch.BatchCommands.Add(SqlConnector.Bounds(call));
        // the author's own text, a constant of the definition: one statement by the protocol's rules
#pragma warning disable CA2100
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"prepare {name} ({binding.TypeNames()}) as {binding.Sql}"));
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand(WantedSql) { Parameters = { new NpgsqlParameter<string> { TypedValue = name } } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"deallocate {name}"));
#pragma warning restore CA2100
        try
        {
            return await ReadAsync(batch, cancellationToken);
        }
        catch (PostgresException)
        {
            return None; // lists go as jsonb, and the statement itself tells what is wrong with it
        }
    }

    private static async Task<Dictionary<int, SqlListForm>> ReadAsync(
        NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        var forms = new Dictionary<int, SqlListForm>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            forms[reader.GetInt32(0)] = FormOf(reader.GetString(1), reader.GetString(2), reader.GetString(3));
        }

        return forms;
    }

    private static SqlListForm FormOf(string category, string type, string item) => (category, type, item) switch
    {
        ("A", _, "json" or "jsonb") => SqlListForm.ArrayOfJson,
        ("A", _, _) => SqlListForm.Array,
        ("S", _, _) or (_, "json" or "jsonb" or "unknown", _) => SqlListForm.Json,
        _ => SqlListForm.Text, // a vector, say
    };
}
