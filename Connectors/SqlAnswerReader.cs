using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Npgsql.PostgresTypes;
using Npgsql;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// Reads the rows of one statement into JSON, each value in pieces: what a server sends takes no more memory than
/// <see cref="Limits.SqlAnswerBytes"/> allows, however large one value is.
/// </summary>
/// <param name="typesAreFresh">The server was asked for its types just now: what is unknown is answered as
/// text.</param>
internal sealed class SqlAnswerReader(NpgsqlDataReader reader, SqlCall call, SqlShare share, bool typesAreFresh)
{
    private const int PieceBytes = 16 * 1024;

    // From here on types are those of users, and may have been made since the server was asked for all of them.
    private const uint FirstTypeOfUsers = 16_384;

    // The text goes to PostgreSQL, never into HTML: escaping more than JSON asks for only costs bytes.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _json = new(PieceBytes);
    private byte[] _value = new byte[PieceBytes];

    /// <summary>All rows up to the limit of the call.</summary>
    /// <exception cref="ConnectorException">They are too large, or cannot be JSON.</exception>
    /// <exception cref="SqlTypesChangedException">A type is unknown; nothing was read.</exception>
    public async Task<SqlAnswer> ReadAsync(CancellationToken cancellationToken)
    {
        var columns = Columns();
        await using var writer = new Utf8JsonWriter(_json, Options);
        var (count, isTruncated) = (0L, false);
        writer.WriteStartArray();
        while (columns.Length > 0 && await reader.ReadAsync(cancellationToken))
        {
            if (count == call.MaxRows)
            {
                isTruncated = true;
                break;
            }

            writer.WriteStartObject();
            for (var index = 0; index < columns.Length; index++)
            {
                await WriteColumnAsync(writer, columns[index], index, cancellationToken);
            }

            writer.WriteEndObject();
            count++;
            Check(writer);
        }

        writer.WriteEndArray();
        await writer.FlushAsync(cancellationToken);
        return new SqlAnswer(_json.WrittenSpan.ToArray(), count, isTruncated);
    }

    private Column[] Columns()
    {
        var columns = new Column[reader.FieldCount];
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < columns.Length; index++)
        {
            var (name, type) = (reader.GetName(index), reader.GetPostgresType(index));
            if (!names.Add(name))
            {
                throw new ConnectorException(
                    "SQL_COLUMNS",
                    $"Two columns of the answer are called '{name}', and a row has one member of a name: "
                    + "name each with 'as'.");
            }

            if (type.OID == 0 && !typesAreFresh && reader.GetDataTypeOID(index) >= FirstTypeOfUsers)
            {
                throw new SqlTypesChangedException();
            }

            columns[index] = new Column(
                JsonEncodedText.Encode(name, Options.Encoder), SqlValues.WriterOf(type, name), MayShrink(type));
        }

        return columns;
    }

    // The text of bytes has two digits for each, its Base64 4/3; quotes and backslashes come on top within an array.
    private static bool MayShrink(PostgresType type) => type is PostgresArrayType || type.InternalName == "bytea";

    private async Task WriteColumnAsync(
        Utf8JsonWriter writer, Column column, int index, CancellationToken cancellationToken)
    {
        writer.WritePropertyName(column.EncodedName);
        if (await reader.IsDBNullAsync(index, cancellationToken))
        {
            writer.WriteNullValue();
            return;
        }

        var left = Limits.SqlAnswerBytes - writer.BytesCommitted - writer.BytesPending;
        var length = await ReadValueAsync(index, column.MayShrink ? (2 * left) + 2 : left, cancellationToken);
        column.Write(writer, _value.AsSpan(0, length));
        Check(writer);
    }

    private async Task<int> ReadValueAsync(int index, long most, CancellationToken cancellationToken)
    {
        await using var stream = await reader.GetStreamAsync(index, cancellationToken);
        for (var length = 0; ;)
        {
            if (length == _value.Length)
            {
                share.Need(_json.Capacity + (3L * _value.Length));
                Array.Resize(ref _value, 2 * _value.Length);
            }

            var read = await stream.ReadAsync(_value.AsMemory(length), cancellationToken);
            length += read;
            if (length > most)
            {
                throw TooLarge();
            }

            if (read == 0)
            {
                return length;
            }
        }
    }

    private void Check(Utf8JsonWriter writer)
    {
        share.Need(_json.Capacity + _value.Length);
        if (writer.BytesPending + writer.BytesCommitted > Limits.SqlAnswerBytes)
        {
            throw TooLarge();
        }
    }

    private static ConnectorException TooLarge() => new(
        "SQL_ANSWER_TOO_LARGE",
        $"The rows take more than {Limits.SqlAnswerBytes} bytes: select less, or lower maxRows.");

    private readonly record struct Column(JsonEncodedText EncodedName, SqlItemWriter Write, bool MayShrink);
}
