using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Workflows.Engine.Executions;
using Workflows.Testing;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>What goes into a statement, and what comes out of it: the digits, texts and shapes that PostgreSQL
/// has.</summary>
public sealed class SqlValueTests(SqlValueTests.Target target) : IClassFixture<SqlValueTests.Target>
{
    private readonly ConnectorBed _bed = target.Bed;

    [Theory]
    [InlineData("array_agg(x) from (values (1), (null)) v(x)", "[1,null]")]
    [InlineData("'{{1,2},{3,4}}'::int[]", "[[1,2],[3,4]]")]
    [InlineData("'[0:1]={1,2}'::int[]", "[1,2]")]
    [InlineData("'{}'::int[]", "[]")]
    [InlineData(
        "array['a,b', '\"', '\\', 'NULL', null, '', '{}', ' x']", """["a,b","\"","\\","NULL",null,"","{}"," x"]""")]
    [InlineData("array[true, false]", "[true,false]")]
    [InlineData("array['{\"a\": [1]}'::jsonb, '\"x\"']", """[{"a": [1]},"x"]""")]
    [InlineData("array['\\x6162'::bytea]", "[\"YWI=\"]")]
    [InlineData("array['2026-01-02 03:04:05+00'::timestamptz, 'infinity']", """["2026-01-02T03:04:05Z","infinity"]""")]
    [InlineData("array['1.50'::numeric, 'NaN']", "[1.50,\"NaN\"]")]
    [InlineData("array['(1,1),(0,0)'::box, '(3,3),(2,2)']", """["(1,1),(0,0)","(3,3),(2,2)"]""")]
    [InlineData("array[row(1, 'a b')]", """["(1,\"a b\")"]""")]
    [InlineData("interval '1 day 02:03:04'", "\"1 day 02:03:04\"")]
    [InlineData("age('2026-03-01'::timestamp, '2025-01-01'::timestamp)", "\"1 year 2 mons\"")]
    [InlineData("B'101'::bit(3)", "\"101\"")]
    [InlineData("'192.168.0.1/24'::inet", "\"192.168.0.1/24\"")]
    [InlineData("'[1,5)'::int4range", "\"[1,5)\"")]
    [InlineData("row(1, 'a b')", "\"(1,\\\"a b\\\")\"")]
    [InlineData("'infinity'::timestamptz", "\"infinity\"")]
    [InlineData("'-infinity'::date", "\"-infinity\"")]
    [InlineData("'294276-01-01 00:00:00'::timestamp", "\"294276-01-01 00:00:00\"")]
    [InlineData("'0044-03-15 BC'::date", "\"0044-03-15 BC\"")]
    [InlineData("'2026-01-02 03:04:05.123456+05:30'::timestamptz", "\"2026-01-01T21:34:05.123456Z\"")]
    [InlineData("'2026-01-02 03:04:05'::timestamp", "\"2026-01-02T03:04:05\"")]
    [InlineData("'2026-01-02'::date", "\"2026-01-02\"")]
    [InlineData("'03:04:05'::time", "\"03:04:05\"")]
    [InlineData(
        "12345678901234567890.123456789012345678901234567890", "12345678901234567890.123456789012345678901234567890")]
    [InlineData("1e40::numeric", "10000000000000000000000000000000000000000")]
    [InlineData("'Infinity'::numeric", "\"Infinity\"")]
    [InlineData("'NaN'::float8", "\"NaN\"")]
    [InlineData("0.1::float8 + 0.2::float8", "0.30000000000000004")]
    [InlineData("1e300::float8", "1e+300")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("'\\x00ff'::bytea", "\"AP8=\"")]
    [InlineData("12.5::money", "\"$12.50\"")]
    [InlineData("'{\"a\": 1e2}'::json", "{\"a\": 1e2}")]
    [InlineData("'ünï 中 \"q\"'", "\"ünï 中 \\\"q\\\"\"")]
    [InlineData("null::int[]", "null")]
    [InlineData("'1 2'::int2vector", "\"1 2\"")]
    [InlineData("pg_catalog.pg_notify('a', 'b')", "null")]
    public async Task A_result_is_what_PostgreSQL_says(string expression, string json)
    {
        await _bed.SucceedAsync("sql", Call("set lc_monetary = 'C'"));
        var named = expression.Contains(" from ", StringComparison.Ordinal)
            ? expression.Replace(" from ", " as v from ", StringComparison.Ordinal)
            : expression + " as v";
        var rows = await RawRowsAsync($"select {named}");

        Assert.Equal($$"""[{"v":{{json}}}]""", rows);
    }

