using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;
using Workflows.Engine.Connectors;
using Workflows.Engine.Sql;

namespace Workflows.Connectors;

/// <summary>
/// A statement with <c>$1, $2</c> for its values, and the values as the driver sends them. Text has no type, so that
/// the server takes it for what the place wants; a number has the type of the same digits in the statement's text.
/// </summary>
internal sealed partial class SqlBinding
{
    private readonly SqlStatement _statement;
    private readonly List<(string Name, JsonElement Value)> _values = [];
    private readonly List<(int NewStart, int NewEnd, int OldStart, int OldEnd)> _replaced = [];
    private readonly bool _isNamed;

    private SqlBinding(SqlStatement statement, bool isNamed) => (_statement, _isNamed) = (statement, isNamed);

    /// <summary>As it is sent.</summary>
    public string Sql { get; private set; } = "";

    /// <summary>Whether the statement must be asked what it wants lists to be.</summary>
    public bool HasLists => _values.Exists(value => value.Value.ValueKind == JsonValueKind.Array);

    /// <exception cref="ConnectorException">The values do not fit the statement: nothing was sent.</exception>
    public static SqlBinding Of(string text, JsonElement values)
    {
        var statement = SqlStatement.Read(text);
        if (!statement.IsOne)
        {
            throw new ConnectorException("SQL_INVALID", "A call has one statement: use one node for each, or 'with'.");
        }

        if (statement.FindMissing(values).FirstOrDefault() is { } problem)
        {
            throw Refused($"{problem.Message} {problem.Hint}");
        }

        var binding = new SqlBinding(statement, values.ValueKind == JsonValueKind.Object);
        binding.Write(values);
        return binding;
    }

    /// <param name="forms">What each list is, by the number of its value from 1; what is not in it is jsonb.</param>
    public IEnumerable<NpgsqlParameter> Parameters(IReadOnlyDictionary<int, SqlListForm> forms)
    {
        for (var index = 0; index < _values.Count; index++)
        {
            yield return Parameter(_values[index].Value, forms.GetValueOrDefault(index + 1));
        }
    }

    /// <summary>The types of the values for <c>prepare</c>; lists are unknown, so that the server says what it
    /// wants.</summary>
    public string TypeNames() => string.Join(", ", _values.Select(value => TypeName(value.Value)));

    /// <summary>What the server says, in the words of the author: <c>@name</c> for <c>$1</c>.</summary>
    public string Restore(string message)
    {
        if (!_isNamed)
        {
            return message;
        }

        var restored = new StringBuilder(message);
        for (var number = _values.Count; number > 0; number--)
        {
            restored.Replace(
                $"parameter ${number.ToString(CultureInfo.InvariantCulture)}",
                $"parameter @{_values[number - 1].Name}");
        }

        return restored.ToString();
    }

    /// <summary>The character of the author's text at a character of what was sent, both from 1.</summary>
    public int RestorePosition(int position)
    {
        var at = IndexOf(Sql, position - 1);
        var shift = 0;
        foreach (var (newStart, newEnd, oldStart, oldEnd) in _replaced)
        {
            if (at >= newEnd)
            {
                shift = oldEnd - newEnd;
            }
            else if (at >= newStart)
            {
                return CharactersUpTo(_statement.Text, oldStart) + 1;
            }
        }

        return CharactersUpTo(_statement.Text, Math.Clamp(at + shift, 0, _statement.Text.Length)) + 1;
    }

    internal static ConnectorException Refused(string message) => new("SQL_PARAMETERS", message);

