using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Approvals;

/// <summary>One transaction on one request: its connection, under its tenant. Reads give the request's key as $1 and $2.</summary>
internal sealed class Work(NpgsqlConnection connection, Guid tenantId, Guid requestId)
{
    public Guid TenantId => tenantId;

    public Guid RequestId => requestId;

    /// <summary>First of all: without it the statements see no rows.</summary>
    public async Task SetTenantAsync(CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId) } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public NpgsqlCommand Command(string sql, NpgsqlParameter[] parameters)
    {
#pragma warning disable CA2100 // constants of the stores in this folder, each prepared by a test
        var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        command.Parameters.AddRange(parameters);
        return command;
    }

    public async Task<int> ExecuteAsync(string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<List<T>> ReadAsync<T>(string sql, NpgsqlParameter[] further, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var command = Command(sql, [Sql.Uuid(tenantId), Sql.Uuid(requestId), .. further]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