    [Theory]
    [InlineData("select 7 as v where 7 = any(@ids)", """{"ids": [1, 7]}""", "7")]
    [InlineData("select 'x' as v where 'b' = any(@ids::text[])", """{"ids": ["a", "b"]}""", "\"x\"")]
    [InlineData("select @ids::int[] as v", """{"ids": [[1, 2], [3, null]]}""", "[[1,2],[3,null]]")]
    [InlineData(
        "select @ids::text[] as v",
        """{"ids": ["a\"b", "c\\d", "NULL", "", null, "{}"]}""",
        """["a\"b","c\\d","NULL","",null,"{}"]""")]
    [InlineData(
        "select @ids::jsonb[] as v", """{"ids": [[1], "a", {"b": null}, true]}""", """[[1],"a",{"b": null},true]""")]
    [InlineData("select @list::jsonb as v", """{"list": [1, "a"]}""", """[1, "a"]""")]
    [InlineData("select to_jsonb(@list) as v", """{"list": [1]}""", "[1]")]
    [InlineData("select jsonb_array_length(@list) as v", """{"list": [1, 2]}""", "2")]
    [InlineData("select @doc as v", """{"doc": {"a": 1}}""", """{"a": 1}""")]
    [InlineData("select date '2026-01-10' - @n as v", """{"n": 3}""", "\"2026-01-07\"")]
    [InlineData("select repeat('x', @n) as v", """{"n": 3}""", "\"xxx\"")]
    [InlineData("select make_date(@y, @m, @d) as v", """{"y": 2026, "m": 1, "d": 2}""", "\"2026-01-02\"")]
    [InlineData("select @n as v", """{"n": 5}""", "5")]
    [InlineData("select @n as v", """{"n": 8202522731445525542}""", "8202522731445525542")]
    [InlineData("select @n as v", """{"n": 1.10}""", "1.10")]
    [InlineData(
        "select @n as v",
        """{"n": 12345678901234567890.1234567890123456789012345}""",
        "12345678901234567890.1234567890123456789012345")]
    [InlineData("select -@n as v", """{"n": 1.5}""", "-1.5")]
    [InlineData("select @n::float8 as v", """{"n": 1.5}""", "1.5")]
    [InlineData("select @a = 'x' as v, @a as w", """{"a": "x"}""", "true,\"w\":\"x\"")]
    [InlineData("select coalesce(@a, 'none') as v", """{"a": null}""", "\"none\"")]
    [InlineData(
        "select count(*) as v from pg_class where (@a::oid is null or oid = @a) and 1 = 0", """{"a": null}""", "0")]
    [InlineData("select count(*) as v from pg_class where (@a is null or oid = @a) and 1 = 0", """{"a": null}""", "0")]
    [InlineData("select 1 as v where @a is not null and 'x' = @a", """{"a": "x"}""", "1")]
    [InlineData("select 1 as v where @ids IS NULL or 7 = any(@ids)", """{"ids": [7]}""", "1")]
    [InlineData("select @a is null as v", """{"a": null}""", "true")]
    [InlineData("select @B as v", """{"b": true}""", "true")]
    [InlineData("select '@no' || @yes as v -- @no", """{"yes": "!"}""", "\"@no!\"")]
    [InlineData("select $2 as v where $1 = 1", "[1, \"b\"]", "\"b\"")]
    [InlineData("select array[1, 2] <@ array[@a, @b] as v", """{"a": 1, "b": 2}""", "true")]
    public async Task A_value_is_of_the_type_that_the_statement_wants(string statement, string values, string json) =>
        Assert.Equal($$"""[{"v":{{json}}}]""", await RawRowsAsync(statement, values));

