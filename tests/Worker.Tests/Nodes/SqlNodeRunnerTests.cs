using System.Text.Json.Nodes;
using Npgsql;
using Workflows.Engine.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The sql node on a real PostgreSQL, with what attackers try.</summary>
public sealed class SqlNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private ConnectorBed _bed = null!;
    private TestDatabase _target = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server, allowPlatformDatabase: true); // one server has to do for both
        _target = await server.CreateDatabaseAsync();
        await ConnectAsync("db", _target.ConnectionString);
        await ExecuteAsync("create table items (id uuid primary key default gen_random_uuid(), name text, n int, at timestamptz, tags text[], doc jsonb, price numeric)");
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task Values_are_bound_by_name_and_take_the_types_of_their_columns()
    {
        var inserted = await ExecuteAsync(
            "insert into items (id, name, n, at, doc, price) values (@id, @name, @n, @at, @doc, @price) returning id",
            new { id = "01890000-0000-7000-8000-000000000001", name = "x", n = 5, at = "2026-01-02T03:04:05Z", doc = new { a = 1 }, price = 12.50m });

        Assert.Equal(1, inserted["rowsProcessed"]!.GetValue<int>());
        var row = (await QueryAsync("select *, array[1, 2] as list, true as flag, null as nothing from items where id = $1", new[] { "01890000-0000-7000-8000-000000000001" }))["rows"]![0]!;
        Assert.Equal(
            """{"id":"01890000-0000-7000-8000-000000000001","name":"x","n":5,"at":"2026-01-02T03:04:05Z","tags":null,"doc":{"a": 1},"price":12.50,"list":[1,2],"flag":true,"nothing":null}""",
            row.ToJsonString().Replace("{\"a\":1}", "{\"a\": 1}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("'; drop table items; --")]
    [InlineData("x' or '1'='1")]
    [InlineData("$1; delete from items")]
    [InlineData("\\'; select pg_sleep(10); --")]
    public async Task A_value_is_never_part_of_the_statement(string hostile)
    {
        await ExecuteAsync("insert into items (name) values ('kept')");

        Assert.Empty((await QueryAsync("select name from items where name = @name", new { name = hostile }))["rows"]!.AsArray());
        await ExecuteAsync("insert into items (name) values ($1)", new[] { hostile });

        Assert.Equal(hostile, (await QueryAsync("select name from items where name = $1", new[] { hostile }))["rows"]![0]!["name"]!.GetValue<string>());
        Assert.Equal(1, (await QueryAsync("select 1 from items where name = 'kept'"))["rowsProcessed"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("select 1; drop table items")]
    [InlineData("commit; drop table items")]
    public async Task There_is_one_statement_in_a_call(string statement)
    {
        foreach (var readOnly in new[] { true, false })
        {
            var error = await _bed.FailAsync("sql", Call(statement, null, readOnly));
            Assert.Contains(error.Code, new[] { "SQL_INVALID", "SQL_42601" });
        }

        Assert.Equal(1, (await QueryAsync("select 1 from pg_tables where tablename = 'items'"))["rowsProcessed"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("insert into items (name) values ('x')")]
    [InlineData("with w as (delete from items returning 1) select * from w")]
    [InlineData("select set_config('transaction_read_only', 'off', true), nextval('s')")]
    public async Task A_query_changes_nothing(string statement)
    {
        await ExecuteAsync("create sequence if not exists s");

        Assert.Equal("SQL_25006", (await _bed.FailAsync("sql", Call(statement, null, readOnly: true))).Code is var code && code is "SQL_25001" ? "SQL_25006" : code);
    }

    [Fact]
    public async Task More_rows_than_wanted_are_cut_and_said_to_be()
    {
        var answer = await _bed.SucceedAsync("sql", Call("select generate_series(1, 100) as n", null, readOnly: true, maxRows: 10));

        Assert.Equal((10, true), (answer["rows"]!.AsArray().Count, answer["truncated"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_is_ended_by_the_server()
    {
        var error = await _bed.FailAsync("sql", Call("select pg_sleep(30)", null, readOnly: true, timeoutSeconds: 0.2));

        Assert.Equal("SQL_57014", error.Code);
    }

    [Fact]
    public async Task What_a_failed_statement_did_is_undone_and_its_error_names_no_row()
    {
        await ExecuteAsync("create unique index on items (name)");
        await ExecuteAsync("insert into items (name) values ('private value')");

        var error = await _bed.FailAsync("sql", Call("insert into items (name) values ('a'), ('private value')", null, readOnly: false));

        Assert.Equal(("SQL_23505", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.DoesNotContain("private value", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await QueryAsync("select 1 from items"))["rowsProcessed"]!.GetValue<int>());
    }

    [Fact]
    public async Task What_a_statement_set_in_its_session_is_gone_for_the_next_one()
    {
        await ExecuteAsync("set search_path = 'elsewhere'");

        Assert.Equal("\"$user\", public", (await QueryAsync("show search_path"))["rows"]![0]!["search_path"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_platforms_own_server_is_refused_by_whichever_name_and_database_it_is_reached()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server);
        await ConnectAsync("own", guarded.Bed.ConnectionString, guarded);
        await ConnectAsync("postgres", server.ConnectionString, guarded);
        await ConnectAsync("other", _target.ConnectionString, guarded);

        foreach (var connector in new[] { "own", "postgres", "other" })
        {
            var error = await guarded.FailAsync("sql", Call("select 1", null, readOnly: true, connector: connector));
            Assert.Equal(("SQL_TARGET_REFUSED", StepErrorKind.Permanent), (error.Code, error.Kind));
        }

        await ConnectAsync("own", guarded.Bed.ConnectionString);
        await _bed.SucceedAsync("sql", Call("select 1", null, readOnly: true, connector: "own"));
    }

    [Fact]
    public async Task A_server_that_does_not_say_which_it_is_is_refused()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server);
        await ExecuteAsync("revoke execute on function pg_catalog.pg_control_system() from public");
        await ExecuteAsync("create role plain login password 'plain'");
        var login =
            new NpgsqlConnectionStringBuilder(_target.ConnectionString) { Username = "plain", Password = "plain" };
        await ConnectAsync("db", login.ConnectionString, guarded);

        var error = await guarded.FailAsync("sql", Call("select 1", null, readOnly: true));

        Assert.Equal("SQL_TARGET_REFUSED", error.Code);
        Assert.Contains("pg_control_system", error.Message, StringComparison.Ordinal);
        await ExecuteAsync("drop role plain");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("169.254.169.254")]
    public async Task A_host_that_the_network_guard_refuses_is_not_connected_to(string host)
    {
        await using var guarded = await ConnectorBed.CreateAsync(server, allow: []);
        await guarded.Bed.AddConnectorAsync("db", "postgres", ("host", host), ("port", $"{server.Port}"), ("database", "d"), ("username", "u"), ("password", "p"));

        Assert.Equal("SQL_TARGET_REFUSED", (await guarded.FailAsync("sql", Call("select 1", null, readOnly: true))).Code);
    }

    [Fact]
    public async Task A_database_that_is_away_is_tried_again()
    {
        await _bed.Bed.AddConnectorAsync(
            "gone", "postgres", ("host", "127.0.0.1"), ("port", $"{FreePort.Next()}"), ("database", "d"), ("username", "u"), ("password", "p"), ("tls", "disable"));

        var error = await _bed.FailAsync("sql", Call("select 1", null, readOnly: true, connector: "gone"));

        Assert.Equal(("SQL_CONNECTION", StepErrorKind.Transient), (error.Code, error.Kind));
    }

    [Fact]
    public async Task A_connector_of_another_type_or_of_nobody_is_named_in_the_error()
    {
        await _bed.Bed.AddConnectorAsync("web", "http", ("baseUrl", "http://127.0.0.1/"));

        Assert.Equal("CONNECTOR_TYPE", (await _bed.FailAsync("sql", Call("select 1", null, readOnly: true, connector: "web"))).Code);
        Assert.Equal("CONNECTOR_UNKNOWN", (await _bed.FailAsync("sql", Call("select 1", null, readOnly: true, connector: "nobody"))).Code);
    }

    private Task<JsonNode> ExecuteAsync(string statement, object? values = null) => _bed.SucceedAsync("sql", Call(statement, values, readOnly: false));

    private Task<JsonNode> QueryAsync(string statement, object? values = null) => _bed.SucceedAsync("sql", Call(statement, values, readOnly: true));

    private static object Call(
        string statement, object? values, bool readOnly, int maxRows = 1_000, double timeoutSeconds = 10, string connector = "db") =>
        new { connector, statement, parameters = values, readOnly, maxRows, timeoutSeconds };

    private Task ConnectAsync(string name, string connectionString, ConnectorBed? bed = null)
    {
        var login = new NpgsqlConnectionStringBuilder(connectionString);
        return (bed ?? _bed).Bed.AddConnectorAsync(
            name, "postgres", ("host", login.Host!), ("port", $"{login.Port}"), ("database", login.Database!), ("username", login.Username!),
            ("password", login.Password!), ("tls", "disable"));
    }
}
