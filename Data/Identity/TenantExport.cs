using System.IO.Compression;
using System.Text;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Identity;

/// <summary>
/// Writes all rows of a tenant as JSON lines, <c>{"table": "users", "row": {…}}</c>, compressed by gzip. One snapshot,
/// under the tenant's own policies. Left out are the notes of the platform's operators, columns that hold secrets,
/// sealed or hashed, and the tables of the search service, which can be made again.
/// </summary>
public sealed class TenantExport(WorkflowsDatabase database)
{
    // What nobody may read of a table is not in it: the role of the API has no right to the table.
    private const string TablesSql = """
        select c.oid,
          array(select b.attname::text from pg_attribute b
                where b.attrelid = c.oid and b.attnum > 0 and not b.attisdropped
                  and (b.atttypid = 'bytea'::regtype or b.attname = 'password_hash'
                    or (c.relname = 'tenants' and b.attname = 'metadata')
                    or format_type(b.atttypid, null) in ('vector', 'halfvec', 'tsvector')))
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
          and has_table_privilege(c.oid, 'select')
        order by c.relname
        """;

    private const string RowsSql = "select tenant_rows($1, $2::oid::regclass, $3)";

    /// <summary>Writes it to <paramref name="output"/>, row by row: memory does not grow with the
    /// tenant.</summary>
    public async Task WriteAsync(Guid tenantId, Stream output, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var compressed = new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true);
        await using var lines = new StreamWriter(compressed, new UTF8Encoding(false), leaveOpen: true)
        {
            NewLine = "\n",
        };
        foreach (var table in await TablesAsync(connection, cancellationToken))
        {
            await WriteRowsAsync(connection, table, tenantId, lines, cancellationToken);
        }
    }

    private static async Task<List<ExportedTable>> TablesAsync(NpgsqlConnection connection, CancellationToken token)
    {
        await using var command = new NpgsqlCommand(TablesSql, connection);
        await using var reader = await command.ExecuteReaderAsync(token);
        var tables = new List<ExportedTable>();
        while (await reader.ReadAsync(token))
        {
            tables.Add(new(reader.GetFieldValue<uint>(0), reader.GetFieldValue<string[]>(1)));
        }

        return tables;
    }

    private static async Task WriteRowsAsync(
        NpgsqlConnection connection, ExportedTable table, Guid tenantId, StreamWriter lines, CancellationToken token)
    {
        await using var command = new NpgsqlCommand(RowsSql, connection);
        command.CommandTimeout = 0; // bounded by the request that reads it
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = table.Id });
        command.Parameters.Add(Sql.Texts(table.Secret, column => column));
        await using var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, token);
        while (await reader.ReadAsync(token))
        {
            await lines.WriteLineAsync(reader.GetString(0).AsMemory(), token);
        }
    }

    private sealed record ExportedTable(uint Id, string[] Secret);
}
