using System.Globalization;
using System.Text.RegularExpressions;
using Workflows.Testing;

namespace Workflows.Load;

/// <summary>What PostgreSQL did since the server was started, statement by statement: where its time goes.</summary>
internal static partial class StatementCosts
{
    private const int Statements = 20;
    private const int TextLength = 100;

    private const string Sql = """
        select calls, total_exec_time, rows, wal_bytes::bigint, query
        from pg_stat_statements where calls > 1 order by total_exec_time desc limit $1
        """;

    /// <summary>Prints the dearest statements: total ms, calls, ms per call, rows per call, WAL bytes per
    /// call.</summary>
    public static async Task PrintAsync(PlatformClient client)
    {
        await client.ScalarAsync<int>("create extension if not exists pg_stat_statements; select 1");
        await using var command = client.Database.CreateCommand(Sql);
        command.Parameters.Add(new Npgsql.NpgsqlParameter { Value = Statements });
        await using var reader = await command.ExecuteReaderAsync();
        Console.WriteLine("  total ms     calls   ms/call  rows/call  WAL/call  statement");
        while (await reader.ReadAsync())
        {
            var (calls, total) = ((double)reader.GetInt64(0), reader.GetDouble(1));
            var text = Spaces().Replace(reader.GetString(4), " ");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{total,10:0} {calls,9:0} {total / calls,9:0.000} {reader.GetInt64(2) / calls,10:0.0} "
                + $"{reader.GetInt64(3) / calls,9:0}  {text[..Math.Min(text.Length, TextLength)]}"));
        }
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