    private void Write(JsonElement values)
    {
        var given = new SqlNames(_isNamed ? [.. values.EnumerateObject().Select(member => member.Name)] : []);
        var members = _isNamed
            ? values.EnumerateObject().DistinctBy(member => member.Name).ToDictionary(
                member => member.Name, member => member.Value)
            : [];
        if (values.ValueKind == JsonValueKind.Array)
        {
            _values.AddRange(values.EnumerateArray().Select(value => ("", value)));
        }

        var numbers = new Dictionary<(string Name, bool IsAsked), int>();
        var sql = new StringBuilder(_statement.Text.Length + 16);
        var from = 0;
        foreach (var place in _statement.Places)
        {
            var number = place.Number;
            var isAsked = false;
            if (place.Name is not null)
            {
                if (_statement.Resolve(place, given) is not { } name)
                {
                    continue; // no place, but SQL
                }

                isAsked = IsAsked(place, members[name]);
                if (!numbers.TryGetValue((name, isAsked), out number))
                {
                    _values.Add((place.Name, members[name]));
                    numbers[(name, isAsked)] = number = _values.Count;
                }
            }

            sql.Append(_statement.Text, from, place.Start - from);
            var start = sql.Length;
            sql.Append(isAsked ? $"(${number.ToString(CultureInfo.InvariantCulture)}::text)" : Placeholder(number));
            from = place.Start + place.Length;
            _replaced.Add((start, sql.Length, place.Start, from));
        }

        Sql = sql.Append(_statement.Text, from, _statement.Text.Length - from).ToString();
        if (_values.Count > Limits.SqlParameters)
        {
            throw Refused(
                $"A statement takes at most {Limits.SqlParameters} values; these are {_values.Count}. "
                + "A list is one value: = any(@ids).");
        }
    }

    // '@id is null or id = @id': the server takes the type of a value from its first place, where nothing tells it.
    // Whether there is a value it can say of a text as well, and the other places then say what it is.
    private bool IsAsked(SqlPlace place, JsonElement value) =>
        value.ValueKind is JsonValueKind.String or JsonValueKind.Null or JsonValueKind.Array
        && NullTest().IsMatch(_statement.Text, place.Start + place.Length);

    [GeneratedRegex(
        @"\G\s+(is\s+(not\s+)?null|isnull|notnull)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NullTest();

    // A number that is no whole one of 64 bits goes as its digits, so that none is lost on the way.
    private string Placeholder(int number) =>
        _values[number - 1].Value is { ValueKind: JsonValueKind.Number } value && !value.TryGetInt64(out _)
        ? string.Create(CultureInfo.InvariantCulture, $"(${number}::numeric)")
        : string.Create(CultureInfo.InvariantCulture, $"${number}");

    private static NpgsqlParameter Parameter(JsonElement value, SqlListForm form) => value.ValueKind switch
    {
        JsonValueKind.String => Untyped(value.GetString()!),
        JsonValueKind.True or JsonValueKind.False =>
            new() { Value = value.GetBoolean(), NpgsqlDbType = NpgsqlDbType.Boolean },
        JsonValueKind.Number when value.TryGetInt32(out var small) =>
            new() { Value = small, NpgsqlDbType = NpgsqlDbType.Integer },
        JsonValueKind.Number when value.TryGetInt64(out var whole) =>
            new() { Value = whole, NpgsqlDbType = NpgsqlDbType.Bigint },
        JsonValueKind.Number => Untyped(value.GetRawText()),
        JsonValueKind.Null => new() { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Unknown },
        JsonValueKind.Array when form is SqlListForm.Array or SqlListForm.ArrayOfJson =>
            Untyped(SqlArrayText.Of(value, form == SqlListForm.ArrayOfJson)),
        JsonValueKind.Array when form == SqlListForm.Text => Untyped(value.GetRawText()),
        _ => new() { Value = value.GetRawText(), NpgsqlDbType = NpgsqlDbType.Jsonb },
    };

    private static NpgsqlParameter Untyped(string text) => new() { Value = text, NpgsqlDbType = NpgsqlDbType.Unknown };

    private static string TypeName(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Number when value.TryGetInt32(out _) => "int4",
        JsonValueKind.Number when value.TryGetInt64(out _) => "int8",
        JsonValueKind.Object => "jsonb",
        _ => "unknown",
    };

    // PostgreSQL counts code points, the text has UTF-16 units.
    private static int IndexOf(string text, int characters)
    {
        var at = 0;
        for (; characters > 0 && at < text.Length; characters--)
        {
            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        }

        return at;
    }

    private static int CharactersUpTo(string text, int index) => text[..index].EnumerateRunes().Count();
}