    [Theory]
    [InlineData("delete from orders where id = @id", "{}")]
    [InlineData("delete from orders where id = @id", "null")]
    [InlineData("delete from orders where id = @id", "[1]")]
    [InlineData("delete from orders where id = @id", """{"ids": 1}""")]
    [InlineData("delete from orders where id=@id", """{"ids": 1}""")]
    [InlineData("delete from orders where id > @1", "[1]")]
    [InlineData("update orders set id = id + @qty where id = @id", """{"quantity": 1, "id": 1}""")]
    [InlineData("delete from orders where id = $1", "[]")]
    [InlineData("delete from orders where id = $1", "[1, 2]")]
    public async Task A_place_without_a_value_is_an_error_before_anything_is_sent(string statement, string values)
    {
        await _bed.SucceedAsync("sql", Call("create table if not exists orders (id int)", readOnly: false));
        await _bed.SucceedAsync(
            "sql", Call("with gone as (delete from orders) insert into orders values (1), (2)", readOnly: false));

        var error = await _bed.FailAsync("sql", Call(statement, values, readOnly: false));

        Assert.Equal(("SQL_PARAMETERS", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Equal("""[{"n":2}]""", await RawRowsAsync("select count(*) as n from orders"));
    }

    [Theory]
    [InlineData("select 1 as id, 2 as id", "SQL_COLUMNS", "'id'")]
    [InlineData("select repeat('x', 1000000)", "SQL_ANSWER_TOO_LARGE", "786432")]
    [InlineData("select repeat('x', 250000000) as a, repeat('y', 250000000) as b", "SQL_ANSWER_TOO_LARGE", "786432")]
    [InlineData(
        "select 'x' as v from generate_series(1, 10000), repeat('y', 10) r where r > repeat('a', 5) and 1 / @zero = 1",
        "SQL_22012",
        "zero")]
    [InlineData("select ('{\"a\": \"\\u0000\"}')::json", "SQL_INVALID", "U+0000")]
    [InlineData("select (repeat('[', 200) || repeat(']', 200))::json", "SQL_INVALID", "'json'")]
    [InlineData("select nothing_there, @zero", "SQL_42703", "at character 8")]
    [InlineData("select '😀' || @zero::text, nothing_there", "SQL_42703", "at character 28")]
    [InlineData("select @zero::text || @zero::text, nothing_there", "SQL_42703", "at character 36")]
    public async Task What_cannot_be_answered_is_told_in_the_words_of_its_author(
        string statement, string code, string said)
    {
        var error = await _bed.FailAsync(
            "sql", Call(statement, statement.Contains('@', StringComparison.Ordinal) ? """{"zero": 0}""" : "null"));

        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Equal("""[{"v":1}]""", await RawRowsAsync("select 1 as v"));
    }

    [Fact]
    public async Task A_type_that_was_made_after_the_first_call_is_known()
    {
        await RawRowsAsync("select 1 as v");
        await RawRowsAsync("create type colour as enum ('red', 'dark green')");
        await RawRowsAsync("create table made_later (id int, name text)");
        await RawRowsAsync("insert into made_later values (1, 'a b')");

        Assert.Equal("""[{"v":["red","dark green"]}]""", await RawRowsAsync("select enum_range(null::colour) as v"));
        Assert.Equal(
            """[{"v":["(1,\"a b\")"]}]""", await RawRowsAsync("select array_agg(made_later) as v from made_later"));
    }

    private async Task<string> RawRowsAsync(string statement, string values = "null")
    {
        var result = Assert.IsType<NodeResult.Success>(
            await _bed.RunAsync("sql", Call(statement, values, readOnly: false)), exactMatch: true);
        return JsonElement.Parse(result.Output).GetProperty("rows").GetRawText();
    }

    private static object Call(string statement, string values = "null", bool readOnly = true) => new
    {
        connector = "db",
        statement,
        parameters = JsonNode.Parse(values),
        readOnly,
        maxRows = 100,
        timeoutSeconds = 20.0,
    };

    /// <summary>A database of a tenant, for all cases.</summary>
    public sealed class Target(PostgresServer server) : IAsyncLifetime
    {
        private TestDatabase _database = null!;

        internal ConnectorBed Bed { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Bed = await ConnectorBed.CreateAsync(server, allowPlatformDatabase: true);
            _database = await server.CreateDatabaseAsync();
            var login = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
            await Bed.Bed.AddConnectorAsync(
                "db", "postgres", ("host", login.Host!), ("port", $"{login.Port}"), ("database", login.Database!),
                ("username", login.Username!), ("password", login.Password!), ("tls", "disable"));
        }

        public async ValueTask DisposeAsync()
        {
            await Bed.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
