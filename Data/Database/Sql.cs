using Npgsql;
using NpgsqlTypes;

namespace Workflows.Data.Database;

/// <summary>Array parameters for statements over <c>unnest</c>: one column of many rows each.</summary>
internal static class Sql
{
    public static NpgsqlParameter Uuid(Guid value) => new NpgsqlParameter<Guid> { TypedValue = value };

    public static NpgsqlParameter UuidOrNull(Guid? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid };

    public static NpgsqlParameter Int(int value) => new NpgsqlParameter<int> { TypedValue = value };

    public static NpgsqlParameter IntOrNull(int? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer };

    public static NpgsqlParameter IntsOrNull(int[]? values) =>
        new() { Value = (object?)values ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };

    public static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    public static NpgsqlParameter Json(byte[]? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb };

    public static NpgsqlParameter Instant(DateTimeOffset value) => new NpgsqlParameter<DateTime> { TypedValue = value.UtcDateTime };

    public static NpgsqlParameter Uuids<T>(IReadOnlyList<T> rows, Func<T, Guid> column) =>
        new NpgsqlParameter<Guid[]> { TypedValue = Column(rows, column) };

    public static NpgsqlParameter UuidsOrNull<T>(IReadOnlyList<T> rows, Func<T, Guid?> column) =>
        new NpgsqlParameter<Guid?[]> { TypedValue = Column(rows, column), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };

    public static NpgsqlParameter Ints<T>(IReadOnlyList<T> rows, Func<T, int> column) =>
        new NpgsqlParameter<int[]> { TypedValue = Column(rows, column) };

    public static NpgsqlParameter Longs<T>(IReadOnlyList<T> rows, Func<T, long> column) =>
        new NpgsqlParameter<long[]> { TypedValue = Column(rows, column) };

    public static NpgsqlParameter Doubles<T>(IReadOnlyList<T> rows, Func<T, double> column) =>
        new NpgsqlParameter<double[]> { TypedValue = Column(rows, column) };

    public static NpgsqlParameter LongsOrNull<T>(IReadOnlyList<T> rows, Func<T, long?> column) =>
        new NpgsqlParameter<long?[]> { TypedValue = Column(rows, column), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    public static NpgsqlParameter Shorts<T>(IReadOnlyList<T> rows, Func<T, short> column) =>
        new NpgsqlParameter<short[]> { TypedValue = Column(rows, column) };

    public static NpgsqlParameter Texts<T>(IReadOnlyList<T> rows, Func<T, string?> column) =>
        new NpgsqlParameter<string?[]> { TypedValue = Column(rows, column), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public static NpgsqlParameter Instants<T>(IReadOnlyList<T> rows, Func<T, DateTimeOffset?> column) =>
        new NpgsqlParameter<DateTime?[]>
        {
            TypedValue = Column(rows, row => column(row)?.UtcDateTime),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
        };

    /// <summary>UTF-8 JSON as it is: no text in between.</summary>
    public static NpgsqlParameter Jsons<T>(IReadOnlyList<T> rows, Func<T, byte[]?> column) =>
        new() { Value = Column(rows, column), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb };

    private static TColumn[] Column<T, TColumn>(IReadOnlyList<T> rows, Func<T, TColumn> column)
    {
        var values = new TColumn[rows.Count];
        for (var row = 0; row < values.Length; row++)
        {
            values[row] = column(rows[row]);
        }

        return values;
    }
}

/// <summary>The tenant boundary of a round trip.</summary>
public static class TenantScope
{
    private const string SetTenantSql = "select set_config('app.tenant_id', $1, true)";

    private const string SetMemberSql = """
        select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
          set_config('role', 'workflows_member', true)
        """;

    /// <summary>
    /// The first statement of a batch that acts for a tenant, and within <see cref="ObjectScope"/> for a person who sees
    /// only what was granted to them. The settings end with the batch's transaction; a batch without them sees no rows.
    /// </summary>
    public static NpgsqlBatchCommand SetTenant(Guid tenantId)
    {
        var person = ObjectScope.Person;
        var command = new NpgsqlBatchCommand(person is null ? SetTenantSql : SetMemberSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenantId.ToString() });
        if (person is { } id)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id.ToString() });
        }

        return command;
    }
}
