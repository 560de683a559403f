using System.Text.Json;
using System.Text.Unicode;
using Npgsql.PostgresTypes;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// From the text that PostgreSQL writes for each value to JSON. No value passes through a type of the runtime, so that
/// nothing is rounded, cut or refused for its range: what JSON has no form for is the text itself.
/// </summary>
internal static class SqlValues
{
    /// <summary>How values of a type are written.</summary>
    /// <exception cref="ConnectorException">Thrown by the writer: the value cannot be JSON.</exception>
    public static SqlItemWriter WriterOf(PostgresType type, string column) => type switch
    {
        PostgresDomainType domain => WriterOf(domain.BaseType, column),
        PostgresArrayType array => ArrayWriterOf(array, column),
        _ => type.InternalName switch
        {
            "bool" => static (writer, text) => writer.WriteBooleanValue(text is [(byte)'t', ..]),
            "int2" or "int4" or "int8" or "oid" or "xid" or "cid" or "float4" or "float8" or "numeric" =>
                (writer, text) => WriteNumber(writer, text, column),
            "json" or "jsonb" => (writer, text) => WriteJson(writer, text, column),
            "timestamptz" => (writer, text) => WriteTime(writer, text, SqlTime.Instant(text), column),
            "timestamp" => (writer, text) => WriteTime(writer, text, SqlTime.Local(text), column),
            "bytea" => (writer, text) => WriteBytes(writer, text, column),
            "void" => static (writer, _) => writer.WriteNullValue(),
            _ => (writer, text) => WriteText(writer, text, column),
        },
    };

    private static SqlItemWriter ArrayWriterOf(PostgresArrayType array, string column)
    {
        var item = WriterOf(array.Element, column);
        var delimiter = array.Element.InternalName == "box" ? (byte)';' : (byte)',';
        return (writer, text) =>
        {
            if (!SqlArrayText.TryWrite(writer, text, delimiter, item))
            {
                WriteText(writer, text, column); // int2vector and the like have a text of their own
            }
        };
    }

    // NaN and the infinities are no numbers of JSON.
    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> text, string column)
    {
        if (text.IndexOfAnyExceptInRange((byte)'+', (byte)'9') is var other
            && (other < 0 || text[other] is (byte)'e' or (byte)'E'))
        {
            writer.WriteRawValue(text, skipInputValidation: true);
        }
        else
        {
            WriteText(writer, text, column);
        }
    }

    private static void WriteJson(Utf8JsonWriter writer, ReadOnlySpan<byte> text, string column)
    {
        if (Engine.JsonText.FindProblem(text) is { } problem)
        {
            throw Refused(column, $"holds JSON that cannot be kept: {problem}");
        }

        writer.WriteRawValue(text, skipInputValidation: true);
    }

    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> text, string? time, string column)
    {
        if (time is null)
        {
            WriteText(writer, text, column);
        }
        else
        {
            writer.WriteStringValue(time);
        }
    }

    // \x00ff
    private static void WriteBytes(Utf8JsonWriter writer, ReadOnlySpan<byte> text, string column)
    {
        if (text is not [(byte)'\\', (byte)'x', .. var digits])
        {
            WriteText(writer, text, column);
            return;
        }

        var bytes = new byte[digits.Length / 2];
        if (Convert.FromHexString(digits, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            throw Refused(column, "holds bytes in an unknown form");
        }

        writer.WriteBase64StringValue(bytes);
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> text, string column)
    {
        // Only databases with the encoding SQL_ASCII have such text.
        if (!Utf8.IsValid(text))
        {
            throw Refused(
                column, "holds text that is not UTF-8: read it with convert_from(convert_to(...)), or as bytea");
        }

        writer.WriteStringValue(text);
    }

    private static ConnectorException Refused(string column, string why) =>
        new("SQL_INVALID", $"The column '{column}' {why}.");
}
