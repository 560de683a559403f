using System.Globalization;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>Between JSON and the values of a database. Text is sent without a type, so that the server takes it for what the column is.</summary>
internal static class SqlValues
{
    public static void Bind(NpgsqlParameterCollection parameters, JsonElement values)
    {
        switch (values.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var value in values.EnumerateArray())
                {
                    parameters.Add(Parameter(value));
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in values.EnumerateObject())
                {
                    var parameter = Parameter(member.Value);
                    parameter.ParameterName = member.Name;
                    parameters.Add(parameter);
                }

                break;
            case JsonValueKind.Undefined or JsonValueKind.Null:
                break;
            default:
                throw new ConnectorException("SQL_PARAMETERS", "'parameters' is a list for $1, $2, or an object for @name.");
        }
    }

    private static NpgsqlParameter Parameter(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new() { Value = value.GetString()!, NpgsqlDbType = NpgsqlDbType.Unknown },
        JsonValueKind.True or JsonValueKind.False => new() { Value = value.GetBoolean(), NpgsqlDbType = NpgsqlDbType.Boolean },
        JsonValueKind.Number when value.TryGetInt64(out var whole) => new() { Value = whole, NpgsqlDbType = NpgsqlDbType.Bigint },
        JsonValueKind.Number when value.TryGetDecimal(out var exact) => new() { Value = exact, NpgsqlDbType = NpgsqlDbType.Numeric },
        JsonValueKind.Number => new() { Value = value.GetDouble(), NpgsqlDbType = NpgsqlDbType.Double },
        JsonValueKind.Null => new() { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Unknown },
        _ => new() { Value = value.GetRawText(), NpgsqlDbType = NpgsqlDbType.Jsonb },
    };

    public static void WriteRow(Utf8JsonWriter writer, NpgsqlDataReader reader)
    {
        writer.WriteStartObject();
        for (var column = 0; column < reader.FieldCount; column++)
        {
            writer.WritePropertyName(reader.GetName(column));
            if (reader.IsDBNull(column))
            {
                writer.WriteNullValue();
            }
            else
            {
                Write(writer, reader, column);
            }
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, NpgsqlDataReader reader, int column)
    {
        if (reader.GetDataTypeName(column) is "json" or "jsonb")
        {
            writer.WriteRawValue(reader.GetFieldValue<byte[]>(column));
            return;
        }

        WriteValue(writer, reader.GetValue(column));
    }

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case bool boolean:
                writer.WriteBooleanValue(boolean);
                break;
            case short or int or long or uint:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case decimal exact:
                writer.WriteNumberValue(exact);
                break;
            case float or double when double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                writer.WriteNumberValue(Convert.ToDouble(value, CultureInfo.InvariantCulture));
                break;
            case DateTime { Kind: DateTimeKind.Utc } instant:
                writer.WriteStringValue(instant.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture));
                break;
            case DateTime local:
                writer.WriteStringValue(local.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture));
                break;
            case DateOnly date:
                writer.WriteStringValue(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case Array { Rank: 1 } list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    WriteItem(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void WriteItem(Utf8JsonWriter writer, object? item)
    {
        if (item is null or DBNull)
        {
            writer.WriteNullValue();
        }
        else
        {
            WriteValue(writer, item);
        }
    }
}
